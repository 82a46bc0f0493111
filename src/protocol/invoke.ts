// Invoke and InvokeResult by hand, to bytes and from bytes: every call passes here four times, so nothing is
// built that the next step does not read. The context stays bytes. The other messages are in plain-messages.ts.

import { checkContext } from "./context.js";
import { u64, uint } from "./fields.js";
import { defaultMaxFrameBytes, frameHeaderBytes, maxEnvelopeNodes } from "./limits.js";
import { type InvokeResult, messageCode, type U64, type WireInvoke } from "./messages.js";
import { type OutboxBuffer, sharedPayloadBytes } from "./outbox-buffer.js";
import { ProtocolError } from "./protocol-error.js";
import type { Reader } from "./reader.js";
import { encodeName } from "./text.js";

/** A map of one and the name: how the payload begins when it is written in its smallest form. */
export const invokeHead = Uint8Array.of(0x81, 0xa6, ...Buffer.from("Invoke"));
export const invokeResultHead = Uint8Array.of(0x81, 0xac, ...Buffer.from("InvokeResult"));

/** Two u64, one u32, headers of the fields array, params and context: no message needs more besides its bytes. */
const mostHeaderBytes = 64;

/** Throws ProtocolError, leaving `out` as it was, when a field does not fit or the payload is too large. */
export function appendInvoke(
  out: OutboxBuffer,
  requestId: U64,
  functionName: string,
  params: Uint8Array,
  deadlineMs: number,
  contextBytes: Uint8Array,
  maxFrameBytes: number = defaultMaxFrameBytes,
): void {
  u64("requestId", requestId);
  uint("deadlineMs", deadlineMs);
  const name = encodeName(functionName);
  const start = beginFrame(
    out,
    messageCode.Invoke,
    name.length + params.length + contextBytes.length,
    maxFrameBytes,
    name.length + copiedBytes(params) + contextBytes.length,
  );
  out.putBytes(invokeHead);
  out.putU8(0x95);
  out.putUint(requestId);
  out.putBytes(name);
  out.putBin(params);
  out.putUint(deadlineMs);
  out.putBytes(contextBytes);
  endFrame(out, start, maxFrameBytes);
}

/** Throws ProtocolError, leaving `out` as it was, when a field does not fit or the payload is too large. */
export function appendInvokeResult(
  out: OutboxBuffer,
  requestId: U64,
  result: Uint8Array,
  durationUs: U64,
  maxFrameBytes: number = defaultMaxFrameBytes,
): void {
  u64("requestId", requestId);
  u64("durationUs", durationUs);
  const start = beginFrame(out, messageCode.InvokeResult, result.length, maxFrameBytes, copiedBytes(result));
  out.putBytes(invokeResultHead);
  out.putU8(0x93);
  out.putUint(requestId);
  out.putBin(result);
  out.putUint(durationUs);
  endFrame(out, start, maxFrameBytes);
}

/**
 * Writes the header of a frame of about `bodyBytes`, the length still open, and reserves `roomBytes` for it: all of
 * it but large payloads, which are not copied.
 */
export function beginFrame(
  out: OutboxBuffer,
  code: number,
  bodyBytes: number,
  maxFrameBytes: number,
  roomBytes = bodyBytes,
): number {
  if (bodyBytes > maxFrameBytes) throw tooLarge(bodyBytes, maxFrameBytes);
  const start = out.length;
  out.reserve(frameHeaderBytes + mostHeaderBytes + roomBytes);
  out.putU32(0);
  out.putU8(code);
  return start;
}

/** Fills in the length of the frame that began at `start`, or takes the frame back when it is too large. */
export function endFrame(out: OutboxBuffer, start: number, maxFrameBytes: number): void {
  const payloadBytes = out.length - start - frameHeaderBytes;
  if (payloadBytes > maxFrameBytes) {
    out.truncate(start);
    throw tooLarge(payloadBytes, maxFrameBytes);
  }
  out.patchU32(start, payloadBytes);
}

export function copiedBytes(payload: Uint8Array): number {
  return payload.length < sharedPayloadBytes ? payload.length : 0;
}

function tooLarge(payloadBytes: number, maxFrameBytes: number): ProtocolError {
  return new ProtocolError(
    "frame-too-large",
    `The message needs a payload of ${String(payloadBytes)} bytes or more, but the limit of this link is ${String(maxFrameBytes)}.`,
  );
}

/** Reads the fields; `reader` stands behind the name. */
export function readInvoke(reader: Reader): WireInvoke {
  reader.arrayOf(5);
  const requestId = reader.u64();
  const functionName = reader.name();
  const params = reader.bin();
  const deadlineMs = reader.uint();
  const contextStart = reader.at;
  const nodes = 8 + checkContext(reader);
  if (nodes > maxEnvelopeNodes) {
    throw reader.refuse(`the envelope has more than ${String(maxEnvelopeNodes)} values`);
  }
  const contextBytes = reader.bytes.subarray(contextStart, reader.at);
  reader.expectEnd();
  return { type: "Invoke", requestId, functionName, params, deadlineMs, contextBytes };
}

/** Reads the fields; `reader` stands behind the name. */
export function readInvokeResult(reader: Reader): InvokeResult {
  reader.arrayOf(3);
  const requestId = reader.u64();
  const result = reader.bin();
  const durationUs = reader.u64();
  reader.expectEnd();
  return { type: "InvokeResult", requestId, result, durationUs };
}
