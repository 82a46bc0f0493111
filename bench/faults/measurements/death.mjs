// A worker is killed with calls under way: how long after the kill, not after their deadlines, their callers know.

import { setTimeout as sleep } from "node:timers/promises";
import { outcomeOf, percentile, untilSuccess } from "../tools.mjs";

export const contenders = [
  "splice-embedded",
  "splice-supervisor",
  "piscina",
  "tinypool",
  "workerpool",
  "jest-worker",
];

export async function run({ start, isConcurrent, isThreads }, { isQuick }) {
  const inFlight = isConcurrent ? 8 : 1;
  const pool = await start({ workers: 1, perWorker: 16 });
  const afterMs = [];
  const codes = {};
  let never = 0;
  for (let kills = 0; kills < (isQuick ? 10 : 100) && never < 3 * inFlight; kills += 1) {
    await untilSuccess(() => pool.call("echo", {}));
    const pids = isThreads ? [] : await pool.pids();
    const calls = Array.from({ length: inFlight }, () => pool.call("rest", { ms: 60_000 }));
    const outcomes = calls.map(outcomeOf);
    await sleep(20);
    const killedAt = performance.now();
    if (isThreads) void pool.call("die", {}).catch(() => undefined);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    const waiting = outcomes.map(async (one) => {
      const { kind, error } = await one;
      if (kind === "never") never += 1;
      else afterMs.push(performance.now() - killedAt);
      const code = kind === "failed" ? String(error.code ?? error.name) : kind;
      codes[code] = (codes[code] ?? 0) + 1;
    });
    await Promise.all(waiting);
  }
  await pool.close();
  return {
    p50Ms: percentile(afterMs, 0.5),
    p99Ms: percentile(afterMs, 0.99),
    answered: afterMs.length,
    never,
    codes,
  };
}
