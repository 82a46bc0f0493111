// Short names for the events of hand-made histories, and the history of one good call, of which each case of the
// tests replaces a part.

import type {
  History,
  HostEvent,
  SupervisorEvent,
  WorkerEvent,
} from "../../../src/testing/history/events.js";

export const keyOf = (callerId: number, requestId: number) => `k${String(callerId)}/${String(requestId)}`;

export const invoke = (callerId: number, requestId: number, functionName = "f"): HostEvent => ({
  kind: "invoke",
  callerId,
  requestId,
  functionName,
  key: keyOf(callerId, requestId),
  atMs: 0,
});
export const cancel = (callerId: number, requestId: number, isOwnLimit = false): HostEvent => ({
  kind: "cancel",
  callerId,
  requestId,
  atMs: 0,
  isOwnLimit,
});
export const gone = (callerId: number): HostEvent => ({ kind: "gone", callerId, atMs: 0 });
export const outcome = (callerId: number, requestId: number, code: number, key?: string): HostEvent => ({
  kind: "outcome",
  callerId,
  requestId,
  code,
  atMs: 0,
  ...(key === undefined ? {} : { key }),
});

const entry = (fields: Partial<SupervisorEvent> & Pick<SupervisorEvent, "kind">): SupervisorEvent => ({
  atMs: 0,
  callId: 0,
  instance: 0,
  code: 0,
  deadlineMs: 0,
  functionName: "",
  callerId: 0,
  requestId: 0,
  ...fields,
});
export const accept = (
  callerId: number,
  requestId: number,
  callId: number,
  functionName = "f",
  deadlineMs = 1000,
): SupervisorEvent => entry({ kind: "accept", callerId, requestId, callId, functionName, deadlineMs });
export const enqueue = (
  callerId: number,
  requestId: number,
  callId: number,
  functionName = "f",
  deadlineMs = 1000,
): SupervisorEvent => entry({ kind: "enqueue", callerId, requestId, callId, functionName, deadlineMs });
export const reject = (
  callerId: number,
  requestId: number,
  code: number,
  functionName = "f",
  atMs = 0,
): SupervisorEvent => entry({ kind: "reject", callerId, requestId, code, functionName, atMs });
export const dispatch = (callId: number, instance: number): SupervisorEvent =>
  entry({ kind: "dispatch", callId, instance });
export const settle = (callId: number, instance: number, code: number, atMs = 0): SupervisorEvent =>
  entry({ kind: "settle", callId, instance, code, atMs });
export const release = (callId: number, instance: number): SupervisorEvent =>
  entry({ kind: "release", callId, instance });
export const late = (callId: number, instance: number): SupervisorEvent =>
  entry({ kind: "late", callId, instance });
export const process = (
  kind: "spawn" | "ready" | "drain" | "exit",
  instance: number,
  pid: number,
): SupervisorEvent => entry({ kind, instance, code: pid });

export const start = (key: string, pid: number): WorkerEvent => ({ kind: "start", key, pid, atMs: 0 });
export const end = (key: string, pid: number): WorkerEvent => ({ kind: "end", key, pid, atMs: 0 });

/** Process 1 with the pid 100 is up; caller 1 invokes f as request 1, which becomes call 1 and has a result. */
export const oneGoodCall: History = {
  host: [invoke(1, 1), outcome(1, 1, 0, keyOf(1, 1))],
  supervisor: [
    process("spawn", 1, 100),
    process("ready", 1, 100),
    accept(1, 1, 1),
    dispatch(1, 1),
    settle(1, 1, 0),
    release(1, 1),
  ],
  worker: [start(keyOf(1, 1), 100), end(keyOf(1, 1), 100)],
  limits: { maxInFlight: 2, maxInFlightPerFunction: 1 },
  ended: true,
};
