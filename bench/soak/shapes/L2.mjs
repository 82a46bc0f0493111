// The soak in small: 200 000 calls beside 64 that are under way from before the first look until after the last. What
// is alive then may not have grown.

import { setMaxListeners } from "node:events";
import { echo, steady } from "../load.mjs";

export const title = "soak, 200 000 calls";
export const seconds = 35;
export const hasBaseline = false;

const perSecond = 200_000 / seconds;
const heldCalls = 64;

/** The set of calls that stays; resolves with what ends it. */
export async function hold(system) {
  const end = new AbortController();
  setMaxListeners(heldCalls, end.signal);
  const options = { timeoutMs: Infinity, signal: end.signal };
  const held = Array.from({ length: heldCalls }, () =>
    system.call("rest", { ms: 3_600_000 }, options).catch(() => undefined),
  );
  await echo(system);
  return async () => {
    end.abort();
    await Promise.all(held);
  };
}

export async function run({ system, capacity, meter, ms }) {
  // A machine that cannot do so many does fewer: growth is counted per call.
  const rate = Math.min(perSecond, capacity * 0.7);
  const figures = await steady((n) => echo(system, n), rate, ms);
  return {
    ...figures,
    slopePer10kCalls: {
      supervisor: meter.slopePer10kCalls("supervisor", rate),
      worker: meter.slopePer10kCalls("worker", rate),
    },
  };
}
