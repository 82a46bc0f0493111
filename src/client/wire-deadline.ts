// A call's time in the wire's terms. Pure.

import { maxTimerMs } from "../time.js";

/** On the wire this is "no deadline"; 0 would be the supervisor's default. */
const noDeadlineMs = 4_294_967_295;

/** `timeoutMs` undefined is the supervisor's default, Infinity none. */
export function wireDeadline(timeoutMs: number | undefined): number {
  if (timeoutMs === undefined) return 0;
  if (timeoutMs === Infinity) return noDeadlineMs;
  return Math.min(Math.max(Math.ceil(timeoutMs), 1), maxTimerMs);
}
