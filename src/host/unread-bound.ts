// How much may wait for a host that does not read, and what becomes of its calls beyond that. Knows no call.

import type { CallFailure } from "../dispatch/call.js";
import { encodeValue } from "../protocol/values.js";
import type { Outbox } from "../transport/outbox.js";

/** Whatever the frame limit, the windows of so many streams that are read slowly have room. */
const leastBytes = 64 * 1_048_576;

/** Two frames, so that there is room for one more while the largest is on its way. */
export function mostUnreadBytes(maxFrameBytes: number): number {
  return Math.max(2 * maxFrameBytes, leastBytes);
}

const maxErrorChars = 1000;
const maxDetailsBytes = 1000;

export class UnreadBound {
  readonly #outbox: Pick<Outbox, "queuedBytes">;
  readonly #mostBytes: number;

  constructor(outbox: Pick<Outbox, "queuedBytes">, maxFrameBytes: number) {
    this.#outbox = outbox;
    this.#mostBytes = mostUnreadBytes(maxFrameBytes);
  }

  /** Null when `bytes` more may wait; else what a call comes to whose result or item they are. */
  refusalOf(bytes: number): CallFailure | null {
    const { queuedBytes } = this.#outbox;
    const limit = this.#mostBytes;
    if (queuedBytes + bytes <= limit) return null;
    const message = `What the function sent, ${String(bytes)} bytes, was dropped: ${String(queuedBytes)} bytes wait for this host already, and no more than ${String(limit)} are kept for one that does not read. Read faster, or ask for less at once.`;
    const details = encodeValue({ name: "ResultTooLarge", bytes, limit, queuedBytes });
    return { code: 2000, kind: "System", message, details };
  }

  /** An error as it may be sent: as it is, or without what may be of any size. A worker's own carries more fields, and loses them. */
  cut({ code, kind, message, details }: CallFailure): CallFailure {
    const bytes = message.length + (details?.length ?? 0);
    if (this.#outbox.queuedBytes + bytes <= this.#mostBytes) return { code, kind, message, details };
    const isSmall = details === null || details.length <= maxDetailsBytes;
    return { code, kind, message: message.slice(0, maxErrorChars), details: isSmall ? details : null };
  }
}
