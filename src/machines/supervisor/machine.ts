// The root: starts a worker for every place in every pool, replaces those that end, and brings all down in order.
// It decides who lives; it knows no process, no link and no call. One ready worker a pool completes the start.

import { assign, emit, enqueueActions, sendTo, setup } from "xstate";
import type { WorkerId } from "../../ids.js";
import { workerId } from "../../ids.js";
import type { InstanceId } from "../../ids.js";
import type { ExportMetadata } from "../../protocol/messages.js";
import type { Clock, Random } from "../../time.js";
import type { WorkerReady } from "../router/events.js";
import { routerMachine } from "../router/machine.js";
import { workerMachine, type WorkerTimings } from "../worker/machine.js";
import type { SupervisorEmitted, SupervisorEvent } from "./events.js";
import { clashReason, clashSentence, findExportClash, type ExportClash } from "./export-clash.js";
import { nextRestart, type RestartHistory, type RestartPolicy } from "./restart.js";

export interface PoolPlan {
  readonly name: string;
  readonly workers: number;
}

export interface SupervisorInput {
  /** In the order in which they are started. */
  readonly pools: readonly PoolPlan[];
  readonly timings: WorkerTimings;
  readonly maxMisses: number;
  readonly restart: RestartPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly nextInstance: () => InstanceId;
}

interface Replica extends RestartHistory {
  readonly pool: string;
  readonly hasProcess: boolean;
}

export interface StartFailure {
  readonly pool: string;
  readonly message: string;
  readonly stderrTail: string;
}

export interface SupervisorContext extends SupervisorInput {
  readonly replicas: ReadonlyMap<WorkerId, Replica>;
  /** What each pool's last ready worker exported; a pool is in here once it has had a ready worker. */
  readonly exportsByPool: ReadonlyMap<string, readonly ExportMetadata[]>;
  readonly failure: StartFailure | null;
  readonly drainMs: number;
}

const firstGeneration = 1;

