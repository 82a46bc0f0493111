// What a worker does with each message of its supervisor, in each state of the session. This table is the specification: it
// has a cell for every pair, and the compiler sees to that.

import type { Message } from "../../src/protocol/messages.js";

type Type = Message["type"];

/** The types of what goes back, in order; `refused`: it closes the link without a word, and ends. */
export type WorkerVerdict = readonly (Type | "refused")[];

const refused: WorkerVerdict = ["refused"];
const silent: WorkerVerdict = [];

/** Of the other role, or of another moment: a supervisor never sends them to a worker that it has greeted. */
const foreign = {
  Handshake: refused,
  HandshakeAck: refused,
  ShutdownAck: refused,
  ListExportsResult: refused,
  InvokeResult: refused,
  InvokeError: refused,
  CancelAck: refused,
  LogEvent: refused,
  HealthStatus: refused,
} as const;

const all = (verdict: WorkerVerdict): Record<Type, WorkerVerdict> => ({
  ...(Object.fromEntries(Object.keys(foreign).map((type) => [type, verdict])) as Record<
    keyof typeof foreign,
    WorkerVerdict
  >),
  Shutdown: verdict,
  ListExports: verdict,
  Invoke: verdict,
  StreamStart: verdict,
  StreamChunk: verdict,
  StreamEnd: verdict,
  StreamError: verdict,
  StreamAck: verdict,
  Cancel: verdict,
  HealthCheck: verdict,
});

/** Greeted; its functions are being loaded. */
const loading: Record<Type, WorkerVerdict> = {
  ...foreign,
  Shutdown: ["ShutdownAck"],
  // Answered once there is something to list.
  ListExports: silent,
  Invoke: ["InvokeError"],
  StreamStart: silent,
  StreamChunk: silent,
  StreamEnd: silent,
  StreamError: silent,
  StreamAck: silent,
  Cancel: ["CancelAck"],
  HealthCheck: ["HealthStatus"],
};

/** The message is about an id that is not in flight, and no call is. */
const serving: Record<Type, WorkerVerdict> = {
  ...loading,
  ListExports: ["ListExportsResult"],
  Invoke: silent,
};

/** The message is about a call in flight, which does not stream and has no input. */
const calling: Record<Type, WorkerVerdict> = {
  ...serving,
  Shutdown: silent,
  Invoke: refused,
  StreamStart: refused,
  StreamChunk: refused,
  StreamEnd: refused,
  StreamError: refused,
  StreamAck: refused,
};

export const workerTable = {
  greeting: { ...all(refused), HandshakeAck: silent },
  loading,
  serving,
  calling,
  /** It has an input that was announced, and not begun. */
  announced: { ...calling, StreamStart: silent },
  /** Its input has begun, and nothing of it has come. */
  giving: { ...calling, StreamChunk: silent, StreamEnd: silent, StreamError: silent },
  /** Its input has ended. */
  given: calling,
  /** Told to shut down with a call in flight; the message is about another id. */
  draining: { ...serving, Shutdown: silent, Invoke: ["InvokeError"] },
  finished: all(silent),
} as const satisfies Record<string, Record<Type, WorkerVerdict>>;

export type WorkerSessionState = keyof typeof workerTable;
