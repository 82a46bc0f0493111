// The only worker of a pool is killed: how long after the kill the next call succeeds, beside a bare start of Node.

import { bareStartMs, percentile, untilSuccess } from "../tools.mjs";

export const contenders = [
  "splice-embedded",
  "splice-supervisor",
  "piscina",
  "tinypool",
  "workerpool",
  "jest-worker",
  "pm2",
];

export async function run({ start, isThreads }, { isQuick }) {
  const pool = await start({ workers: 1, perWorker: 16 });
  const recoveryMs = [];
  const nodeMs = [];
  try {
    for (let kills = 0; kills < (isQuick ? 3 : 20); kills += 1) {
      nodeMs.push(await bareStartMs());
      await untilSuccess(() => pool.call("echo", {}));
      const pids = isThreads ? [] : await pool.pids();
      const killedAt = performance.now();
      if (isThreads) await pool.call("die", {}).catch(() => undefined);
      for (const pid of pids) process.kill(pid, "SIGKILL");
      await untilSuccess(() => pool.call("echo", {}));
      recoveryMs.push(performance.now() - killedAt);
    }
  } finally {
    await pool.close();
  }
  const [p50Ms, nodeP50Ms] = [recoveryMs, nodeMs].map((values) => percentile(values, 0.5));
  return { p50Ms, p99Ms: percentile(recoveryMs, 0.99), nodeMs: nodeP50Ms, timesNode: p50Ms / nodeP50Ms };
}
