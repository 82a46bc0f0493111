// Latencies in buckets that grow by a hundredth, so that any number of them takes the same little room and a share of
// them is known to 1 %. Pure.

const growth = Math.log(1.01);
const leastUs = 1;
/** Up to 100 s; what is longer counts as that. */
const buckets = Math.ceil(Math.log(1e8 / leastUs) / growth) + 1;

export class Histogram {
  #counts = new Float64Array(buckets);
  count = 0;
  maxMs = 0;

  record(ms) {
    const bucket = Math.round(Math.log(Math.max(leastUs, ms * 1000) / leastUs) / growth);
    this.#counts[Math.min(buckets - 1, bucket)] += 1;
    this.count += 1;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  /** Milliseconds that this share of the latencies does not exceed, or null when there are none. */
  percentileMs(share) {
    if (this.count === 0) return null;
    let rank = Math.max(1, Math.ceil(this.count * share));
    const bucket = this.#counts.findIndex((count) => (rank -= count) <= 0);
    return (leastUs * Math.exp(bucket * growth)) / 1000;
  }
}
