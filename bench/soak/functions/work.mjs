// What the worker runs while it is soaked.

import { setTimeout as sleep } from "node:timers/promises";
import { answers } from "../vitals.mjs";

export { burn, echo, rest } from "../../faults/functions/work.mjs";
export { items } from "../../streams/functions/feed.mjs";

/** What this worker says of itself. */
export function vitals({ ask }) {
  return answers[ask]();
}

let running = 0;
let mostAtOnce = 0;

/** Waits, and is counted while it does. */
export async function counted({ ms }) {
  running += 1;
  mostAtOnce = Math.max(mostAtOnce, running);
  await sleep(ms);
  running -= 1;
}

/** The most calls of `counted` that this worker has run at once. */
export function counts() {
  return { mostAtOnce };
}
