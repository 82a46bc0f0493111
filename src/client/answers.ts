// What comes back for a call, as its caller gets it. Knows no connection.

import type { StreamReading } from "../contract/reading.js";
import { readWithStream } from "../contract/stream-handle.js";
import { messageOf, SpliceError } from "../errors.js";
import type { StreamChunk, StreamEnd, StreamStart, U64 } from "../protocol/messages.js";
import { decodeValue } from "../protocol/values.js";
import type { PendingCall } from "./pending-calls.js";

/** The call came to a result. */
export function resolveWith(
  { functionName, resolve, reject }: PendingCall,
  requestId: U64,
  result: Uint8Array,
): void {
  let value: unknown;
  try {
    value = decodeValue(result, "result");
  } catch (cause) {
    const message = `The result of ${JSON.stringify(functionName)} cannot be read: ${messageOf(cause)}`;
    reject(new SpliceError({ code: 3000, message, functionName, requestId, cause }));
    return;
  }
  resolve(value);
}

/** A plain call of a function that yields items. */
export function yieldsStream(functionName: string): SpliceError {
  const message = `The export function ${JSON.stringify(functionName)} was not called: it ${readWithStream}.`;
  const details = { issues: [{ path: "params", message: readWithStream }] };
  return new SpliceError({ code: 1001, message, functionName, details });
}

/** Null, or the breach of who sent it: the rest of a sentence. */
export function receiveInto(
  { items }: StreamReading,
  message: StreamStart | StreamChunk | StreamEnd,
): string | null {
  if (message.type === "StreamStart") return items.start(message.window);
  if (message.type === "StreamChunk") return items.chunk(message.sequence, message.data);
  return items.end(message.totalChunks);
}
