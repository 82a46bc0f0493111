import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { nextRestart, type RestartHistory } from "../../../src/machines/pool/restart.js";

const policy = { backoffMs: [0, 100, 500, 2000, 5000], jitter: 0.2, resetAfterMs: 30_000 };

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
