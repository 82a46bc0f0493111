// The root: starts every pool, tells the router what they report, and brings all down in order. It decides which pools
// there are; it knows no process, no link and no call. One ready worker a pool completes the start.

import { assign, emit, enqueueActions, sendTo, setup } from "xstate";
import { breakersMachine } from "../breakers/machine.js";
import type { PoolReport } from "../pool/events.js";
import { poolMachine } from "../pool/machine.js";
import { routerMachine } from "../router/machine.js";
import type { SupervisorContext, SupervisorInput } from "./context.js";
import type { SupervisorEmitted, SupervisorEvent } from "./events.js";
import { clashReason, clashSentence, findExportClash, type ExportClash } from "./export-clash.js";
import {
  exportsByPool,
  newPool,
  outlookOf,
  toRoute,
  toRestart,
  toStart,
  withoutPool,
  withPool,
  withReady,
} from "./pools.js";

/** The actor of a pool: a name of its own, since a pool may be called as anything. */
export function poolActorId(name: string): string {
  return `pool:${name}`;
}

type ReadyReport = Extract<PoolReport, { type: "worker.ready" }>;

const taken = { actions: ["noteReady", "startDue", "routeOutlooks"] } as const;

/** What it does about pools until it stops. */
const ofPools = {
  "worker.withdrawn": { actions: ["routeWithdrawn", "routeOutlooks"] },
  "worker.exited": { actions: ["announceExit", "noteOutlook", "applyStrategy", "routeOutlooks"] },
  "worker.condemned": { actions: "announceCondemned" },
  "outlook.changed": { actions: ["noteOutlook", "routeOutlooks"] },
  "pool.stopped": { actions: ["removePool", "startDue", "routeOutlooks"] },
  "breaker.opened": { actions: "announceBreaker" },
  "breaker.halfOpened": { actions: "announceBreaker" },
  "breaker.closed": { actions: "announceBreaker" },
  "breaker.trip": { actions: "passToBreaker" },
  "breaker.reset": { actions: "passToBreaker" },
} as const;

/** What it does while not all pools have come up; one that fails ends the start. */
const beginning = {
  ...ofPools,
  "worker.ready": [{ guard: "exportsClash", target: "stopping", actions: "noteClash" }, taken],
  "pool.failed": { target: "stopping", actions: "noteFailedStart" },
  "supervisor.stop": { target: "stopping" },
} as const;

/** What it does for pools that are in service, whether new calls are taken or not. */
const serving = {
  ...ofPools,
  "worker.ready": [{ guard: "exportsClash", actions: "refuseWorker" }, taken],
  "pool.failed": { actions: "noteFailedPool" },
  "pool.remove": { actions: ["stopPool", "routeOutlooks"] },
} as const;

