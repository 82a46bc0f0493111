// Failures over calls within the last so many milliseconds: constant memory, one store for a call, and nothing older
// than the window in a sum. Pure but for its own counts; the time is handed in.

const bucketCount = 10;

export class RateWindow {
  readonly #bucketMs: number;
  readonly #callsOf = new Uint32Array(bucketCount);
  readonly #failuresOf = new Uint32Array(bucketCount);
  /** The number of the newest bucket, counted from the beginning of time. */
  #newest = 0;

  /** The oldest tenth of the window goes at once, so that what counts is between 9 and 10 tenths of `windowMs` old. */
  constructor(windowMs: number) {
    this.#bucketMs = windowMs / bucketCount;
  }

  /** Adds calls that ended now. Time does not go back between two uses. */
  record(nowMs: number, isFailure: boolean, count = 1): void {
    const slot = this.#slotAt(nowMs);
    this.#callsOf[slot] = (this.#callsOf[slot] ?? 0) + count;
    if (isFailure) this.#failuresOf[slot] = (this.#failuresOf[slot] ?? 0) + count;
  }

  /** What the window holds now. */
  read(nowMs: number): { readonly calls: number; readonly failures: number } {
    this.#slotAt(nowMs);
    let calls = 0;
    let failures = 0;
    for (let slot = 0; slot < bucketCount; slot++) {
      calls += this.#callsOf[slot] ?? 0;
      failures += this.#failuresOf[slot] ?? 0;
    }
    return { calls, failures };
  }

  clear(): void {
    this.#callsOf.fill(0);
    this.#failuresOf.fill(0);
  }

  /** The bucket of this moment, after those that have grown too old were emptied. */
  #slotAt(nowMs: number): number {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    const first = Math.max(this.#newest + 1, bucket - bucketCount + 1);
    for (let old = first; old <= bucket; old++) {
      this.#callsOf[old % bucketCount] = 0;
      this.#failuresOf[old % bucketCount] = 0;
    }
    this.#newest = bucket;
    return bucket % bucketCount;
  }
}
