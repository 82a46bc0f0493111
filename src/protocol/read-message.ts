// Reads the fields of the 16 messages that are not on the path of every call. An object literal is evaluated from
// top to bottom, so that the order of its properties is the order of the wire. Writing is in write-message.ts.

import { readPairs } from "./context.js";
import type { ErrorKind } from "../errors.js";
import type { ExportMetadata, MessageType, Role, WireMessage } from "./messages.js";
import type { Reader } from "./reader.js";

type ReaderOf<T extends MessageType> = (from: Reader) => Extract<WireMessage, { type: T }>;
type PlainReaders = {
  readonly [T in Exclude<MessageType, "Invoke" | "InvokeResult" | "StreamChunk">]: ReaderOf<T>;
};

/** Messages without fields; their payload is the bare name. */
export const unitMessages: ReadonlySet<string> = new Set<MessageType>([
  "Shutdown",
  "ShutdownAck",
  "ListExports",
  "HealthCheck",
]);

/** `from` stands behind the name. A message without fields has nothing left to read. */
export const plainReaders: PlainReaders = {
  Shutdown: () => ({ type: "Shutdown" }),
  ShutdownAck: () => ({ type: "ShutdownAck" }),
  ListExports: () => ({ type: "ListExports" }),
  HealthCheck: () => ({ type: "HealthCheck" }),
  Handshake: (from) => {
    from.arrayOf(4);
    return {
      type: "Handshake",
      protocolVersion: from.uint(),
      role: readRole(from),
      capabilities: from.uint(),
      maxFrameSize: from.uint(),
    };
  },
  HandshakeAck: (from) => {
    from.arrayOf(4);
    return {
      type: "HandshakeAck",
      protocolVersion: from.uint(),
      capabilities: from.uint(),
      serverId: readServerId(from),
      exportCount: from.uint(),
    };
  },
  ListExportsResult: (from) => {
    from.arrayOf(1);
    const exports: ExportMetadata[] = [];
    for (let left = from.arrayHeader(); left > 0; left--) exports.push(readExport(from));
    return { type: "ListExportsResult", exports };
  },
  InvokeError: (from) => {
    from.arrayOf(5);
    return {
      type: "InvokeError",
      requestId: from.u64(),
      code: from.uint(0xffff),
      kind: readKind(from),
      message: from.text(),
      details: from.nil() ? null : from.bin(),
    };
  },
  StreamStart: (from) => {
    from.arrayOf(2);
    return { type: "StreamStart", requestId: from.u64(), window: from.uint() };
  },
  StreamEnd: (from) => {
    from.arrayOf(2);
    return { type: "StreamEnd", requestId: from.u64(), totalChunks: from.u64() };
  },
  StreamError: (from) => {
    from.arrayOf(3);
    return { type: "StreamError", requestId: from.u64(), code: from.uint(0xffff), message: from.text() };
  },
  StreamAck: (from) => {
    from.arrayOf(3);
    return { type: "StreamAck", requestId: from.u64(), ackSequence: from.u64(), window: from.uint() };
  },
  Cancel: (from) => {
    from.arrayOf(1);
    return { type: "Cancel", requestId: from.u64() };
  },
  CancelAck: (from) => {
    from.arrayOf(1);
    return { type: "CancelAck", requestId: from.u64() };
  },
  LogEvent: (from) => {
    from.arrayOf(3);
    return { type: "LogEvent", level: from.name(), message: from.text(), fields: readPairs(from) };
  },
  HealthStatus: (from) => {
    from.arrayOf(3);
    return {
      type: "HealthStatus",
      uptimeMs: from.u64(),
      activeRequests: from.uint(),
      totalRequests: from.u64(),
    };
  },
};

function readRole(from: Reader): Role {
  const role = from.name();
  if (role === "Host" || role === "Worker") return role;
  throw from.refuse(`the role is ${JSON.stringify(role)}, but must be "Host" or "Worker"`);
}

function readKind(from: Reader): ErrorKind {
  const kind = from.name();
  if (kind === "User" || kind === "System" || kind === "Timeout" || kind === "Cancelled") return kind;
  throw from.refuse(`the error kind ${JSON.stringify(kind)} is not known`);
}

function readServerId(from: Reader): number[] {
  from.arrayOf(16);
  return Array.from({ length: 16 }, () => from.uint(0xff));
}

function readExport(from: Reader): ExportMetadata {
  from.arrayOf(5);
  return {
    name: from.text(),
    isAsync: from.boolean(),
    isStreaming: from.boolean(),
    paramsSchema: from.text(),
    returnSchema: from.text(),
  };
}
