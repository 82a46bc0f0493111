// Three times as many calls as can be served: how much is served, how fast the rest is refused, how soon all is well.

import { closedLoop, openLoop, percentile } from "../tools.mjs";

export const contenders = ["splice-embedded", "splice-supervisor", "piscina", "workerpool"];
const maxInFlight = 16;

export async function run({ start }, { isQuick }) {
  const seconds = isQuick ? 1 : 10;
  const pool = await start({ workers: 1, perWorker: 1, maxInFlight });
  const call = () => pool.call("burn", { ms: 1 });
  await closedLoop(call, maxInFlight, isQuick ? 200 : 1000);
  const peak = await closedLoop(call, maxInFlight, (seconds * 1000) / 2);

  const idle = [];
  await openLoop(call, peak * 0.3, seconds * 500, (_, ms) => idle.push(ms));
  const refused = [];
  let served = 0;
  await openLoop(call, peak * 3, seconds * 1000, (_, ms, error) => {
    if (error === null) served += 1;
    else refused.push(ms);
  });
  const after = [];
  await openLoop(call, peak * 0.3, isQuick ? 1000 : 4000, (dueMs, ms, error) =>
    after.push({ dueMs, ms, error }),
  );
  await pool.close();

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
    servedShare: served / seconds / peak,
    refused: refused.length,
    idleP99Ms,
    refusedP99Ms,
    refusedTimesIdle: refusedP99Ms === null ? null : refusedP99Ms / idleP99Ms,
    recoveryMs,
  };
}
