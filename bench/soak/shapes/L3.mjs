// Overload: three times what can be served, of calls that compute for 1 ms, then 30 % again.

import { overload } from "../../faults/measurements/overload.mjs";

export const title = "overload, 300 %";
export const seconds = 20;
export const hasBaseline = false;

const permits = 16;
export const setup = { permits };

export async function run({ system, ms, warmupMs }) {
  let calls = 0;
  const call = (...args) => {
    calls += 1;
    return system.call(...args);
  };
  const times = { warmupMs: warmupMs / 5, calmMs: ms / 4, overMs: ms, afterMs: Math.min(ms, 4000) };
  const figures = await overload({ call }, { maxInFlight: permits, ...times });
  return { calls, ...figures };
}
