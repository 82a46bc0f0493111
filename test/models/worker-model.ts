// What a pool may rely on of one of its workers: where it is, what it has been asked to do, and how its end is told.
// Written from that side: it knows the process, its link and the clock, and nothing of the chart.

import { assign, createMachine } from "xstate";

export const drainMs = 3000;
export const condemnDrainMs = 6000;
export const startDelayMs = 100;

/** What one process has come to. */
interface WorkerFacts {
  isSpawned: boolean;
  link: "none" | "open" | "closed";
  /** Its end will be told as one that was asked for. */
  isAsked: boolean;
  /** Its end will be told as one of a process that served calls. */
  hasServed: boolean;
  /** Told to go while a call of it was overdue. */
  isHurried: boolean;
  /** It answered nothing at all when it was examined. */
  isNumb: boolean;
}

export type WorkerModelEvent =
  | { type: "worker.start" | "worker.stop" | "worker.drain" | "worker.hold" | "worker.condemn" }
  | { type: "worker.kill" | "worker.refuse" }
  | { type: "process.spawned" | "process.failed" | "process.exited" }
  | { type: "link.opened" | "link.closed" | "link.breached" | "handshake.refused" | "exports.listed" }
  | { type: "health.answered" | "health.missedOnce" | "health.missedThrice" }
  | { type: "calls.drained" | "use.exceeded" }
  | { type: "examined.stuck" | "examined.well" | "examined.numb" }
  /** As long as whatever it waits for may take; an hour where it waits for nothing. */
  | { type: "time.passed" };

const fresh: WorkerFacts = {
  isSpawned: false,
  link: "none",
  isAsked: false,
  hasServed: false,
  isHurried: false,
  isNumb: false,
};

const facts = (change: Partial<WorkerFacts>) =>
  assign<WorkerFacts, WorkerModelEvent, undefined, WorkerModelEvent, never>(change);
const asked = facts({ isAsked: true });
const closed = facts({ link: "closed" });
/** Who answers, but not that call, is ended as one that was asked to; who answers nothing has died of it. */
const overdue = assign<WorkerFacts, WorkerModelEvent, undefined, WorkerModelEvent, never>(({ context }) => ({
  isAsked: context.isAsked || !context.isNumb,
}));

/** Of one that is ready when it has said what it exports, and of one that has to answer a health check as well. */
export const workerModel = modelOf("ready");
export const newWorkerModel = modelOf("proving");

