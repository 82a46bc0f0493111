// Messages by the field names of the wire, and back: the protocol's tables and the scenarios say request_id, the code
// says requestId. Also builds a message from a scenario's fields. Pure.

import { capability, protocolVersion, type Message, type MessageType } from "../../protocol/messages.js";
import type { Side, JsonMap } from "./scenario.js";
import { valueOf, type Variables } from "./values.js";

/** What a tester can do on a link: everything but compression. */
export const testerCapabilities = capability.streaming | capability.cancellation | capability.inputStream;

const noContext = { trace_id: 0, span_id: 0, headers: [], auth: null };

/** Fields that a step need not name. */
const defaults: Partial<Record<MessageType, Readonly<Record<string, unknown>>>> = {
  Handshake: {
    protocol_version: protocolVersion,
    role: "Host",
    capabilities: testerCapabilities,
    max_frame_size: 104_857_600,
  },
  HandshakeAck: {
    protocol_version: protocolVersion,
    capabilities: 0,
    server_id: Array.from({ length: 16 }, (_, at) => at),
    export_count: 0,
  },
  Invoke: { params: new Uint8Array(0), deadline_ms: 0, context: noContext },
};

/** A message as it is sent; `known` are fields that the conversation fills in, below those of the step. */
export function messageFrom(
  type: MessageType,
  fields: JsonMap,
  variables: Variables,
  known: Readonly<Record<string, unknown>> = {},
): Message {
  const given = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, valueOf(value, variables)]),
  );
  const context = { ...noContext, ...(given["context"] as object | undefined) };
  const all = { ...defaults[type], ...known, ...given, ...(type === "Invoke" ? { context } : {}) };
  // A scenario is trusted with the types of its fields; the encoder refuses what does not fit.
  return { type, ...(renamed(all, camelCase) as object) } as Message;
}

/** The fields of a message by their names on the wire. */
export function fieldsOf(message: Message): Readonly<Record<string, unknown>> {
  const { type: _, ...fields } = message;
  return renamed(fields, snakeCase) as Readonly<Record<string, unknown>>;
}

/**
 * Within a lane frames have an order, between lanes they have none: everything that answers one call, the acks of one
 * Cancel, the acks of one stream, and each other type by itself.
 */
export function laneOf(type: MessageType, requestId: unknown): string {
  const id = typeof requestId === "number" || typeof requestId === "bigint" ? String(requestId) : "?";
  switch (type) {
    case "InvokeResult":
    case "InvokeError":
    case "StreamStart":
    case "StreamChunk":
    case "StreamEnd":
    case "StreamError":
      return `call ${id}`;
    case "CancelAck":
    case "StreamAck":
      return `${type} ${id}`;
    default:
      return type;
  }
}

/** What an error tells of the peer under test. */
export function nameOf(side: Side): string {
  return side === "worker" ? "the worker" : "the supervisor";
}

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => renamed(item, rename));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [rename(name), renamed(item, rename)]),
  );
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
