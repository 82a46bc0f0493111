// The published entry `splice-runtime/protocol`: the wire for whoever writes a worker, a host or a tool.

export { encode } from "./codec.js";
export { Decoder, type DecoderOptions } from "./decoder.js";
export { ProtocolError, type ProtocolErrorReason } from "./protocol-error.js";
export {
  type AuthContext,
  type Cancel,
  type CancelAck,
  capability,
  type ExportMetadata,
  type Handshake,
  type HandshakeAck,
  type HealthCheck,
  type HealthStatus,
  type Invoke,
  type InvokeError,
  type InvokeResult,
  type ListExports,
  type ListExportsResult,
  type LogEvent,
  type Message,
  type MessageType,
  protocolVersion,
  type RequestContext,
  type Role,
  type Shutdown,
  type ShutdownAck,
  type StreamAck,
  type StreamChunk,
  type StreamEnd,
  type StreamError,
  type StreamStart,
  type U64,
} from "./messages.js";
