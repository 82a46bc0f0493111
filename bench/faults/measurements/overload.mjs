// Three times as many calls as can be served: how much is served, how fast the rest is refused, how soon all is well.

import { closedLoop, openLoop } from "../../load.mjs";
import { percentile } from "../tools.mjs";

export const contenders = ["splice-embedded", "splice-supervisor", "piscina", "workerpool"];
const maxInFlight = 16;

export async function run({ start }, { isQuick }) {
  const pool = await start({ workers: 1, perWorker: 1, maxInFlight });
  const figures = await overload(pool, {
    maxInFlight,
    ...(isQuick
      ? { warmupMs: 200, calmMs: 500, overMs: 1000, afterMs: 1000 }
      : { warmupMs: 1000, calmMs: 5000, overMs: 10_000, afterMs: 4000 }),
  });
  await pool.close();
  return figures;
}

/**
 * For `overMs` three times the load that `pool` can serve, after `calmMs` for its peak and as long at 30 % of that, and
 * before `afterMs` at 30 % again.
 */
export async function overload(pool, { maxInFlight, warmupMs, calmMs, overMs, afterMs }) {
  const call = () => pool.call("burn", { ms: 1 });
  await closedLoop(call, maxInFlight, warmupMs);
  const peak = await closedLoop(call, maxInFlight, calmMs);

  const idle = [];
  await openLoop(call, peak * 0.3, calmMs, (_, ms) => idle.push(ms));
  const refused = [];
  let served = 0;
  await openLoop(call, peak * 3, overMs, (_, ms, error) => {
    if (error === null) served += 1;
    else refused.push(ms);
  });
  const after = [];
  await openLoop(call, peak * 0.3, afterMs, (dueMs, ms, error) => after.push({ dueMs, ms, error }));

  const idleP99Ms = percentile(idle, 0.99);
  const slow = after.filter(({ ms, error }) => error !== null || ms > 1.5 * idleP99Ms);
  // One in a hundred is slow also when idle: the load is over when no more than that are.
  const tail = (fromMs) => {
    const later = after.filter(({ dueMs }) => dueMs >= fromMs);
    return slow.filter(({ dueMs }) => dueMs >= fromMs).length <= Math.ceil(later.length * 0.02);
  };
  const recoveryMs = Array.from({ length: 40 }, (_, i) => i * 100).find(tail) ?? null;
  const refusedP99Ms = percentile(refused, 0.99);
  return {
    peakPerSecond: peak,
    servedShare: (served * 1000) / overMs / peak,
    refused: refused.length,
    idleP99Ms,
    refusedP99Ms,
    refusedTimesIdle: refusedP99Ms === null ? null : refusedP99Ms / idleP99Ms,
    recoveryMs,
  };
}
