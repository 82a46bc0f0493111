// What a program may rely on of its supervisor, of two pools of one worker each: when it takes calls, what it tells, and
// that it brings all down. The first pool is always there; the second may be removed and added. Of charts it knows nothing.

import { assign, createMachine } from "xstate";

/** `refused`: its worker is being killed, as what it exports has a home. `leaving`: the pool is being removed. */
type Second = "absent" | "coming" | "up" | "refused" | "leaving" | "down";

interface Pools {
  a: "coming" | "up" | "down";
  b: Second;
  /** Each has had a ready worker. */
  aServed: boolean;
  bServed: boolean;
  /** The start did. */
  hasFailed: boolean;
  /** Told to stop while it was stopping. */
  isHurried: boolean;
}

export type SupervisorModelEvent = {
  type:
    | "a.ready"
    | "a.ended"
    /** A call of it is overdue, so that its worker goes and another comes. */
    | "a.replaced"
    /** It is reloaded: a worker of new code comes up, and the old one ends its calls. */
    | "a.reloaded"
    /** Its breaker is tripped, and reset. */
    | "a.news"
    | "b.ready"
    | "b.ended"
    /** It gets ready, with a function that the first pool has. */
    | "b.clashes"
    | "pool.add"
    | "pool.remove"
    | "stop"
    | "drain"
    | "calls.drained"
    /** As long as a drain may take. */
    | "time.passed";
};

interface Next {
  readonly guard?: (now: Pools) => boolean;
  readonly target?: string;
  readonly set?: Partial<Pools>;
  readonly says?: readonly string[];
}

function next({ guard, target, set = {}, says = [] }: Next) {
  return {
    ...(guard && { guard: ({ context }: { context: Pools }) => guard(context) }),
    ...(target !== undefined && { target }),
    actions: [...says, assign<Pools, SupervisorModelEvent, undefined, SupervisorModelEvent, never>(set)],
  };
}

const ready = "emits worker.ready";
const exited = "emits worker.exited";
const draining = "emits supervisor.draining";
const replaced = next({ set: { a: "coming" }, says: ["emits worker.condemned", exited] });
const news = next({ says: ["emits breaker.opened", "emits breaker.closed"] });

const isOver = "emits reload.finished";
const came = [ready, "emits generation.promoted", exited, "emits generation.drained", isOver];
const reloaded = [
  next({ guard: ({ aServed }) => aServed, set: { a: "up" }, says: came }),
  // What is not in service yet is not reloaded.
  next({ says: [isOver] }),
];

/** A start goes on until each has had a ready worker, and ends with the first that never gets there. */
function beginning(complete: string) {
  return {
    "a.ready": [
      next({
        guard: ({ bServed }) => bServed,
        target: complete,
        set: { a: "up", aServed: true },
        says: [ready],
      }),
      next({ set: { a: "up", aServed: true }, says: [ready] }),
    ],
    "b.ready": [
      next({
        guard: ({ aServed }) => aServed,
        target: complete,
        set: { b: "up", bServed: true },
        says: [ready],
      }),
      next({ set: { b: "up", bServed: true }, says: [ready] }),
    ],
    "a.ended": [
      next({ guard: ({ aServed }) => aServed, set: { a: "coming" }, says: [exited] }),
      next({ target: "stopping", set: { a: "down", hasFailed: true }, says: [exited] }),
    ],
    "b.ended": [
      next({ guard: ({ bServed }) => bServed, set: { b: "coming" }, says: [exited] }),
      next({ target: "stopping", set: { b: "down", hasFailed: true }, says: [exited] }),
    ],
    "b.clashes": next({ target: "stopping", set: { b: "up", hasFailed: true } }),
    "a.replaced": replaced,
    "a.reloaded": reloaded,
    "a.news": news,
    stop: "stopping",
  };
}

/** Whether new calls are taken or not: whoever ends is started again, and a pool that cannot be had is gone. */
const serving = {
  "a.ready": next({ set: { a: "up" }, says: [ready] }),
  "a.ended": next({ set: { a: "coming" }, says: [exited] }),
  "a.replaced": replaced,
  "a.reloaded": reloaded,
  "a.news": news,
  "b.ready": next({ set: { b: "up", bServed: true }, says: [ready] }),
  "b.clashes": [
    next({ guard: ({ bServed }) => bServed, set: { b: "refused" } }),
    next({ set: { b: "leaving" }, says: ["emits pool.failed"] }),
  ],
  "b.ended": [
    next({
      guard: ({ b }) => b === "leaving",
      set: { b: "absent", bServed: false },
      says: [exited, "emits pool.removed"],
    }),
    next({ guard: ({ bServed }) => bServed, set: { b: "coming" }, says: [exited] }),
    next({ set: { b: "absent" }, says: [exited, "emits pool.failed", "emits pool.removed"] }),
  ],
  "pool.remove": next({ guard: ({ b }) => b !== "absent", set: { b: "leaving" } }),
};

/** Of `one` that ends when the other has nothing left. */
function lastOf(one: "a" | "b", isOtherDown: (now: Pools) => boolean) {
  const set = { [one]: "down" };
  return [
    next({ guard: (now) => isOtherDown(now) && now.hasFailed, target: "failed", set, says: [exited] }),
    next({ guard: isOtherDown, target: "stopped", set, says: [exited] }),
    next({ set, says: [exited] }),
  ];
}

export const supervisorModel = createMachine({
  types: {} as { context: Pools; events: SupervisorModelEvent },
  initial: "starting",
  context: { a: "coming", b: "coming", aServed: false, bServed: false, hasFailed: false, isHurried: false },
  states: {
    starting: {
      on: { ...beginning("running"), drain: { target: "startingRefusing", actions: draining } },
    },
    startingRefusing: { on: beginning("refusing") },
    running: {
      on: {
        ...serving,
        "pool.add": next({ guard: ({ b }) => b === "absent", set: { b: "coming" } }),
        stop: { target: "draining", actions: [draining, "asks awaitDrain"] },
        drain: { target: "refusing", actions: draining },
      },
    },
    refusing: { on: { ...serving, stop: { target: "draining", actions: "asks awaitDrain" } } },
    draining: {
      on: {
        ...serving,
        stop: { target: "stopping", actions: "asks endDrain" },
        "calls.drained": "stopping",
        "time.passed": { target: "stopping", actions: "asks endDrain" },
      },
    },
    stopping: {
      on: {
        "a.ended": lastOf("a", ({ b }) => b === "down" || b === "absent"),
        "b.ended": lastOf("b", ({ a }) => a === "down"),
        stop: next({ set: { isHurried: true } }),
      },
    },
    stopped: { type: "final" },
    failed: { type: "final" },
  },
});

interface State {
  readonly value: unknown;
  readonly context: Pools;
}

/** Commands may come at any time; of the world only what it can do there. */
export function supervisorCases({ value, context: { a, b, aServed } }: State): SupervisorModelEvent[] {
  const types: SupervisorModelEvent["type"][] = ["stop", "drain", "pool.add", "pool.remove", "a.news"];
  types.push("a.reloaded");
  const isStopping = value === "stopping";
  if (a !== "down") types.push("a.ended");
  if (b !== "down" && b !== "absent") types.push("b.ended");
  if (a === "up" && !isStopping) types.push("a.replaced");
  if (a === "coming" && !isStopping) types.push("a.ready");
  if (b === "coming" && !isStopping) types.push("b.ready");
  if (b === "coming" && !isStopping && aServed) types.push("b.clashes");
  if (value === "draining") types.push("time.passed");
  if (value === "draining" || isStopping) types.push("calls.drained");
  return types.map((type) => ({ type }));
}
