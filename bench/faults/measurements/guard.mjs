// What the guard thread of a worker costs: the same runtime and bundle as a functions pool, which has one, and as a
// command, which has none. Memory of the worker at rest, and from a kill to the next success.

import { setTimeout as sleep } from "node:timers/promises";
import { commandOf, cpuUs, pssKib } from "../../processes.mjs";
import { percentile, untilSuccess } from "../tools.mjs";

export const contenders = ["splice-embedded"];

export async function run({ start }, { isQuick }) {
  const guarded = await start({ workers: 1 });
  const [pid] = await guarded.pids();
  const [, ...args] = commandOf(pid).trim().split(" ");
  const command = [process.execPath, ...args];
  const bare = await start({ workers: 1, pool: { functions: undefined, command } });
  const sides = {
    guarded: { pool: guarded, ms: [], cpuMs: [], pssMib: [] },
    bare: { pool: bare, ms: [], cpuMs: [], pssMib: [] },
  };
  for (let round = 0; round < (isQuick ? 3 : 20); round += 1) {
    for (const side of Object.values(sides)) {
      const [old] = await side.pool.pids();
      const killedAt = performance.now();
      process.kill(old, "SIGKILL");
      await untilSuccess(() => side.pool.call("echo", {}));
      side.ms.push(performance.now() - killedAt);
      await sleep(200);
      const [now] = await side.pool.pids();
      side.pssMib.push(pssKib([now]) / 1024);
      side.cpuMs.push(cpuUs([now]) / 1000);
    }
  }
  await guarded.close();
  await bare.close();
  const of = (key) => [sides.guarded, sides.bare].map((side) => percentile(side[key], 0.5));
  const [[guardedMib, bareMib], [guardedMs, bareMs], [guardedCpuMs, bareCpuMs]] = [
    of("pssMib"),
    of("ms"),
    of("cpuMs"),
  ];
  return {
    pssMibMore: guardedMib - bareMib,
    pssMib: guardedMib,
    startRatio: guardedMs / bareMs,
    startMs: guardedMs,
    cpuMsMore: guardedCpuMs - bareCpuMs,
  };
}
