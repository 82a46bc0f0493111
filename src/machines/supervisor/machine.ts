// The root: starts every pool, tells the router what they report, and brings all down in order. It decides which pools
// there are; it knows no process, no link and no call. One ready worker a pool completes the start.

import { assign, emit, enqueueActions, sendTo, setup } from "xstate";
import type { PoolReport } from "../pool/events.js";
import { poolMachine, type PoolPlan, type PoolPorts } from "../pool/machine.js";
import { routerMachine } from "../router/machine.js";
import type { SupervisorEmitted, SupervisorEvent } from "./events.js";
import { clashReason, clashSentence, findExportClash, type ExportClash } from "./export-clash.js";
import { exportsByPool, withoutPool, withPool, type Pools, type PoolState } from "./pools.js";

export interface SupervisorInput {
  /** In the order in which they are started. */
  readonly pools: readonly PoolPlan[];
  readonly ports: PoolPorts;
}

export interface StartFailure {
  readonly pool: string;
  readonly message: string;
  readonly stderrTail: string;
}

export interface SupervisorContext {
  readonly ports: PoolPorts;
  readonly pools: Pools;
  readonly failure: StartFailure | null;
  readonly drainMs: number;
}

/** The actor of a pool: a name of its own, since a pool may be called as anything. */
export function poolActorId(name: string): string {
  return `pool:${name}`;
}

type ReadyReport = Extract<PoolReport, { type: "worker.ready" }>;

/** What it does for pools that are in service, whether new calls are taken or not. */
const serving = {
  "worker.ready": [{ guard: "exportsClash", actions: "refuseWorker" }, { actions: "noteReady" }],
  "worker.withdrawn": { actions: "routeWithdrawn" },
  "worker.exited": { actions: ["announceExit", "routeOutlook"] },
  "outlook.changed": { actions: "routeOutlook" },
  "pool.failed": { actions: "noteFailedPool" },
  "pool.stopped": { actions: "removePool" },
  "pool.remove": { actions: "stopPool" },
} as const;

