// The items of one streaming call on their way out: each is asked of the function when there is credit for it, and
// sent. Knows the link's sending side; how the call began and what is said at its end is runtime.ts's business.

import { StreamCredit } from "../protocol/credit.js";
import type { U64 } from "../protocol/messages.js";
import { encodeValue } from "../protocol/values.js";
import type { Link } from "./link.js";

/** After so long without a turn of the loop, whatever yields without waiting lets acknowledgements and cancels in. */
const longestTurnMs = 4;

/** A function that should have yielded items returned something else. */
export class NoItemsError extends TypeError {
  override readonly name = "NoItemsError";
}

/** An item was yielded that no chunk can be made of. */
export class UnsendableItem extends Error {
  constructor(
    readonly reason: unknown,
    /** Its encoded size; 0 when it could not be encoded. */
    readonly bytes: number,
  ) {
    super("An item cannot be sent.");
  }
}

export class OutputStream {
  readonly #link: Link;
  readonly #requestId: U64;
  readonly #credit: StreamCredit;
  readonly #isCancelled: () => boolean;
  readonly #flushEvery: number;
  #wake: (() => void) | null = null;
  #lastTurnMs = 0;

  constructor(link: Link, requestId: U64, windowChunks: number, isCancelled: () => boolean) {
    this.#link = link;
    this.#requestId = requestId;
    this.#credit = new StreamCredit(windowChunks);
    this.#flushEvery = Math.max(1, windowChunks >> 1);
    this.#isCancelled = isCancelled;
    link.send({ type: "StreamStart", requestId, window: windowChunks });
  }

  get chunks(): number {
    return this.#credit.chunks;
  }

  /** The consumer has come so far. Returns null, or the breach. */
  acknowledge(sequence: U64, window: number): string | null {
    const breach = this.#credit.acknowledge(sequence, window);
    if (breach === null) this.wake();
    return breach;
  }

  /** Looks again whether it may go on: there is credit, or it was cancelled. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /**
   * Sends what `items` yields, each as `check` returns it, until its end, or until the call is cancelled: then the generator is returned, so that
   * its `finally` runs. Rejects with what it throws, or with UnsendableItem.
   */
  async pump(items: AsyncIterator<unknown>, check: ((item: unknown) => unknown) | null): Promise<void> {
    this.#lastTurnMs = performance.now();
    try {
      while (!this.#isCancelled()) {
        if (!this.#credit.hasWindow) {
          await this.#changed();
          continue;
        }
        const step: unknown = await items.next();
        if (!isStep(step))
          throw new NoItemsError(`The items' next() gave ${typeof step} instead of an object.`);
        if (step.done === true) return;
        const data = this.#encode(check === null ? step.value : await check(step.value));
        while (!this.#credit.maySend(data.length) && !this.#isCancelled()) await this.#changed();
        // An item that nobody waits for any more is not sent: nothing follows a cancelled call's end.
        if (this.#isCancelled()) break;
        this.#send(data);
        if (this.#link.isBehind) await this.#link.caughtUp();
        else if (performance.now() - this.#lastTurnMs > longestTurnMs) await this.#turn();
      }
    } catch (error) {
      await this.#return(items);
      throw error;
    }
    await this.#return(items);
  }

  #encode(item: unknown): Uint8Array {
    try {
      return encodeValue(item, "item");
    } catch (error) {
      throw new UnsendableItem(error, 0);
    }
  }

  #send(data: Uint8Array): void {
    try {
      this.#link.sendChunk(this.#requestId, this.#credit.chunks, data);
    } catch (error) {
      throw new UnsendableItem(error, data.length);
    }
    // Half a window is on its way while the other half is being made, so that both sides work at once.
    if (this.#credit.send(data.length) % this.#flushEvery === 0) this.#link.flush();
  }

  async #changed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#lastTurnMs = performance.now();
  }

  async #turn(): Promise<void> {
    this.#link.flush();
    await new Promise(setImmediate);
    this.#lastTurnMs = performance.now();
  }

  /** What the function throws while it is ended is nobody's answer any more. */
  async #return(items: AsyncIterator<unknown>): Promise<void> {
    try {
      await items.return?.();
    } catch {
      // The call has its end already.
    }
  }
}

/** The items of whatever a streaming function returned: an AsyncIterable, of which a ReadableStream is one, or an iterator. */
export function itemsOf(returned: unknown): AsyncIterator<unknown> {
  if (typeof returned === "object" && returned !== null) {
    const iterable = returned as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
    const items = iterable[Symbol.asyncIterator]?.();
    if (items !== undefined) return items;
    // One that is not asynchronous is meant as well as any, and of promises that it yields, what they come to.
    if (!Array.isArray(returned) && iterable[Symbol.iterator] !== undefined)
      return awaited(iterable as Iterable<unknown>);
  }
  throw new NoItemsError(
    "A streaming function must return an AsyncIterable or a ReadableStream, or be an async generator function.",
  );
}

async function* awaited(items: Iterable<unknown>): AsyncGenerator {
  for (const item of items) yield await item;
}

function isStep(step: unknown): step is IteratorResult<unknown> {
  return typeof step === "object" && step !== null;
}
