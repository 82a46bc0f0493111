// How much may wait for a host that does not read, and what becomes of its calls beyond that. Pure.

import type { CallFailure } from "../dispatch/call.js";
import { encodeValue } from "../protocol/values.js";

/** Whatever the frame limit, the windows of so many streams that are read slowly have room. */
const leastBytes = 64 * 1_048_576;

/** Two frames, so that there is room for one more while the largest is on its way. */
export function mostUnreadBytes(maxFrameBytes: number): number {
  return Math.max(2 * maxFrameBytes, leastBytes);
}

/** Null when `bytes` more may wait; else what a call comes to whose result or item they are. */
export function unreadRefusal(bytes: number, queuedBytes: number, mostBytes: number): CallFailure | null {
  if (queuedBytes + bytes <= mostBytes) return null;
  const message = `What the function sent, ${String(bytes)} bytes, was dropped: ${String(queuedBytes)} bytes wait for this host already, and no more than ${String(mostBytes)} are kept for one that does not read. Read faster, or ask for less at once.`;
  const details = encodeValue({ name: "ResultTooLarge", bytes, limit: mostBytes, queuedBytes });
  return { code: 2000, kind: "System", message, details };
}

const maxErrorChars = 1000;
const maxDetailsBytes = 1000;

/** An error as it reaches a host for which no more is kept: without what may be of any size. */
export function shortened({ code, kind, message, details }: CallFailure): CallFailure {
  const isSmall = details === null || details.length <= maxDetailsBytes;
  return { code, kind, message: message.slice(0, maxErrorChars), details: isSmall ? details : null };
}
