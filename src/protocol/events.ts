// What each message is as an event of the control plane: a command in the imperative, a fact in the past tense.
// The one table between the wire's names and the machines'; the compiler refuses a message without an event.

import type { MessageType, WireMessage } from "./messages.js";

export const wireEventTypes = {
  Handshake: "handshake.received",
  HandshakeAck: "handshake.acknowledged",
  Shutdown: "shutdown.request",
  ShutdownAck: "shutdown.acknowledged",
  ListExports: "exports.list",
  ListExportsResult: "exports.listed",
  Invoke: "call.invoke",
  InvokeResult: "result.received",
  InvokeError: "error.received",
  StreamStart: "stream.started",
  StreamChunk: "chunk.received",
  StreamEnd: "stream.ended",
  StreamError: "stream.failed",
  StreamAck: "chunk.acknowledged",
  Cancel: "call.cancel",
  CancelAck: "cancel.acknowledged",
  LogEvent: "log.received",
  HealthCheck: "health.check",
  HealthStatus: "health.answered",
} as const satisfies Record<MessageType, `${string}.${string}`>;

export type WireEventType = (typeof wireEventTypes)[MessageType];

type WireEvents = {
  readonly [T in MessageType]: {
    readonly type: (typeof wireEventTypes)[T];
    readonly message: Extract<WireMessage, { type: T }>;
  };
};
export type WireEvent = WireEvents[MessageType];

export function toWireEvent(message: WireMessage): WireEvent {
  const type: WireEventType = wireEventTypes[message.type];
  // The compiler cannot see that both fields follow from the one type; the table above is what makes it so.
  return { type, message } as WireEvent;
}
