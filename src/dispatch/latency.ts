// How long calls took, in logarithmic buckets: constant memory, two significant digits, exact counts.
// Knows nothing of calls; a number in, a percentile out.

const bucketsPerOctave = 16;
const octaves = 34;

export class LatencyHistogram {
  readonly #counts = new Uint32Array(bucketsPerOctave * octaves);
  #total = 0;

  /** Adds one duration in microseconds. */
  record(durationUs: number): void {
    const index = durationUs < 1 ? 0 : Math.floor(Math.log2(durationUs) * bucketsPerOctave);
    const slot = Math.min(index, this.#counts.length - 1);
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#total += 1;
  }

  /** The duration in microseconds that `fraction` (0 to 1) of all calls did not exceed; 0 when there was none. */
  percentile(fraction: number): number {
    if (this.#total === 0) return 0;
    let remaining = Math.max(Math.ceil(this.#total * fraction), 1);
    for (let slot = 0; slot < this.#counts.length; slot++) {
      remaining -= this.#counts[slot] ?? 0;
      if (remaining <= 0) return Math.round(2 ** ((slot + 1) / bucketsPerOctave));
    }
    return 0;
  }
}
