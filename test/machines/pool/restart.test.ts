import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  emptyWindow,
  excessOf,
  isToReturn,
  nextRestart,
  withEnd,
  type RestartHistory,
} from "../../../src/machines/pool/restart.js";

const policy = {
  backoffMs: [0, 100, 500, 2000, 5000],
  jitter: 0.2,
  resetAfterMs: 30_000,
  maxRestarts: 10,
  withinMs: 60_000,
  maxFailedStarts: 5,
};

test("the waits are those of the policy, in turn, and the last one repeats", () => {
  let past: RestartHistory = { restartsInRow: 0, readySinceMs: null };
  const waits = Array.from({ length: 7 }, () => {
    const next = nextRestart(policy, past, 0, () => 0);
    past = { ...next, readySinceMs: null };
    return next.delayMs;
  });
  expect(waits).toEqual([0, 100, 500, 2000, 5000, 5000, 5000]);
});

test("a worker that was ready for resetAfterMs starts the row anew, one that was not does not", () => {
  const past = { restartsInRow: 3, readySinceMs: 1000 };
  expect(nextRestart(policy, past, 30_999, () => 0)).toEqual({ delayMs: 2000, restartsInRow: 4 });
  expect(nextRestart(policy, past, 31_000, () => 0)).toEqual({ delayMs: 0, restartsInRow: 1 });
});

test("a policy without waits restarts at once", () => {
  const past = { restartsInRow: 5, readySinceMs: null };
  expect(nextRestart({ ...policy, backoffMs: [] }, past, 0, () => 0.5).delayMs).toBe(0);
});

test("never less than the backoff of its turn, never more than that and its jitter", () => {
  const policies = fc.record({
    backoffMs: fc.array(fc.nat(10_000), { minLength: 1, maxLength: 6 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    resetAfterMs: fc.nat(60_000),
    maxRestarts: fc.nat(20),
    withinMs: fc.nat(60_000),
    maxFailedStarts: fc.nat(9),
  });
  const pasts = fc.record({
    restartsInRow: fc.nat(20),
    readySinceMs: fc.option(fc.nat(100_000), { nil: null }),
  });
  fc.assert(
    fc.property(
      policies,
      pasts,
      fc.nat(200_000),
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      (p, past, nowMs, r) => {
        const { delayMs, restartsInRow } = nextRestart(p, past, nowMs, () => r);
        const isReset = past.readySinceMs !== null && nowMs - past.readySinceMs >= p.resetAfterMs;
        const turn = isReset ? 0 : past.restartsInRow;
        const floorMs = p.backoffMs[Math.min(turn, p.backoffMs.length - 1)] ?? 0;
        expect(delayMs).toBeGreaterThanOrEqual(floorMs);
        expect(delayMs).toBeLessThanOrEqual(floorMs * (1 + p.jitter));
        expect(restartsInRow).toBe(turn + 1);
      },
    ),
  );
});

describe("the window", () => {
  const windowAfter = (ends: readonly number[], wasReady = true) =>
    ends.reduce((window, atMs) => withEnd(policy, window, atMs, wasReady), emptyWindow);

  test("holds maxRestarts ends; one more within withinMs is too many, and the reason says so", () => {
    const ends = Array.from({ length: 11 }, (_, n) => n * 5999);
    expect(excessOf(policy, windowAfter(ends.slice(0, 10)))).toBeNull();
    expect(excessOf(policy, windowAfter(ends))).toBe(
      "its workers ended 11 times within 60000 ms, and restart.maxRestarts is 10",
    );
  });

  test("slides: an end that is withinMs old counts no more", () => {
    expect(excessOf(policy, windowAfter(Array.from({ length: 40 }, (_, n) => n * 6000)))).toBeNull();
  });

  test("counts starts in a row that failed; one that became ready begins the row anew", () => {
    expect(excessOf(policy, windowAfter([1, 2, 3, 4], false))).toBeNull();
    expect(excessOf(policy, windowAfter([1, 2, 3, 4, 5], false))).toBe(
      "5 starts in a row did not become ready",
    );
    const mended = withEnd(policy, windowAfter([1, 2, 3, 4], false), 5, true);
    expect(excessOf(policy, withEnd(policy, mended, 6, false))).toBeNull();
  });

  test("in no window of withinMs are there more than maxRestarts ends before it says stop", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { maxLength: 60 }), fc.nat(5), (gaps, maxRestarts) => {
        const tight = { ...policy, maxRestarts, maxFailedStarts: 1000 };
        const ends: number[] = [];
        let window = emptyWindow;
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          window = withEnd(tight, window, nowMs, true);
          ends.push(nowMs);
          const recent = ends.filter((atMs) => nowMs - atMs < tight.withinMs).length;
          expect(excessOf(tight, window) !== null).toBe(recent > maxRestarts);
        }
      }),
    );
  });
});

test.each([
  ["permanent", true, 0, true],
  ["permanent", true, 1, true],
  ["transient", true, 0, false],
  ["transient", true, 1, true],
  ["transient", true, null, true],
  ["transient", false, 0, true],
  ["temporary", true, 1, false],
] as const)(
  "a %s worker (in service: %s) that ended with code %s returns: %s",
  (type, wasReady, exitCode, returns) => {
    const signal = exitCode === null ? "SIGKILL" : null;
    const exit = { wasAsked: false, wasReady, exitCode, signal, how: "", stderrTail: "" };
    expect(isToReturn(type, exit)).toBe(returns);
  },
);
