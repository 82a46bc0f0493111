// The last items of a row without an end, for readers that each come at their own pace: to one that is too slow the
// oldest are gone, and by their places it is known how many. Bytes, encoded once. Knows neither links nor credit.

/** Of so many lines or events nobody loses one who only hesitates; more would be an archive. */
export const maxFeedItems = 1000;
const maxFeedBytes = 1_048_576;

export interface FeedReader {
  /** There is one more item. */
  moved(): void;
  /** There will be no more; `hasFailed`: because the supervisor failed. Called once. */
  closed(hasFailed: boolean): void;
}

export class Feed {
  readonly #items: Uint8Array[] = [];
  readonly #readers = new Set<FeedReader>();
  #bytes = 0;
  #first = 0;

  /** The place of the oldest item that is kept; places count from 0, over the feed's life. */
  get first(): number {
    return this.#first;
  }

  /** The place of the next item. */
  get end(): number {
    return this.#first + this.#items.length;
  }

  /** Undefined for an item that is gone, or has not come. */
  at(place: number): Uint8Array | undefined {
    return this.#items[place - this.#first];
  }

  push(item: Uint8Array): void {
    this.#items.push(item);
    this.#bytes += item.length;
    while (this.#items.length > maxFeedItems || (this.#bytes > maxFeedBytes && this.#items.length > 1)) {
      this.#bytes -= this.#items.shift()?.length ?? 0;
      this.#first += 1;
    }
    for (const reader of this.#readers) reader.moved();
  }

  /** Tells `reader` of everything from now on. Returns how to stop. */
  follow(reader: FeedReader): () => void {
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
    };
  }

  close(hasFailed: boolean): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const reader of readers) reader.closed(hasFailed);
  }
}
