// What a caller may rely on of one call, and whoever counts slots: which answer it gets when, that it gets one, and how long
// its slot is taken. Written from that side; of dispatch it knows nothing.

import { assign, createMachine } from "xstate";

interface Facts {
  isStream: boolean;
  hasStarted: boolean;
  /** It was cancelled once more while its worker had time to answer; that gives it no more. */
  isSaidAgain: boolean;
  /** Its worker was told on, for what it owes. */
  isToldOn: boolean;
}

export type CallModelEvent = {
  type:
    /** With a worker and a slot; of a function, of a stream. */
    | "called"
    | "stream.called"
    /** With a slot, and a worker that is still to come. */
    | "called.early"
    /** Nobody is there, and nobody comes. */
    | "called.inVain"
    /** Another call has the one slot; the one place in the queue too. */
    | "called.behind"
    | "called.amidCrowd"
    | "slot.freed"
    | "worker.ready"
    | "worker.given.up"
    | "worker.exited"
    | "result"
    | "error"
    | "stream.started"
    | "stream.ended"
    /** The caller waits on for the worker's word, or does not. */
    | "cancelled"
    | "cancelled.now"
    | "drain.ended"
    | "closed"
    /** As long as what it waits for may take. */
    | "time.passed";
};

const notes = (change: Partial<Facts>) =>
  assign<Facts, CallModelEvent, undefined, CallModelEvent, never>(change);

/** Its worker has answered, or will not any more: answer and slot go together. */
const ends = (code: number) => ({ target: "settled", actions: `answers ${String(code)}` });
/** The caller hears now; the worker has still to be done with it. */
const owes = (code: number) => ({ target: "answered", actions: `answers ${String(code)}` });
const refuses = (code: number) => ({ target: "refused", actions: `answers ${String(code)}` });

const toAWorker = {
  result: ends(0),
  error: ends(2000),
  "stream.ended": ends(0),
  "worker.exited": ends(2003),
  "drain.ended": owes(2002),
  closed: ends(2002),
  "cancelled.now": owes(2002),
} as const;

export const callModel = createMachine({
  types: {} as { context: Facts; events: CallModelEvent },
  initial: "arriving",
  context: { isStream: false, hasStarted: false, isSaidAgain: false, isToldOn: false },
  states: {
    arriving: {
      on: {
        called: "dispatched",
        "stream.called": { target: "dispatched", actions: notes({ isStream: true }) },
        "called.early": "queued",
        "called.inVain": refuses(3001),
        "called.behind": "waiting",
        "called.amidCrowd": refuses(3002),
      },
    },
    waiting: {
      on: {
        "slot.freed": "dispatched",
        cancelled: refuses(2002),
        "cancelled.now": refuses(2002),
        closed: refuses(3001),
        "time.passed": refuses(3002),
      },
    },
    queued: {
      on: {
        "worker.ready": "dispatched",
        "worker.given.up": ends(3001),
        cancelled: ends(2002),
        "cancelled.now": ends(2002),
        "drain.ended": ends(2002),
        closed: ends(2002),
        "time.passed": ends(2001),
      },
    },
    dispatched: {
      on: {
        ...toAWorker,
        "stream.started": { target: "streaming", actions: notes({ hasStarted: true }) },
        cancelled: "cancelling",
        "time.passed": owes(2001),
      },
    },
    streaming: { on: { ...toAWorker, cancelled: "cancelling", "time.passed": owes(2001) } },
    cancelling: {
      exit: notes({ isSaidAgain: false }),
      on: {
        ...toAWorker,
        cancelled: { actions: notes({ isSaidAgain: true }) },
        "stream.started": { actions: notes({ hasStarted: true }) },
        "time.passed": {
          target: "answered",
          actions: ["answers 2002", "tells on", notes({ isToldOn: true })],
        },
      },
    },
    answered: {
      on: {
        result: "settled",
        error: "settled",
        "stream.ended": "settled",
        "worker.exited": "settled",
        closed: "settled",
        "stream.started": { actions: notes({ hasStarted: true }) },
        "time.passed": {
          guard: ({ context }) => !context.isToldOn,
          actions: ["tells on", notes({ isToldOn: true })],
        },
      },
    },
    settled: { type: "final" },
    refused: { type: "final" },
  },
});

export const allowedMs = 5000;
export const graceMs = 2000;
export const queueWaitMs = 1000;

/** How long it waits in a state. */
export function callWaitMs(value: unknown): number {
  if (value === "waiting") return queueWaitMs;
  return value === "cancelling" || value === "answered" ? graceMs : allowedMs;
}

interface State {
  readonly value: unknown;
  readonly context: Facts;
}

/** What callers and the world can do there. A worker answers what it has, once, and starts a stream once. */
export function callCases({ value, context: { isStream, hasStarted } }: State): CallModelEvent[] {
  const types: CallModelEvent["type"][] = [];
  if (value === "arriving") {
    types.push(
      "called",
      "stream.called",
      "called.early",
      "called.inVain",
      "called.behind",
      "called.amidCrowd",
    );
    return types.map((type) => ({ type }));
  }
  types.push("cancelled", "cancelled.now", "time.passed", "closed");
  if (value === "waiting") types.push("slot.freed");
  else types.push("drain.ended");
  if (value === "queued") types.push("worker.ready", "worker.given.up");
  if (value !== "waiting" && value !== "queued") {
    types.push("error", "worker.exited", hasStarted ? "stream.ended" : "result");
    if (isStream && !hasStarted) types.push("stream.started");
  }
  return types.map((type) => ({ type }));
}
