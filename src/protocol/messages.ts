// The vocabulary of the wire: the 19 messages of protocol 1.0 by name, with their fields and type codes.
// Types and constants only; how they become bytes is codec.ts's business.

import type { ErrorKind } from "../errors.js";

/** Version 1.0; both sides compare for equality. */
export const protocolVersion = 0x0001_0000;

/** Bits of Handshake.capabilities; the link has what both sides offer. */
export const capability = { streaming: 1, cancellation: 2, compression: 4, inputStream: 8 } as const;

export type Role = "Host" | "Worker";
/** A u64: a number up to 2^53-1, a bigint above. */
export type U64 = number | bigint;

export interface AuthContext {
  readonly userId: string;
  readonly roles: readonly string[];
}

export interface RequestContext {
  readonly traceId: U64;
  readonly spanId: U64;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly auth: AuthContext | null;
}

/** One exported function; both schemas are JSON Schema as text, "{}" where there is none to tell. */
export interface ExportMetadata {
  readonly name: string;
  readonly isAsync: boolean;
  readonly isStreaming: boolean;
  readonly paramsSchema: string;
  readonly returnSchema: string;
}

export interface Handshake {
  readonly type: "Handshake";
  readonly protocolVersion: number;
  readonly role: Role;
  readonly capabilities: number;
  readonly maxFrameSize: number;
}
export interface HandshakeAck {
  readonly type: "HandshakeAck";
  readonly protocolVersion: number;
  readonly capabilities: number;
  /** 16 bytes as numbers: the same on every connection of one supervisor's life. */
  readonly serverId: readonly number[];
  readonly exportCount: number;
}
export interface Shutdown {
  readonly type: "Shutdown";
}
export interface ShutdownAck {
  readonly type: "ShutdownAck";
}
export interface ListExports {
  readonly type: "ListExports";
}
export interface ListExportsResult {
  readonly type: "ListExportsResult";
  readonly exports: readonly ExportMetadata[];
}
export interface Invoke {
  readonly type: "Invoke";
  readonly requestId: U64;
  readonly functionName: string;
  /** A MessagePack document of its own: a map, nil, or empty for none. */
  readonly params: Uint8Array;
  readonly deadlineMs: number;
  readonly context: RequestContext;
}
export interface InvokeResult {
  readonly type: "InvokeResult";
  readonly requestId: U64;
  /** A MessagePack document of its own; empty is "no value". */
  readonly result: Uint8Array;
  readonly durationUs: U64;
}
export interface InvokeError {
  readonly type: "InvokeError";
  readonly requestId: U64;
  readonly code: number;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly details: Uint8Array | null;
}
export interface StreamStart {
  readonly type: "StreamStart";
  readonly requestId: U64;
  readonly window: number;
}
export interface StreamChunk {
  readonly type: "StreamChunk";
  readonly requestId: U64;
  readonly sequence: U64;
  readonly data: Uint8Array;
}
export interface StreamEnd {
  readonly type: "StreamEnd";
  readonly requestId: U64;
  readonly totalChunks: U64;
}
export interface StreamError {
  readonly type: "StreamError";
  readonly requestId: U64;
  readonly code: number;
  readonly message: string;
}
export interface StreamAck {
  readonly type: "StreamAck";
  readonly requestId: U64;
  readonly ackSequence: U64;
  readonly window: number;
}
export interface Cancel {
  readonly type: "Cancel";
  readonly requestId: U64;
}
export interface CancelAck {
  readonly type: "CancelAck";
  readonly requestId: U64;
}
export interface LogEvent {
  readonly type: "LogEvent";
  readonly level: string;
  readonly message: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}
export interface HealthCheck {
  readonly type: "HealthCheck";
}
export interface HealthStatus {
  readonly type: "HealthStatus";
  readonly uptimeMs: U64;
  readonly activeRequests: number;
  readonly totalRequests: U64;
}

export type Message =
  | Handshake
  | HandshakeAck
  | Shutdown
  | ShutdownAck
  | ListExports
  | ListExportsResult
  | Invoke
  | InvokeResult
  | InvokeError
  | StreamStart
  | StreamChunk
  | StreamEnd
  | StreamError
  | StreamAck
  | Cancel
  | CancelAck
  | LogEvent
  | HealthCheck
  | HealthStatus;

export type MessageType = Message["type"];

/**
 * An Invoke as the runtime itself carries it: the context stays the bytes it came as (shape, UTF-8 and bounds
 * already checked), because a supervisor copies it and a worker decodes it only when a function asks.
 */
export interface WireInvoke extends Omit<Invoke, "context"> {
  readonly contextBytes: Uint8Array;
}

/** What links carry inside the runtime: every message, Invoke with its context unopened. */
export type WireMessage = Exclude<Message, Invoke> | WireInvoke;

export const messageCode = {
  Handshake: 0x01,
  HandshakeAck: 0x02,
  Shutdown: 0x03,
  ShutdownAck: 0x04,
  ListExports: 0x10,
  ListExportsResult: 0x11,
  Invoke: 0x20,
  InvokeResult: 0x21,
  InvokeError: 0x22,
  StreamStart: 0x30,
  StreamChunk: 0x31,
  StreamEnd: 0x32,
  StreamError: 0x33,
  StreamAck: 0x34,
  Cancel: 0x40,
  CancelAck: 0x41,
  LogEvent: 0x50,
  HealthCheck: 0x60,
  HealthStatus: 0x61,
} as const satisfies Record<MessageType, number>;