export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    input: {} as SupervisorInput,
    events: {} as SupervisorEvent,
    emitted: {} as SupervisorEmitted,
  },
  actors: { pool: poolMachine, router: routerMachine, breakers: breakersMachine },
  actions: {
    makePools: enqueueActions(({ context, enqueue, self }) => {
      for (const [name, { plan }] of context.pools) {
        enqueue.spawnChild("pool", {
          id: poolActorId(name),
          input: { ...context.ports, plan, parent: self },
        });
      }
    }),
    /** Tells those to start whose turn it is. */
    startDue: enqueueActions(({ context, enqueue }) => {
      let { pools } = context;
      for (const name of toStart(pools, context.strategy)) {
        pools = withPool(pools, name, { phase: "starting" });
        enqueue.sendTo(poolActorId(name), { type: "pool.start" });
      }
      enqueue.assign({ pools });
    }),
    /** A worker ended unasked: its pool is up as long as another of it is ready, and others may have to go with it. */
    applyStrategy: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.exited" || !event.isToReturn || context.strategy === "one_for_one") return;
      const isUp = (context.pools.get(event.pool)?.ready.size ?? 0) > 0;
      let pools = withPool(context.pools, event.pool, { phase: isUp ? "up" : "starting" });
      for (const name of toRestart(context.pools, context.strategy, event.pool)) {
        pools = withPool(pools, name, { phase: "restarting" });
        enqueue.sendTo(poolActorId(name), { type: "pool.stop", drainMs: 0, isToReturn: true });
      }
      enqueue.assign({ pools });
    }),
    addPool: enqueueActions(({ context, event, enqueue, self }) => {
      if (event.type !== "pool.add" || context.pools.has(event.plan.name)) return;
      const { plan } = event;
      enqueue.assign({ pools: new Map(context.pools).set(plan.name, newPool(plan)) });
      enqueue.spawnChild("pool", {
        id: poolActorId(plan.name),
        input: { ...context.ports, plan, parent: self },
      });
    }),
    stopPool: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.remove" || !context.pools.has(event.pool)) return;
      enqueue.assign({ pools: withPool(context.pools, event.pool, { phase: "leaving" }) });
      enqueue.sendTo(poolActorId(event.pool), {
        type: "pool.stop",
        drainMs: event.drainMs,
        isToReturn: false,
      });
    }),
    noteFailedPool: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.failed") return;
      enqueue.assign({ pools: withPool(context.pools, event.pool, { phase: "leaving" }) });
      enqueue.emit(event);
    }),
    removePool: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.stopped") return;
      const phase = context.pools.get(event.pool)?.phase;
      if (phase === "restarting") {
        enqueue.assign({ pools: withPool(context.pools, event.pool, { phase: "waiting" }) });
        enqueue("startDue");
        return;
      }
      if (phase !== "leaving") return;
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
      const pools = withReady(context.pools, pool, event.memberId, true);
      enqueue.assign({ pools: withPool(pools, pool, { phase, exports, outlook, routed: outlook }) });
      enqueue.sendTo("router", { type: "worker.ready", pool, instance, generation, exports, outlook });
      enqueue.sendTo(poolActorId(pool), { type: "pool.accept", memberId: event.memberId });
      enqueue.emit({ type: "worker.ready", workerId, pool, pid, generation, instance });
      if (before.exports !== null && JSON.stringify(before.exports) !== JSON.stringify(exports)) {
        enqueue.emit({ type: "exports.changed", pool });
      }
    }),
    routeWithdrawn: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.withdrawn") return;
      const { pool, instance } = event;
      const unready = withReady(context.pools, pool, event.memberId, false);
      const pools = withPool(unready, pool, { outlook: event.outlook });
      const outlook = outlookOf(pools, context.strategy, pool) ?? event.outlook;
      enqueue.assign({ pools: withPool(pools, pool, { routed: outlook }) });
      enqueue.sendTo("router", { type: "worker.withdrawn", pool, instance, outlook });
    }),
    noteOutlook: assign(({ context, event }) =>
      event.type === "worker.exited" || event.type === "outlook.changed"
        ? { pools: withPool(context.pools, event.pool, { outlook: event.outlook }) }
        : {},
    ),
    /** Tells the router what has changed by what happened, of whichever pool. */
    routeOutlooks: enqueueActions(({ context, enqueue }) => {
      const { pools, changed } = toRoute(context.pools, context.strategy);
      enqueue.assign({ pools });
      for (const [pool, outlook] of changed)
        enqueue.sendTo("router", { type: "outlook.changed", pool, outlook });
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
    announceCondemned: enqueueActions(({ event, enqueue }) => {
      if (event.type === "worker.condemned") enqueue.emit(event);
    }),
    announceBreaker: enqueueActions(({ context, event, enqueue }) => {
      if (
        (event.type === "breaker.opened" ||
          event.type === "breaker.halfOpened" ||
          event.type === "breaker.closed") &&
        context.pools.has(event.pool)
      )
        enqueue.emit(event);
    }),
    passToBreaker: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "breaker.trip" && event.type !== "breaker.reset") return;
      if (context.pools.has(event.pool)) enqueue.sendTo(poolActorId(event.pool), { type: event.type });
    }),
    passReload: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.reload" || !context.pools.has(event.pool)) return;
      enqueue.sendTo(poolActorId(event.pool), { type: "pool.reload" });
    }),
    /** May a new generation have these names? */
    judgeGeneration: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "generation.offered") return;
      const { pool, generation } = event;
      const before = context.pools.get(pool)?.exports ?? [];
      const clash = clashWith(context, event);
      if (clash === null)
        enqueue.assign({ pools: withPool(context.pools, pool, { offered: event.exports }) });
      enqueue.sendTo(
        poolActorId(pool),
        clash === null
          ? { type: "generation.clear", generation, before }
          : { type: "generation.refuse", generation, reason: clashReason(clash, pool) },
      );
    }),
    /** It is in service, or will never be. */
    forgetOffer: assign(({ context, event }) =>
      event.type === "reload.finished"
        ? { pools: withPool(context.pools, event.pool, { offered: null }) }
        : {},
    ),
    announce: enqueueActions(({ event, enqueue }) => {
      if (
        event.type === "generation.promoted" ||
        event.type === "generation.drained" ||
        event.type === "reload.finished"
      )
        enqueue.emit(event);
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
      if (context.pools.get(pool)?.exports === null) {
        const message = clash === null ? "" : clashSentence(clash);
        enqueue.assign({ pools: withPool(context.pools, pool, { phase: "leaving" }) });
        enqueue.emit({ type: "pool.failed", pool, message, stderrTail: "" });
        enqueue.sendTo(poolActorId(pool), { type: "pool.stop", drainMs: 0, isToReturn: false });
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
        enqueue.sendTo(poolActorId(name), { type: "pool.stop", drainMs: 0, isToReturn: false });
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
    isComplete: ({ context }) => [...context.pools.values()].every(({ phase }) => phase === "up"),
    allStopped: ({ context }) => areAllStopped(context),
    allStoppedAfterFailure: ({ context }) => context.failure !== null && areAllStopped(context),
  },
  delays: { drain: ({ context }) => context.drainMs },
}).createMachine({
  id: "supervisor",
  initial: "starting",
  options: { maxIterations: 10_000 },
  context: ({ input }) => ({
    strategy: input.strategy,
    ports: input.ports,
    callBreaker: input.callBreaker,
    pools: new Map(input.pools.map((plan) => [plan.name, newPool(plan)])),
    failure: null,
    drainMs: 0,
  }),
  invoke: [
    { id: "router", src: "router" },
    {
      id: "breakers",
      src: "breakers",
      input: ({ context }) => ({ policy: context.callBreaker, clock: context.ports.clock }),
    },
  ],
  on: {
    "pool.reload": { actions: "passReload" },
    "generation.offered": { actions: "judgeGeneration" },
    "generation.promoted": { actions: "announce" },
    "generation.drained": { actions: "announce" },
    "reload.finished": { actions: ["forgetOffer", "announce"] },
  },
  states: {
    starting: {
      meta: { description: "Until every pool has had one ready worker; any pool that fails ends the start." },
      entry: ["makePools", "startDue"],
      always: { guard: "isComplete", target: "running" },
      on: {
        ...beginning,
        "supervisor.drain": { target: "startingRefusing", actions: "announceDrain" },
      },
    },
    startingRefusing: {
      meta: { description: "As starting, but it was told to drain before all pools were up: no new calls." },
      entry: "drainRouter",
      always: { guard: "isComplete", target: "refusing" },
      on: beginning,
    },
    running: {
      meta: { description: "In service: whoever ends is started again." },
      on: {
        ...serving,
        "pool.add": { actions: ["addPool", "startDue"] },
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
        "pool.reload": {},
        "worker.exited": { actions: ["announceExit", "noteOutlook", "routeOutlooks"] },
        "pool.stopped": { actions: "noteStopped" },
        "supervisor.stop": { actions: "killPools" },
      },
    },
    stopped: { type: "final", meta: { description: "No worker is left." } },
    failed: { type: "final", meta: { description: "The start failed, and no worker is left." } },
  },
});

function areAllStopped({ pools }: SupervisorContext): boolean {
  return [...pools.values()].every(({ phase }) => phase === "stopped");
}

/** What would clash if this worker's exports were taken. */
function clashWith(
  { pools }: SupervisorContext,
  ready: Pick<ReadyReport, "pool" | "exports">,
): ExportClash | null {
  return findExportClash(new Map(exportsByPool(pools)).set(ready.pool, ready.exports));
}
