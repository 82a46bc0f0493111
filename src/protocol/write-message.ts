// The fields of the 17 messages that are not on the path of every call, in the order of the wire, for the library
// to write. Invoke and InvokeResult are in invoke.ts, StreamChunk in stream-chunk.ts, reading is in read-message.ts.

import { bool, bytes, oneOf, pairs, serverId, text, u64, uint } from "./fields.js";
import type { ExportMetadata, Invoke, InvokeResult, Message, StreamChunk, U64 } from "./messages.js";
import { exactInteger } from "./msgpack.js";

export type PlainMessage = Exclude<Message, Invoke | InvokeResult | StreamChunk>;

/** The document of a message: its bare name, or a map of the name to the array of its fields. */
export function documentOf(message: PlainMessage): unknown {
  const fields = fieldsOf(message);
  return fields === undefined ? message.type : { [message.type]: fields };
}

function fieldsOf(message: PlainMessage): unknown[] | undefined {
  switch (message.type) {
    case "Shutdown":
    case "ShutdownAck":
    case "ListExports":
    case "HealthCheck":
      return undefined;
    case "Handshake":
      return [
        uint("protocolVersion", message.protocolVersion),
        oneOf("role", message.role, ["Host", "Worker"]),
        uint("capabilities", message.capabilities),
        uint("maxFrameSize", message.maxFrameSize),
      ];
    case "HandshakeAck":
      return [
        uint("protocolVersion", message.protocolVersion),
        uint("capabilities", message.capabilities),
        serverId("serverId", message.serverId),
        uint("exportCount", message.exportCount),
      ];
    case "ListExportsResult":
      return [message.exports.map(exportFields)];
    case "InvokeError":
      return [
        id(message.requestId),
        uint("code", message.code, 0xffff),
        oneOf("kind", message.kind, ["User", "System", "Timeout", "Cancelled"]),
        text("message", message.message),
        message.details === null ? null : bytes("details", message.details),
      ];
    case "StreamStart":
      return [id(message.requestId), uint("window", message.window)];
    case "StreamEnd":
      return [id(message.requestId), wide("totalChunks", message.totalChunks)];
    case "StreamError":
      return [id(message.requestId), uint("code", message.code, 0xffff), text("message", message.message)];
    case "StreamAck":
      return [
        id(message.requestId),
        wide("ackSequence", message.ackSequence),
        uint("window", message.window),
      ];
    case "Cancel":
    case "CancelAck":
      return [id(message.requestId)];
    case "LogEvent":
      return [
        text("level", message.level),
        text("message", message.message),
        pairs("fields", message.fields),
      ];
    case "HealthStatus":
      return [
        wide("uptimeMs", message.uptimeMs),
        uint("activeRequests", message.activeRequests),
        wide("totalRequests", message.totalRequests),
      ];
  }
}

function exportFields(metadata: ExportMetadata): unknown[] {
  return [
    text("exports.name", metadata.name),
    bool("exports.isAsync", metadata.isAsync),
    bool("exports.isStreaming", metadata.isStreaming),
    text("exports.paramsSchema", metadata.paramsSchema),
    text("exports.returnSchema", metadata.returnSchema),
  ];
}

function wide(field: string, value: U64): U64 {
  return exactInteger(u64(field, value));
}

function id(value: U64): U64 {
  return wide("requestId", value);
}