function modelOf(afterExports: "ready" | "proving") {
  return createMachine({
    types: {} as { context: WorkerFacts; events: WorkerModelEvent },
    initial: "process",
    context: fresh,
    states: {
      process: {
        initial: "coming",
        entry: [assign(fresh), "asks process"],
        on: {
          "process.spawned": { actions: facts({ isSpawned: true }) },
          "process.failed": { target: "exited", actions: facts({ hasServed: false }) },
          "process.exited": [
            { guard: ({ context }) => context.link === "open", target: ".reaping" },
            { target: "exited" },
          ],
          "link.opened": { actions: facts({ link: "open" }) },
          "link.closed": { actions: closed },
          // Whatever it is doing: who breaks the protocol is killed, and it is his doing.
          "link.breached": ".killing",
          "worker.stop": { target: ".terminating", actions: asked },
          "worker.drain": { target: ".terminating", actions: asked },
          "worker.kill": { target: ".killing", actions: asked },
        },
        states: {
          coming: {
            on: {
              "link.closed": { target: "disconnected", actions: closed },
              "handshake.refused": "killing",
              "exports.listed": afterExports,
              "time.passed": "killing",
            },
          },
          proving: {
            on: {
              "link.closed": { target: "disconnected", actions: closed },
              "health.answered": "ready",
              "time.passed": "killing",
            },
          },
          ready: {
            entry: [facts({ hasServed: true }), "asks attach", "reports worker.ready"],
            exit: "reports worker.withdrawn",
            on: {
              "link.closed": { target: "disconnected", actions: closed },
              "worker.stop": { target: "stopping", actions: asked },
              "worker.drain": { target: "draining", actions: asked },
              "worker.condemn": { target: "examining", actions: "reports worker.condemned" },
              "worker.refuse": { target: "killing", actions: facts({ hasServed: false }) },
              "health.missedThrice": "killing",
              "use.exceeded": { actions: "reports worker.worn" },
            },
          },
          examining: {
            entry: "asks examine",
            on: {
              "worker.condemn": { target: "examining", reenter: true },
              "worker.drain": { actions: facts({ isAsked: true, isHurried: true }) },
              "worker.stop": { target: "killing", actions: [asked, "asks endCalls"] },
              "link.closed": { target: "disconnected", actions: closed },
              "calls.drained": { target: "killing", actions: overdue },
              "examined.stuck": "killing",
              "examined.well": "spared",
              "examined.numb": { target: "spared", actions: facts({ isNumb: true }) },
              "time.passed": { target: "killing", actions: [overdue, "asks endCalls"] },
            },
          },
          spared: {
            entry: "asks awaitLiveCalls",
            on: {
              "worker.condemn": { target: "examining", actions: facts({ isNumb: false }) },
              "worker.drain": { actions: facts({ isAsked: true, isHurried: true }) },
              "worker.stop": { target: "killing", actions: [asked, "asks endCalls"] },
              "link.closed": { target: "disconnected", actions: closed },
              "calls.drained": { target: "killing", actions: overdue },
              "time.passed": { target: "killing", actions: [overdue, "asks endCalls"] },
            },
          },
          draining: {
            entry: "asks awaitCalls",
            on: {
              "calls.drained": "stopping",
              "worker.stop": { target: "stopping", actions: "asks endCalls" },
              "worker.drain": {},
              "worker.condemn": { target: "owing", actions: "reports worker.condemned" },
              "link.closed": { target: "disconnected", actions: closed },
              "time.passed": { target: "stopping", actions: "asks endCalls" },
            },
          },
          owing: {
            entry: "asks awaitLiveCalls",
            on: {
              "calls.drained": "killing",
              "worker.stop": { target: "killing", actions: "asks endCalls" },
              "worker.drain": {},
              "link.closed": { target: "disconnected", actions: closed },
              "time.passed": { target: "killing", actions: "asks endCalls" },
            },
          },
          stopping: {
            entry: "asks shutdown",
            on: { "worker.stop": {}, "worker.drain": {}, "time.passed": "terminating" },
          },
          terminating: {
            entry: "asks SIGTERM",
            on: { "worker.stop": {}, "worker.drain": {}, "time.passed": "killing" },
          },
          killing: {
            // What led here counts no more.
            entry: ["asks SIGKILL", facts({ isHurried: false, isNumb: false })],
            on: {
              "worker.stop": { actions: asked },
              "worker.drain": { actions: asked },
              "worker.kill": {},
              "link.breached": {},
            },
          },
          disconnected: {
            entry: facts({ isHurried: false, isNumb: false }),
            on: { "time.passed": "killing" },
          },
          // It has ended: nothing that is said to it from now on changes how.
          reaping: {
            entry: facts({ isHurried: false, isNumb: false }),
            on: {
              "link.closed": "#(machine).exited",
              "time.passed": "#(machine).exited",
              "link.breached": {},
              "worker.stop": {},
              "worker.drain": {},
              "worker.kill": {},
            },
          },
        },
      },
      exited: {
        entry: [
          "asks detach",
          "reports worker.exited",
          facts({ isSpawned: false, link: "none", isHurried: false, isNumb: false }),
        ],
        on: { "worker.start": "waiting" },
      },
      waiting: {
        entry: assign(fresh),
        on: {
          "worker.stop": { target: "exited", actions: asked },
          "worker.drain": { target: "exited", actions: asked },
          "worker.hold": { target: "exited", actions: asked },
          "worker.kill": { target: "exited", actions: asked },
          "time.passed": "process",
        },
      },
    },
  });
}

type Leaf = keyof typeof patienceMs;

/** How long it waits in each state, by the timings of the rig; null where it waits for no time. */
export const patienceMs = {
  coming: 10_000,
  proving: 10_000,
  ready: null,
  examining: condemnDrainMs,
  spared: condemnDrainMs,
  draining: drainMs,
  owing: drainMs,
  stopping: 5000,
  terminating: 3000,
  killing: null,
  disconnected: 200,
  reaping: 50,
  exited: null,
  waiting: startDelayMs,
} as const;

interface State {
  readonly value: unknown;
  readonly context: WorkerFacts;
}

export function leafOf({ value }: State): Leaf {
  return (typeof value === "string" ? value : Object.values(Object(value))[0]) as Leaf;
}

const commands = ["start", "stop", "drain", "hold", "condemn", "kill", "refuse"] as const;

/** Commands may come at any time; of the world only what it can do there. */
export function workerCases(state: State): WorkerModelEvent[] {
  const { isSpawned, link } = state.context;
  const leaf = leafOf(state);
  const types: WorkerModelEvent["type"][] = commands.map((command) => `worker.${command}` as const);
  types.push("time.passed", "use.exceeded");
  if (leaf === "exited" || leaf === "waiting") return types.map((type) => ({ type }));
  const hasEnded = leaf === "reaping";
  if (!isSpawned) types.push("process.spawned", "process.failed");
  else if (!hasEnded) types.push("process.exited");
  if (isSpawned && link === "none" && !hasEnded) types.push("link.opened");
  if (isSpawned && link !== "closed") types.push("link.closed");
  if (link === "open") types.push("link.breached", "exports.listed");
  if (link === "open" && leaf === "coming") types.push("handshake.refused");
  if (leaf === "ready" || leaf === "proving")
    types.push("health.answered", "health.missedOnce", "health.missedThrice");
  if (leaf === "examining") types.push("examined.stuck", "examined.well", "examined.numb");
  if (state.context.hasServed) types.push("calls.drained");
  return types.map((type) => ({ type }));
}
