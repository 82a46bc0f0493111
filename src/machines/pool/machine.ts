// One pool: a worker for every place in it, each replaced by itself when it ends (one_for_one). It decides when a worker
// is started again; it knows no process, no link, no call and no other pool.

import { enqueueActions, sendTo, setup, type ActorRef, type Snapshot } from "xstate";
import { workerId, type InstanceId } from "../../ids.js";
import type { Clock, Random } from "../../time.js";
import type { PoolRefusal } from "../router/route-table.js";
import { workerMachine, type WorkerTimings } from "../worker/machine.js";
import type { PoolEvent, PoolReport } from "./events.js";
import { areAllDown, outlookOf, withMember, type Member, type Members } from "./members.js";
import { nextRestart, type RestartPolicy } from "./restart.js";

export interface PoolPlan {
  readonly name: string;
  readonly workers: number;
}

/** What all pools of one supervisor share. */
export interface PoolPorts {
  readonly timings: WorkerTimings;
  readonly maxMisses: number;
  readonly restart: RestartPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly nextInstance: () => InstanceId;
}

export interface PoolInput extends PoolPorts {
  readonly plan: PoolPlan;
  readonly parent: ActorRef<Snapshot<unknown>, PoolReport>;
}

export interface PoolContext extends PoolInput {
  readonly members: Members;
}

const firstGeneration = 1;

const noWorker: PoolRefusal = { reason: "no-worker", why: "has no worker, and none is due to start" };
const closed: PoolRefusal = { reason: "closed", why: "was closed" };

export const poolMachine = setup({
  types: { context: {} as PoolContext, input: {} as PoolInput, events: {} as PoolEvent },
  actors: { worker: workerMachine },
  actions: {
    startWorkers: enqueueActions(({ context, enqueue, self }) => {
      const { plan, timings, maxMisses, nextInstance, parent } = context;
      const members = new Map<string, Member>();
      for (let place = 1; place <= plan.workers; place++) {
        const id = workerId(plan.name, place);
        members.set(id, { workerId: id, phase: "starting", restartsInRow: 0, readySinceMs: null });
        if (context.members.has(id)) {
          enqueue.sendTo(id, { type: "worker.start", delayMs: 0 });
          continue;
        }
        const who = { memberId: id, workerId: id, pool: plan.name, generation: firstGeneration };
        const input = { ...who, timings, maxMisses, nextInstance, parent: self };
        enqueue.spawnChild("worker", { id, input });
      }
      enqueue.assign({ members });
      enqueue.sendTo(parent, { type: "outlook.changed", pool: plan.name, outlook: null });
    }),
    noteReady: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.ready") return;
      const readySinceMs = context.clock.now();
      const members = withMember(context.members, event.memberId, { phase: "ready", readySinceMs });
      enqueue.assign({ members });
      enqueue.sendTo(context.parent, { ...event, outlook: outlookOf(members, noWorker) });
    }),
    noteWithdrawn: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.withdrawn") return;
      const members = withMember(context.members, event.memberId, { phase: "ending" });
      enqueue.assign({ members });
      enqueue.sendTo(context.parent, { ...event, outlook: outlookOf(members, noWorker) });
    }),
    restartWorker: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.exited") return;
      const past = context.members.get(event.memberId);
      if (past === undefined) return;
      const { delayMs, restartsInRow } = nextRestart(
        context.restart,
        past,
        context.clock.now(),
        context.random,
      );
      const change = { phase: "starting", restartsInRow, readySinceMs: null } as const;
      const members = withMember(context.members, event.memberId, change);
      enqueue.assign({ members });
      enqueue.sendTo(context.parent, { ...event, isToReturn: true, outlook: outlookOf(members, noWorker) });
      enqueue.sendTo(event.memberId, { type: "worker.start", delayMs });
    }),
    passWithdrawn: enqueueActions(({ context, event, enqueue }) => {
      if (event.type === "worker.withdrawn") enqueue.sendTo(context.parent, { ...event, outlook: closed });
    }),
    noteGone: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "worker.exited") return;
      enqueue.assign({ members: withMember(context.members, event.memberId, { phase: "down" }) });
      enqueue.sendTo(context.parent, { ...event, isToReturn: false, outlook: closed });
    }),
    reportFailed: sendTo(
      ({ context }) => context.parent,
      ({ context, event }) => {
        const { workerId: id, exit } = event as Extract<PoolEvent, { type: "worker.exited" }>;
        const message = `Worker ${id} ${exit.how}.`;
        return {
          type: "pool.failed" as const,
          pool: context.plan.name,
          message,
          stderrTail: exit.stderrTail,
        };
      },
    ),
    reportStopped: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: "pool.stopped" as const, pool: context.plan.name }),
    ),
    /** As its time of being ready is forgotten, its start counts as failed. */
    refuseWorker: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.refuse" || !context.members.has(event.memberId)) return;
      enqueue.assign({ members: withMember(context.members, event.memberId, { readySinceMs: null }) });
      enqueue.sendTo(event.memberId, { type: "worker.refuse", reason: event.reason });
    }),
    stopWorkers: enqueueActions(({ context, event, enqueue }) => {
      const drainMs = event.type === "pool.stop" ? event.drainMs : 0;
      for (const id of context.members.keys()) {
        enqueue.sendTo(id, drainMs > 0 ? { type: "worker.drain", drainMs } : { type: "worker.stop" });
      }
    }),
    killWorkers: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "pool.kill") return;
      for (const id of context.members.keys())
        enqueue.sendTo(id, { type: "worker.kill", reason: event.reason });
    }),
  },
  guards: {
    areAllDown: ({ context }) => areAllDown(context.members),
  },
}).createMachine({
  id: "pool",
  initial: "idle",
  options: { maxIterations: 10_000 },
  context: ({ input }) => ({ ...input, members: new Map() }),
  states: {
    idle: {
      meta: {
        description: "None of its workers has a process, and none is to be started until it is told to.",
      },
      on: {
        "pool.start": { target: "starting", actions: "startWorkers" },
        "pool.stop": { actions: "reportStopped" },
      },
    },
    starting: {
      meta: {
        description:
          "Started for the first time, and no worker of it has been ready yet: one that ends fails it.",
      },
      on: {
        "worker.ready": { target: "serving", actions: "noteReady" },
        "worker.exited": {
          target: "stopping",
          actions: ["noteGone", "reportFailed", "stopWorkers"],
        },
        "pool.stop": { target: "stopping", actions: "stopWorkers" },
        "pool.kill": { actions: "killWorkers" },
      },
    },
    serving: {
      meta: { description: "It has had a ready worker: whichever ends is started again." },
      on: {
        "worker.ready": { actions: "noteReady" },
        "worker.withdrawn": { actions: "noteWithdrawn" },
        "worker.exited": { actions: "restartWorker" },
        "pool.refuse": { actions: "refuseWorker" },
        "pool.stop": { target: "stopping", actions: "stopWorkers" },
        "pool.kill": { actions: "killWorkers" },
      },
    },
    stopping: {
      meta: { description: "Every worker is being ended; none is started again." },
      always: { guard: "areAllDown", target: "idle", actions: "reportStopped" },
      on: {
        "worker.withdrawn": { actions: "passWithdrawn" },
        "worker.exited": { actions: "noteGone" },
        "pool.stop": { actions: "stopWorkers" },
        "pool.kill": { actions: "killWorkers" },
      },
    },
  },
});
