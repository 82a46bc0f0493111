import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { LatencyHistogram } from "../../src/dispatch/latency.js";

test("percentiles are within 5 % of the exact ones, or half a microsecond", () => {
  const durationsUs = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(durationsUs, fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 1), (durations, fraction) => {
      const histogram = new LatencyHistogram();
      for (const duration of durations) histogram.record(duration);
      const sorted = [...durations].sort((a, b) => a - b);
      const exact = sorted[Math.max(Math.ceil(sorted.length * fraction), 1) - 1] ?? 0;
      expect(Math.abs(histogram.percentile(fraction) - exact)).toBeLessThanOrEqual(exact * 0.05 + 0.5);
    }),
  );
});

test("nothing recorded is 0; durations below a microsecond and above all buckets are kept", () => {
  const histogram = new LatencyHistogram();
  expect(histogram.percentile(0.99)).toBe(0);
  histogram.record(0);
  expect(histogram.percentile(0.5)).toBe(1);
  histogram.record(1e15);
  expect(histogram.percentile(1)).toBeGreaterThan(1e10);
});
