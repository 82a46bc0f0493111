// What a supervisor does with each message of a host, in each state of the connection. This table is the specification:
// it has a cell for every pair, and the compiler sees to that.

import type { Message } from "../../src/protocol/messages.js";

type Type = Message["type"];

/** The types of what comes back, in order; `fatal` is InvokeError with id 0 and the close. */
export type Verdict = readonly (Type | "fatal" | "close")[];

const fatal: Verdict = ["fatal"];
const silent: Verdict = [];

/** Of the other role: a host never sends them. */
const foreign = {
  HandshakeAck: fatal,
  ShutdownAck: fatal,
  ListExportsResult: fatal,
  InvokeResult: fatal,
  InvokeError: fatal,
  CancelAck: fatal,
  LogEvent: fatal,
  HealthStatus: fatal,
} as const;

/** What does not depend on any call. */
const control = {
  ListExports: ["ListExportsResult"],
  HealthCheck: ["HealthStatus"],
  Handshake: fatal,
} as const;

/** Input frames, from a host that has announced no input or for a call without one. */
const inputOfNone = { StreamStart: fatal, StreamChunk: fatal, StreamEnd: fatal, StreamError: fatal } as const;

const beforeHandshake: Record<Type, Verdict> = {
  ...foreign,
  ...inputOfNone,
  Handshake: ["HandshakeAck"],
  Shutdown: fatal,
  ListExports: fatal,
  Invoke: fatal,
  StreamAck: fatal,
  Cancel: fatal,
  HealthCheck: fatal,
};

/** Open; the message is about an id that is not in flight, and no call is. */
const idle: Record<Type, Verdict> = {
  ...foreign,
  ...control,
  ...inputOfNone,
  Shutdown: ["ShutdownAck", "close"],
  Invoke: silent,
  StreamAck: silent,
  Cancel: ["CancelAck"],
};

/** The message is about a call in flight, which is not streaming and has no input. */
const calling: Record<Type, Verdict> = { ...idle, Shutdown: silent, Invoke: fatal, StreamAck: fatal };

const closed = Object.fromEntries(Object.keys(idle).map((type) => [type, silent])) as unknown as Record<
  Type,
  Verdict
>;

export const hostTable = {
  handshaking: beforeHandshake,
  idle,
  /** As idle, but an input was announced before: what is left of it may be under way. */
  afterInput: { ...idle, StreamStart: silent, StreamChunk: silent, StreamEnd: silent, StreamError: silent },
  calling,
  /** Its worker has said StreamStart and sent one chunk. */
  streaming: { ...calling, StreamAck: silent },
  /** It has announced an input, and not begun it. */
  announced: { ...calling, StreamStart: silent },
  /** It has begun an input, and sent nothing of it. */
  giving: { ...calling, StreamChunk: silent, StreamEnd: silent, StreamError: silent },
  /** Its input has ended. */
  given: calling,
  /** Told to shut down with a call in flight; the message is about another id. */
  leaving: { ...idle, Shutdown: silent, Invoke: ["InvokeError"] },
  closed,
} as const satisfies Record<string, Record<Type, Verdict>>;

export type HostState = keyof typeof hostTable;
