// Messages into frames and payloads into messages: chooses, by type code and name, who reads and who writes.
// Knows all 19 messages by name; their fields are in invoke.ts, stream-chunk.ts, write-message.ts and read-message.ts.

import { decodeContext, encodeContext } from "./context.js";
import { bytes } from "./fields.js";
import {
  appendInvoke,
  appendInvokeResult,
  beginFrame,
  endFrame,
  invokeHead,
  invokeResultHead,
  readInvoke,
  readInvokeResult,
} from "./invoke.js";
import { defaultMaxFrameBytes, maxEnvelopeNodes } from "./limits.js";
import { type Message, messageCode, type MessageType, type WireMessage } from "./messages.js";
import { encodeDocument } from "./msgpack.js";
import { OutboxBuffer } from "./outbox-buffer.js";
import { ownBytes } from "./own-bytes.js";
import { malformed, ProtocolError } from "./protocol-error.js";
import { plainReaders, unitMessages } from "./read-message.js";
import { Reader } from "./reader.js";
import { scan } from "./scan.js";
import { appendStreamChunk, readStreamChunk, streamChunkHead } from "./stream-chunk.js";
import { documentOf } from "./write-message.js";

export { appendInvoke, appendInvokeResult, appendStreamChunk };

const knownCodes: ReadonlySet<number> = new Set(Object.values(messageCode));
const reader = new Reader();
const scratch = new OutboxBuffer();

/**
 * Appends one frame. Throws ProtocolError `frame-too-large` when its payload is above `maxFrameBytes`, and
 * `malformed` when a field does not fit its place; `out` is then as it was.
 */
export function appendMessage(
  out: OutboxBuffer,
  message: Message | WireMessage,
  maxFrameBytes: number = defaultMaxFrameBytes,
): void {
  if (message.type === "Invoke") {
    const contextBytes = "contextBytes" in message ? message.contextBytes : encodeContext(message.context);
    const { requestId, functionName, params, deadlineMs } = message;
    bytes("params", params);
    appendInvoke(out, requestId, functionName, params, deadlineMs, contextBytes, maxFrameBytes);
  } else if (message.type === "InvokeResult") {
    bytes("result", message.result);
    appendInvokeResult(out, message.requestId, message.result, message.durationUs, maxFrameBytes);
  } else if (message.type === "StreamChunk") {
    bytes("data", message.data);
    appendStreamChunk(out, message.requestId, message.sequence, message.data, maxFrameBytes);
  } else {
    const payload = encodeDocument(documentOf(message));
    const start = beginFrame(out, messageCode[message.type], payload.length, maxFrameBytes);
    out.putBytes(payload);
    endFrame(out, start, maxFrameBytes);
  }
}

/**
 * One whole frame of its own memory. Throws ProtocolError `frame-too-large` above 104 857 600 bytes of payload,
 * and `malformed` when a field does not fit its place. Lone surrogates in text become U+FFFD.
 */
export function encode(message: Message): Uint8Array {
  scratch.truncate(0);
  appendMessage(scratch, message);
  return ownBytes(scratch.take());
}

/** Throws ProtocolError `unknown-message` or `malformed`. The bytes of the message are views of `payload`. */
export function decodeWire(code: number, payload: Uint8Array): WireMessage {
  reader.start(payload);
  try {
    if (code === messageCode.Invoke && startsWith(payload, invokeHead)) {
      reader.at = invokeHead.length;
      return readInvoke(reader);
    }
    if (code === messageCode.InvokeResult && startsWith(payload, invokeResultHead)) {
      reader.at = invokeResultHead.length;
      return readInvokeResult(reader);
    }
    if (code === messageCode.StreamChunk && startsWith(payload, streamChunkHead)) {
      reader.at = streamChunkHead.length;
      return readStreamChunk(reader);
    }
    const type = readHead(code, payload);
    if (type === "Invoke") return readInvoke(reader);
    if (type === "InvokeResult") return readInvokeResult(reader);
    if (type === "StreamChunk") return readStreamChunk(reader);
    return plainReaders[type](reader);
  } finally {
    reader.release();
  }
}

/** The same message with the context of an Invoke decoded. */
export function toMessage(wire: WireMessage): Message {
  if (wire.type !== "Invoke") return wire;
  const { contextBytes, ...rest } = wire;
  return { ...rest, context: decodeContext(contextBytes) };
}

function startsWith(payload: Uint8Array, head: Uint8Array): boolean {
  for (let at = 0; at < head.length; at++) if (payload[at] !== head[at]) return false;
  return true;
}

/** Checks that the payload is one document within bounds, and that type code, name and shape agree. */
function readHead(code: number, payload: Uint8Array): MessageType {
  if (!knownCodes.has(code)) {
    throw new ProtocolError(
      "unknown-message",
      `The type code ${String(code)} is no message of protocol 1.0.`,
    );
  }
  const refusal = scan(payload, maxEnvelopeNodes);
  if (refusal !== undefined) throw malformed(refusal);
  const isMap = reader.mapOfOne();
  const name = reader.name();
  if (!isMessageType(name)) {
    throw new ProtocolError("unknown-message", `${JSON.stringify(name)} is no message of protocol 1.0.`);
  }
  if (messageCode[name] !== code) {
    throw malformed(`its type code is ${String(code)}, but ${name} has ${String(messageCode[name])}`);
  }
  if (isMap === unitMessages.has(name)) {
    throw malformed(`${name} has to come as ${isMap ? "its bare name" : "a map of its name to its fields"}`);
  }
  return name;
}

function isMessageType(name: string): name is MessageType {
  return Object.hasOwn(messageCode, name);
}
