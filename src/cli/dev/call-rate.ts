// Calls per second, from counts that are taken now and then: over the last few seconds, so that it neither jumps nor lags.

import type { Clock } from "../../time.js";

const overMs = 3000;

export class CallRate {
  readonly #clock: Pick<Clock, "now">;
  #samples: readonly { readonly atMs: number; readonly total: number }[] = [];

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** `total`: all calls so far. */
  of(total: number): number {
    const now = { atMs: this.#clock.now(), total };
    const samples = [...this.#samples, now];
    // One that is older stays, as where the time began.
    const from = samples.findLastIndex(({ atMs }) => now.atMs - atMs >= overMs);
    this.#samples = samples.slice(Math.max(0, from));
    const [first = now] = this.#samples;
    const tookMs = now.atMs - first.atMs;
    return tookMs < 500 ? 0 : ((total - first.total) * 1000) / tookMs;
  }
}
