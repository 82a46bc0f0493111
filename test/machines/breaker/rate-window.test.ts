import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { RateWindow } from "../../../src/machines/breaker/rate-window.js";

const windowMs = 1000;

const step = fc.record({
  afterMs: fc.oneof(fc.constantFrom(0, 100, 900, 1000, 5000), fc.double({ min: 0, max: 700, noNaN: true })),
  isFailure: fc.boolean(),
  count: fc.integer({ min: 1, max: 5 }),
});

describe("RateWindow", () => {
  test("counts all that is younger than nine tenths of the window, and nothing that is older than the window", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (steps, startMs) => {
          const window = new RateWindow(windowMs);
          const past: { atMs: number; isFailure: boolean; count: number }[] = [];
          let nowMs = startMs;
          const sum = (maxAgeMs: number, only: (each: { isFailure: boolean }) => boolean) =>
            past
              .filter((each) => nowMs - each.atMs <= maxAgeMs && only(each))
              .reduce((total, { count }) => total + count, 0);
          for (const { afterMs, isFailure, count } of steps) {
            nowMs += afterMs;
            past.push({ atMs: nowMs, isFailure, count });
            window.record(nowMs, isFailure, count);
            const { calls, failures } = window.read(nowMs);
            const all = (): boolean => true;
            const failed = (each: { isFailure: boolean }): boolean => each.isFailure;
            expect(calls).toBeGreaterThanOrEqual(sum(windowMs * 0.9 - 0.001, all));
            expect(calls).toBeLessThanOrEqual(sum(windowMs + 0.001, all));
            expect(failures).toBeGreaterThanOrEqual(sum(windowMs * 0.9 - 0.001, failed));
            expect(failures).toBeLessThanOrEqual(sum(windowMs + 0.001, failed));
          }
          expect(window.read(nowMs + windowMs + 0.001)).toEqual({ calls: 0, failures: 0 });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("forgets all when it is cleared", () => {
    const window = new RateWindow(windowMs);
    window.record(5, true, 3);
    expect(window.read(6)).toEqual({ calls: 3, failures: 3 });
    window.clear();
    expect(window.read(6)).toEqual({ calls: 0, failures: 0 });
  });
});