export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    input: {} as SupervisorInput,
    events: {} as SupervisorEvent,
    emitted: {} as SupervisorEmitted,
  },
  actors: { pool: poolMachine, router: routerMachine },
  actions: {
    startPools: enqueueActions(({ context, enqueue, self }) => {
      for (const [name, { plan }] of context.pools) {
        enqueue.spawnChild("pool", {
          id: poolActorId(name),
          input: { ...context.ports, plan, parent: self },
        });
        enqueue.sendTo(poolActorId(name), { type: "pool.start" });
      }
    }),
    addPool: enqueueActions(({ context, event, enqueue, self }) => {
      if (event.type !== "pool.add" || context.pools.has(event.plan.name)) return;
      const { plan } = event;
      enqueue.assign({ pools: new Map(context.pools).set(plan.name, newPool(plan)) });
      enqueue.spawnChild("pool", {
        id: poolActorId(plan.name),
        input: { ...context.ports, plan, parent: self },
      });
      enqueue.sendTo(poolActorId(plan.name), { type: "pool.start" });
    }),
    stopPool: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.remove" || !context.pools.has(event.pool)) return;
      enqueue.assign({ pools: withPool(context.pools, event.pool, { phase: "leaving" }) });
      enqueue.sendTo(poolActorId(event.pool), { type: "pool.stop", drainMs: event.drainMs });
    }),
    noteFailedPool: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.failed") return;
      enqueue.assign({ pools: withPool(context.pools, event.pool, { phase: "leaving" }) });
      enqueue.emit(event);
    }),
    removePool: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.stopped" || context.pools.get(event.pool)?.phase !== "leaving") return;
      enqueue.stopChild(poolActorId(event.pool));
      enqueue.assign({ pools: withoutPool(context.pools, event.pool) });
      enqueue.sendTo("router", { type: "pool.removed", pool: event.pool });
      enqueue.emit({ type: "pool.removed", pool: event.pool });
    }),
    noteStopped: assign(({ context, event }) =>
      event.type === "pool.stopped"
        ? { pools: withPool(context.pools, event.pool, { phase: "stopped" }) }
        : {},
    ),
    noteReady: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.ready") return;
      const { workerId, pool, pid, generation, instance, exports, outlook } = event;
      const before = context.pools.get(pool);
      if (before === undefined) return;
      const phase = before.phase === "starting" ? "up" : before.phase;
      enqueue.assign({ pools: withPool(context.pools, pool, { phase, exports }) });
      enqueue.sendTo("router", { type: "worker.ready", pool, instance, generation, exports, outlook });
      enqueue.emit({ type: "worker.ready", workerId, pool, pid, generation, instance });
      if (before.exports !== null && JSON.stringify(before.exports) !== JSON.stringify(exports)) {
        enqueue.emit({ type: "exports.changed", pool });
      }
    }),
    routeWithdrawn: enqueueActions(({ event, enqueue }) => {
      if (event.type !== "worker.withdrawn") return;
      const { pool, instance, outlook } = event;
      enqueue.sendTo("router", { type: "worker.withdrawn", pool, instance, outlook });
    }),
    routeOutlook: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.exited" && event.type !== "outlook.changed") return;
      const { pool, outlook } = event;
      if (context.pools.has(pool)) enqueue.sendTo("router", { type: "outlook.changed", pool, outlook });
    }),
    announceExit: emit(({ event }) => {
      const { exit, workerId, pool, pid, generation, instance } = event as Extract<
        SupervisorEvent,
        { type: "worker.exited" }
      >;
      const { how: reason, wasAsked, wasReady, stderrTail } = exit;
      const who = { workerId, pool, pid, generation, instance };
      return { type: "worker.exited" as const, ...who, reason, wasAsked, wasReady, stderrTail };
    }),
    noteFailedStart: assign(({ context, event }) => {
      if (event.type !== "pool.failed" || context.failure !== null) return {};
      const { pool, message, stderrTail } = event;
      return { failure: { pool, message, stderrTail } };
    }),
    noteClash: assign(({ context, event }) => {
      if (event.type !== "worker.ready") return {};
      const clash = clashWith(context, event);
      const message = clash === null ? "" : clashSentence(clash);
      return { failure: { pool: event.pool, message, stderrTail: "" } };
    }),
    /** It is not routed. A pool that never had a ready worker is not to be had at all. */
    refuseWorker: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.ready") return;
      const { pool, memberId } = event;
      const clash = clashWith(context, event);
      if (context.pools.get(pool)?.phase === "starting") {
        const message = clash === null ? "" : clashSentence(clash);
        enqueue.assign({ pools: withPool(context.pools, pool, { phase: "leaving" }) });
        enqueue.emit({ type: "pool.failed", pool, message, stderrTail: "" });
        enqueue.sendTo(poolActorId(pool), { type: "pool.stop", drainMs: 0 });
        return;
      }
      const reason = clash === null ? "" : clashReason(clash, pool);
      enqueue.sendTo(poolActorId(pool), { type: "pool.refuse", memberId, reason });
    }),
    noteDrainMs: assign(({ event }) => (event.type === "supervisor.stop" ? { drainMs: event.drainMs } : {})),
    announceDrain: emit({ type: "supervisor.draining" }),
    drainRouter: sendTo("router", { type: "router.drain" }),
    closeRouter: sendTo("router", { type: "router.close" }),
    stopPools: enqueueActions(({ context, enqueue }) => {
      for (const name of context.pools.keys()) {
        enqueue.sendTo(poolActorId(name), { type: "pool.stop", drainMs: 0 });
      }
    }),
    killPools: enqueueActions(({ context, enqueue }) => {
      const event = { type: "pool.kill" as const, reason: "the supervisor was told to hurry" };
      for (const name of context.pools.keys()) enqueue.sendTo(poolActorId(name), event);
    }),
    /** Provided: asks dispatch to say `calls.drained` once no call holds a slot. */
    awaitDrain: () => undefined,
    /** Provided: ends the calls that outlived the drain. */
    endDrain: () => undefined,
  },
  guards: {
    exportsClash: ({ context, event }) => event.type === "worker.ready" && clashWith(context, event) !== null,
    isComplete: ({ context }) => [...context.pools.values()].every(({ phase }) => phase !== "starting"),
    allStopped: ({ context }) => areAllStopped(context),
    allStoppedAfterFailure: ({ context }) => context.failure !== null && areAllStopped(context),
  },
  delays: { drain: ({ context }) => context.drainMs },
}).createMachine({
  id: "supervisor",
  initial: "starting",
  options: { maxIterations: 10_000 },
  context: ({ input }) => ({
    ports: input.ports,
    pools: new Map(input.pools.map((plan) => [plan.name, newPool(plan)])),
    failure: null,
    drainMs: 0,
  }),
  invoke: { id: "router", src: "router" },
  states: {
    starting: {
      meta: { description: "Until every pool has had one ready worker; any pool that fails ends the start." },
      entry: "startPools",
      always: { guard: "isComplete", target: "running" },
      on: {
        "worker.ready": [
          { guard: "exportsClash", target: "stopping", actions: "noteClash" },
          { actions: "noteReady" },
        ],
        "worker.withdrawn": { actions: "routeWithdrawn" },
        "worker.exited": { actions: ["announceExit", "routeOutlook"] },
        "outlook.changed": { actions: "routeOutlook" },
        "pool.failed": { target: "stopping", actions: "noteFailedStart" },
        "supervisor.stop": { target: "stopping" },
      },
    },
    running: {
      meta: { description: "In service: whoever ends is started again." },
      on: {
        ...serving,
        "pool.add": { actions: "addPool" },
        "supervisor.stop": { target: "draining", actions: ["noteDrainMs", "announceDrain"] },
        "supervisor.drain": { target: "refusing", actions: "announceDrain" },
      },
    },
    refusing: {
      meta: {
        description: "No new calls, as it was told to drain; the workers stay until it is told to stop.",
      },
      entry: "drainRouter",
      on: { ...serving, "supervisor.stop": { target: "draining", actions: "noteDrainMs" } },
    },
    draining: {
      meta: { description: "No new calls; those under way may end within the drain's time." },
      entry: ["drainRouter", "awaitDrain"],
      after: { drain: { target: "stopping", actions: "endDrain" } },
      on: {
        ...serving,
        "calls.drained": "stopping",
        "supervisor.stop": { target: "stopping", actions: "endDrain" },
      },
    },
    stopping: {
      meta: { description: "Every worker is being ended; none is started again." },
      entry: ["closeRouter", "stopPools"],
      always: [
        { guard: "allStoppedAfterFailure", target: "failed" },
        { guard: "allStopped", target: "stopped" },
      ],
      on: {
        "worker.ready": {},
        "worker.withdrawn": { actions: "routeWithdrawn" },
        "outlook.changed": {},
        "calls.drained": {},
        "pool.failed": {},
        "worker.exited": { actions: ["announceExit", "routeOutlook"] },
        "pool.stopped": { actions: "noteStopped" },
        "supervisor.stop": { actions: "killPools" },
      },
    },
    stopped: { type: "final", meta: { description: "No worker is left." } },
    failed: { type: "final", meta: { description: "The start failed, and no worker is left." } },
  },
});

function newPool(plan: PoolPlan): PoolState {
  return { plan, phase: "starting", exports: null };
}

function areAllStopped({ pools }: SupervisorContext): boolean {
  return [...pools.values()].every(({ phase }) => phase === "stopped");
}

/** What would clash if this worker's exports were taken. */
function clashWith({ pools }: SupervisorContext, ready: ReadyReport): ExportClash | null {
  return findExportClash(new Map(exportsByPool(pools)).set(ready.pool, ready.exports));
}
