// Whether a result fits into a frame that its host accepts, and what the host is told when it does not. Pure.

import type { CallFailure } from "../dispatch/call.js";
import { appendInvokeResult } from "../protocol/codec.js";
import type { U64 } from "../protocol/messages.js";
import { OutboxBuffer } from "../protocol/outbox-buffer.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import { encodeValue } from "../protocol/values.js";

/** More than everything an InvokeResult holds besides its result. */
const mostOverheadBytes = 64;

/** Null when an InvokeResult with this `result` is at most `maxFrameBytes`. */
export function resultRefusal(
  requestId: U64,
  result: Uint8Array,
  durationUs: U64,
  maxFrameBytes: number,
): CallFailure | null {
  if (result.length + mostOverheadBytes <= maxFrameBytes) return null;
  try {
    // So near to the limit the codec alone knows; a result that is over it by itself is refused before it is copied.
    appendInvokeResult(new OutboxBuffer(), requestId, result, durationUs, maxFrameBytes);
    return null;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
  }
  const bytes = result.length;
  const message = `The result is ${String(bytes)} bytes, which is over the ${String(maxFrameBytes)} bytes that this host accepts in a frame.`;
  const details = encodeValue({ name: "ResultTooLarge", bytes, limit: maxFrameBytes });
  return { code: 2000, kind: "System", message, details };
}

/** Null when a StreamChunk with this `data` is at most `maxFrameBytes`. */
export function chunkRefusal(data: Uint8Array, maxFrameBytes: number): CallFailure | null {
  const bytes = data.length;
  if (bytes + mostOverheadBytes <= maxFrameBytes) return null;
  const message = `An item is ${String(bytes)} bytes, which is over the ${String(maxFrameBytes)} bytes that this host accepts in a frame, ${String(mostOverheadBytes)} of which are the frame's own.`;
  const details = encodeValue({ name: "ResultTooLarge", bytes, limit: maxFrameBytes });
  return { code: 2000, kind: "System", message, details };
}