export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    input: {} as SupervisorInput,
    events: {} as SupervisorEvent,
    emitted: {} as SupervisorEmitted,
  },
  actors: { worker: workerMachine, router: routerMachine },
  actions: {
    spawnWorkers: enqueueActions(({ context, enqueue, self }) => {
      const replicas = new Map<WorkerId, Replica>();
      for (const pool of context.pools) {
        for (let place = 1; place <= pool.workers; place++) {
          const id = workerId(pool.name, place);
          replicas.set(id, { pool: pool.name, hasProcess: true, restartsInRow: 0, readySinceMs: null });
          const { timings, maxMisses, nextInstance } = context;
          const input = { workerId: id, pool: pool.name, generation: firstGeneration, parent: self };
          enqueue.sendTo("router", { type: "worker.withdrawn", workerId: id, pool: pool.name, isDue: true });
          enqueue.spawnChild("worker", { id, input: { ...input, timings, maxMisses, nextInstance } });
        }
      }
      enqueue.assign({ replicas });
    }),
    noteReady: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.ready") return;
      const { workerId: id, pool, pid, generation, instance } = event;
      const replicas = withReplica(context.replicas, id, { readySinceMs: context.clock.now() });
      const before = context.exportsByPool.get(pool);
      enqueue.assign({ replicas, exportsByPool: new Map(context.exportsByPool).set(pool, event.exports) });
      enqueue.sendTo("router", event);
      enqueue.emit({ type: "worker.ready", workerId: id, pool, pid, generation, instance });
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(event.exports)) {
        enqueue.emit({ type: "exports.changed", pool });
      }
    }),
    noteWithdrawn: enqueueActions(({ event, enqueue }) => {
      if (event.type === "worker.withdrawn") enqueue.sendTo("router", event);
    }),
    announceExit: emit(({ event }) => {
      const { exit, ...who } = event as Extract<SupervisorEvent, { type: "worker.exited" }>;
      return {
        ...who,
        reason: exit.how,
        wasAsked: exit.wasAsked,
        wasReady: exit.wasReady,
        stderrTail: exit.stderrTail,
      };
    }),
    restartWorker: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.exited") return;
      const past = context.replicas.get(event.workerId);
      if (past === undefined) return;
      const next = nextRestart(context.restart, past, context.clock.now(), context.random);
      const { restartsInRow } = next;
      enqueue.assign({
        replicas: withReplica(context.replicas, event.workerId, { restartsInRow, readySinceMs: null }),
      });
      enqueue.sendTo("router", {
        type: "worker.withdrawn",
        workerId: event.workerId,
        pool: event.pool,
        isDue: true,
      });
      enqueue.sendTo(event.workerId, { type: "worker.start", delayMs: next.delayMs });
    }),
    noteGone: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.exited") return;
      enqueue.assign({ replicas: withReplica(context.replicas, event.workerId, { hasProcess: false }) });
      enqueue.sendTo("router", {
        type: "worker.withdrawn",
        workerId: event.workerId,
        pool: event.pool,
        isDue: false,
      });
    }),
    noteFailedStart: assign(({ context, event }) => {
      if (event.type !== "worker.exited" || context.failure !== null) return {};
      const { pool, exit, workerId: id } = event;
      return { failure: { pool, message: `Worker ${id} ${exit.how}.`, stderrTail: exit.stderrTail } };
    }),
    noteClash: assign(({ context, event }) => {
      if (event.type !== "worker.ready") return {};
      const clash = clashWith(context, event);
      const message = clash === null ? "" : clashSentence(clash);
      return { failure: { pool: event.pool, message, stderrTail: "" } };
    }),
    /** It is not routed, and as its pool's exports and its time of being ready stay as they were, this start failed. */
    refuseWorker: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.ready") return;
      const clash = clashWith(context, event);
      const reason = clash === null ? "" : clashReason(clash, event.pool);
      enqueue.sendTo(event.workerId, { type: "worker.refuse", reason });
    }),
    noteDrainMs: assign(({ event }) => (event.type === "supervisor.stop" ? { drainMs: event.drainMs } : {})),
    announceDrain: emit({ type: "supervisor.draining" }),
    drainRouter: sendTo("router", { type: "router.drain" }),
    closeRouter: sendTo("router", { type: "router.close" }),
    stopWorkers: enqueueActions(({ context, enqueue }) => {
      for (const id of context.replicas.keys()) enqueue.sendTo(id, { type: "worker.stop" });
    }),
    killWorkers: enqueueActions(({ context, enqueue }) => {
      const event = { type: "worker.kill" as const, reason: "the supervisor was told to hurry" };
      for (const id of context.replicas.keys()) enqueue.sendTo(id, event);
    }),
    /** Provided: asks dispatch to say `calls.drained` once no call holds a slot. */
    awaitDrain: () => undefined,
    /** Provided: ends the calls that outlived the drain. */
    endDrain: () => undefined,
  },
  guards: {
    poolNeverReady: ({ context, event }) =>
      event.type === "worker.exited" && !context.exportsByPool.has(event.pool),
    exportsClash: ({ context, event }) => event.type === "worker.ready" && clashWith(context, event) !== null,
    completesStart: ({ context, event }) =>
      event.type === "worker.ready" &&
      context.pools.every(({ name }) => name === event.pool || context.exportsByPool.has(name)),
    allGone: ({ context }) => [...context.replicas.values()].every((replica) => !replica.hasProcess),
    allGoneAfterFailure: ({ context }) =>
      context.failure !== null && [...context.replicas.values()].every((replica) => !replica.hasProcess),
  },
  delays: { drain: ({ context }) => context.drainMs },
}).createMachine({
  id: "supervisor",
  initial: "starting",
  options: { maxIterations: 10_000 },
  context: ({ input }) => ({
    ...input,
    replicas: new Map(),
    exportsByPool: new Map(),
    failure: null,
    drainMs: 0,
  }),
  invoke: { id: "router", src: "router" },
  states: {
    starting: {
      meta: { description: "Until every pool has had one ready worker; any pool that fails ends the start." },
      entry: "spawnWorkers",
      on: {
        "worker.ready": [
          { guard: "exportsClash", target: "stopping", actions: "noteClash" },
          { guard: "completesStart", target: "running", actions: "noteReady" },
          { actions: "noteReady" },
        ],
        "worker.withdrawn": { actions: "noteWithdrawn" },
        "worker.exited": [
          {
            guard: "poolNeverReady",
            target: "stopping",
            actions: ["announceExit", "noteFailedStart", "noteGone"],
          },
          { actions: ["announceExit", "restartWorker"] },
        ],
        "supervisor.stop": { target: "stopping" },
      },
    },
    running: {
      meta: { description: "In service: whoever ends is started again." },
      on: {
        "worker.ready": [{ guard: "exportsClash", actions: "refuseWorker" }, { actions: "noteReady" }],
        "worker.withdrawn": { actions: "noteWithdrawn" },
        "worker.exited": { actions: ["announceExit", "restartWorker"] },
        "supervisor.stop": { target: "draining", actions: ["noteDrainMs", "announceDrain"] },
        "supervisor.drain": { target: "refusing", actions: "announceDrain" },
      },
    },
    refusing: {
      meta: {
        description: "No new calls, as it was told to drain; the workers stay until it is told to stop.",
      },
      entry: "drainRouter",
      on: {
        "worker.ready": [{ guard: "exportsClash", actions: "refuseWorker" }, { actions: "noteReady" }],
        "worker.withdrawn": { actions: "noteWithdrawn" },
        "worker.exited": { actions: ["announceExit", "restartWorker"] },
        "supervisor.stop": { target: "draining", actions: "noteDrainMs" },
      },
    },
    draining: {
      meta: { description: "No new calls; those under way may end within the drain's time." },
      entry: ["drainRouter", "awaitDrain"],
      after: { drain: { target: "stopping", actions: "endDrain" } },
      on: {
        "worker.ready": [{ guard: "exportsClash", actions: "refuseWorker" }, { actions: "noteReady" }],
        "worker.withdrawn": { actions: "noteWithdrawn" },
        "worker.exited": { actions: ["announceExit", "restartWorker"] },
        "calls.drained": "stopping",
        "supervisor.stop": { target: "stopping", actions: "endDrain" },
      },
    },
    stopping: {
      meta: { description: "Every worker is being ended; none is started again." },
      entry: ["closeRouter", "stopWorkers"],
      always: [
        { guard: "allGoneAfterFailure", target: "failed" },
        { guard: "allGone", target: "stopped" },
      ],
      on: {
        "worker.ready": {},
        "worker.withdrawn": {},
        "calls.drained": {},
        "worker.exited": { actions: ["announceExit", "noteGone"] },
        "supervisor.stop": { actions: "killWorkers" },
      },
    },
    stopped: { type: "final", meta: { description: "No worker is left." } },
    failed: { type: "final", meta: { description: "The start failed, and no worker is left." } },
  },
});

/** What would clash if this worker's exports were taken. */
function clashWith(context: SupervisorContext, ready: WorkerReady): ExportClash | null {
  return findExportClash(new Map(context.exportsByPool).set(ready.pool, ready.exports));
}

function withReplica(
  replicas: ReadonlyMap<WorkerId, Replica>,
  id: WorkerId,
  change: Partial<Replica>,
): ReadonlyMap<WorkerId, Replica> {
  const replica = replicas.get(id);
  return replica === undefined ? replicas : new Map(replicas).set(id, { ...replica, ...change });
}
