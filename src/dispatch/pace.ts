// How fast permits come free, and hence when one who was refused should ask again. Counting costs the path of a call
// one addition; the rest is worked out when somebody is refused. Knows neither calls nor callers.

/** A rate is taken over this long at least, and is no rate of today when it was taken over more than the second. */
const windowMs = 100;
const staleMs = 1000;

/** What is said while no rate is known. */
const unknownMs = 50;

/** Sooner is no pause, and later nobody could say what will be. */
const lowestMs = 10;
const highestMs = 1000;

export class Pace {
  /** Permits given back so far. */
  freed = 0;
  #sinceMs = -Infinity;
  #freedThen = 0;
  #msPerPermit: number | null = null;
  #bookedUntilMs = 0;

  /**
   * The pause to ask of one who is refused at `nowMs` while `ahead` calls wait. Each answer books the next permit that
   * is not spoken for, so that those who were refused together come back one by one, as fast as they can be served.
   */
  bookMs(nowMs: number, ahead: number): number {
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs >= windowMs) {
      this.#msPerPermit = elapsedMs > staleMs ? null : elapsedMs / Math.max(this.freed - this.#freedThen, 1);
      this.#sinceMs = nowMs;
      this.#freedThen = this.freed;
    }
    if (this.#msPerPermit === null) return unknownMs;
    const fromMs = Math.max(this.#bookedUntilMs, nowMs + ahead * this.#msPerPermit);
    this.#bookedUntilMs = Math.min(fromMs + this.#msPerPermit, nowMs + highestMs);
    return Math.max(Math.round(this.#bookedUntilMs - nowMs), lowestMs);
  }
}
