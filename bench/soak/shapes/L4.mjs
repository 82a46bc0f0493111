// Bursts: nothing, then 2000 calls in one tick, every 2 s. 256 may run, 1024 may wait, and the rest is refused.

import { setTimeout as sleep } from "node:timers/promises";
import { outcomeOf } from "../../faults/tools.mjs";
import { Outcomes } from "../load.mjs";

export const title = "bursts of 2000";
export const seconds = 20;
export const hasBaseline = false;

const permits = 256;
const maxQueue = 1024;
const burst = 2000;
const everyMs = 2000;
export const setup = { permits, maxQueue };

export async function run({ system, ms }) {
  const outcomes = new Outcomes();
  let unsettled = 0;
  let timedOut = 0;
  let otherwise = 0;
  let refused = 0;
  for (let bursts = 0; bursts < Math.max(1, ms / everyMs); bursts += 1) {
    const startedAt = performance.now();
    const calls = Array.from({ length: burst }, () => outcomeOf(system.call("counted", { ms: 5 })));
    for (const { kind, ms: took, error = null } of await Promise.all(calls)) {
      if (kind === "never") unsettled += 1;
      else outcomes.note(took, error);
      if (error === null) continue;
      if (error.code === 2001) timedOut += 1;
      else if (error.code === 3002) refused += 1;
      else otherwise += 1;
    }
    await sleep(Math.max(0, Math.min(ms, everyMs) - (performance.now() - startedAt)));
  }
  const { mostAtOnce } = await system.call("counts", {});
  return {
    ...outcomes.figures(),
    mostAtOnce,
    mostAtOnceOfLimit: mostAtOnce / permits,
    unsettled,
    timedOut,
    refused,
    otherwise,
  };
}
