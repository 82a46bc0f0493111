// The load: so many calls at once for so long, each one's latency noted. Knows nothing of who answers.

/** Enough for the last two million calls of a run. One size for everybody, so that it weighs the same in every PSS. */
const keptLatencies = 2 ** 21;

export class Latencies {
  #values = new Float32Array(keptLatencies).fill(0);
  count = 0;

  record(milliseconds) {
    this.#values[this.count++ & (keptLatencies - 1)] = milliseconds;
  }

  reset() {
    this.count = 0;
  }

  /** Microseconds, of the calls that are kept. Sorts in place, so nothing may be recorded after it. */
  percentilesUs(...shares) {
    const kept = this.#values.subarray(0, Math.min(this.count, keptLatencies)).sort();
    return shares.map((share) => kept[Math.min(kept.length - 1, Math.floor(kept.length * share))] * 1000);
  }
}

/**
 * Keeps `inFlight` calls of `call(payload)` under way for `ms`, and resolves with the milliseconds until the last of
 * them was answered.
 */
export async function load(call, payload, inFlight, ms, latencies) {
  const startedAt = performance.now();
  const stopAt = startedAt + ms;
  const lane = async () => {
    for (let sentAt = performance.now(); ;) {
      await call(payload);
      const answeredAt = performance.now();
      latencies.record(answeredAt - sentAt);
      if (answeredAt >= stopAt) return;
      sentAt = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return performance.now() - startedAt;
}
