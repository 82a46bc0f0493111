// Credit once more, as simple as it can be said and as slow as that is: lists of what was sent and granted, every
// rule of docs/reference/protocol.md a sum over them. Knows nothing of src/.

const mebibyte = 1_048_576;

export class CreditModel {
  /** Bytes of every chunk, by sequence. */
  readonly #chunks: number[] = [];
  /** The last sequence that each grant allowed; the first is StreamStart's. */
  readonly #grants: number[];
  #acked = -1;
  isOver = false;

  constructor(window: number) {
    this.#grants = [window - 1];
  }

  get sent(): number {
    return this.#chunks.length;
  }

  get acked(): number {
    return this.#acked;
  }

  get outstanding(): number[] {
    return this.#chunks.slice(this.#acked + 1);
  }

  get bytes(): number {
    return this.outstanding.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** A producer keeps to the newest grant. */
  maySend(bytes: number): boolean {
    return this.sent <= (this.#grants.at(-1) ?? -1) && this.#fits(bytes);
  }

  /** A consumer has to take what any grant allowed. */
  mayArrive(sequence: number, bytes: number): boolean {
    return sequence === this.sent && sequence <= Math.max(...this.#grants) && this.#fits(bytes);
  }

  chunk(bytes: number): void {
    this.#chunks.push(bytes);
  }

  mayAcknowledge(sequence: number, window: number): boolean {
    return window <= 1024 && sequence < this.sent && sequence >= this.#acked;
  }

  acknowledge(sequence: number, window: number): void {
    this.#acked = sequence;
    this.#grants.push(sequence + window);
  }

  #fits(bytes: number): boolean {
    return this.outstanding.length === 0 || this.bytes + bytes <= mebibyte;
  }
}
