// How long to wait before the next attempt to connect. Pure; chance is handed in.

import type { Random } from "../time.js";

const firstBackoffMs = 50;

/** With full jitter 500 clients come back over two seconds, and not all at once. */
export const maxBackoffMs = 2000;

/** `attempt` counts from 0. Anything between nothing and a bound that doubles: clients that were cut off together part. */
export function backoffMs(attempt: number, random: Random): number {
  return random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(attempt, 30));
}
