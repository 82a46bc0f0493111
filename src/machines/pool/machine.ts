// One pool: a worker for every place in it, each replaced by itself when it ends (one_for_one), and a breaker that says
// when it has had enough of that. The states; what is done in them is in decisions.ts. It knows no process and no call.

import { enqueueActions, setup } from "xstate";
import { messageOf } from "../../errors.js";
import { breakerMachine } from "../breaker/machine.js";
import { workerMachine } from "../worker/machine.js";
import { newPoolContext, noWorker, type PoolContext, type PoolInput } from "./context.js";
import * as decide from "./decisions.js";
import type { PoolEvent } from "./events.js";
import * as generations from "./generations.js";
import { reloadMachine } from "../reload/machine.js";
import type { WorkerReport } from "../worker/events.js";

type Decision = (context: PoolContext, event: PoolEvent) => decide.Step;

/** For the one type of event; an action is only ever named for it. */
function on<Type extends PoolEvent["type"]>(
  type: Type,
  decision: (context: PoolContext, event: Extract<PoolEvent, { type: Type }>) => decide.Step,
): Decision {
  return (context, event) =>
    event.type === type ? decision(context, event as Extract<PoolEvent, { type: Type }>) : { change: {} };
}

const decisions = {
  startAll: (context) => decide.startAll(context),
  noteReady: on("worker.ready", decide.ready),
  noteWithdrawn: on("worker.withdrawn", decide.withdrawn),
  replaceExited: on("worker.exited", (context, event) => decide.exited(context, event, true)),
  keepExited: on("worker.exited", (context, event) => decide.exited(context, event, false)),
  replaceCondemned: on("worker.condemned", (context, event) => decide.condemned(context, event, true)),
  noteCondemned: on("worker.condemned", (context, event) => decide.condemned(context, event, false)),
  recycleWorn: on("worker.worn", (context, event) => decide.worn(context, event, true)),
  noteWorn: on("worker.worn", (context, event) => decide.worn(context, event, false)),
  noteAccepted: on("pool.accept", (context, event) => decide.accepted(context, event.memberId)),
  refuseWorker: on("pool.refuse", (context, event) => decide.refuse(context, event.memberId, event.reason)),
  holdStarts: on("breaker.opened", (context, event) => decide.tripped(context, event.picture)),
  startProbe: on("breaker.halfOpened", (context, event) => decide.probe(context, event.picture)),
  resumeStarts: on("breaker.closed", (context, event) => decide.resumed(context, event.picture)),
  noteTripped: on("breaker.opened", (context, event) => decide.trippedMeanwhile(context, event.picture)),
  noteClosed: on("breaker.closed", (context, { picture }) => decide.closedMeanwhile(context, picture, null)),
  noteClosedEarly: on("breaker.closed", (context, { picture }) =>
    decide.closedMeanwhile(context, picture, noWorker),
  ),
  tripBreaker: () => ({ change: {}, breaker: [{ type: "breaker.trip" }] }),
  resetBreaker: () => ({ change: {}, breaker: [{ type: "breaker.reset" }] }),
  stopAll: (context, event) => {
    const step =
      event.type === "pool.stop"
        ? decide.stopAll(context, event.drainMs, event.isToReturn)
        : decide.stopAll(context, 0, false);
    return generations.withoutCandidate(context, step, "stop");
  },
  killAll: on("pool.kill", (context, event) =>
    generations.withoutCandidate(context, decide.killAll(context, event.reason), "kill"),
  ),
  requestReload: (context) => generations.request(context),
  loseReloads: (context, event) =>
    generations.lose(context, "error" in event ? messageOf(event.error) : "nobody knows why"),
  startGeneration: on("generation.start", (context, event) => generations.begin(context, event.generation)),
  refuseGeneration: () => generations.refuseBegin(),
  passCleared: on("generation.clear", generations.cleared),
  passRefused: on("generation.refuse", generations.clashed),
  promoteGeneration: on("generation.promote", (context, event) =>
    generations.promote(context, event.verdict),
  ),
  abandonGeneration: (context) => generations.abandon(context),
  hurryOlder: (context) => generations.hurry(context),
  reportReload: on("reload.finished", ({ plan }, { outcome }) => ({
    change: {},
    report: [{ type: "reload.finished", pool: plan.name, outcome }],
  })),
  noteWithdrawnForGood: on("worker.withdrawn", decide.withdrawnForGood),
  noteExitedForGood: on("worker.exited", decide.exitedForGood),
  reportFailed: on("worker.exited", ({ plan }, { workerId, exit }) => {
    const message = `Worker ${workerId} ${exit.how}.`;
    return {
      change: {},
      report: [{ type: "pool.failed", pool: plan.name, message, stderrTail: exit.stderrTail }],
    };
  }),
  reportStopped: ({ plan }) => ({ change: {}, report: [{ type: "pool.stopped", pool: plan.name }] }),
} as const satisfies Record<string, Decision>;

export const poolMachine = setup({
  types: { context: {} as PoolContext, input: {} as PoolInput, events: {} as PoolEvent },
  actors: { worker: workerMachine, breaker: breakerMachine, reload: reloadMachine },
  actions: {
    /** Carries out what was decided. */
    take: enqueueActions(({ context, event, enqueue, self }, { name }: { name: keyof typeof decisions }) => {
      const decision: Decision = decisions[name];
      const step = generations.withDrained(
        context,
        isOfWorker(event) && generations.isOfCandidate(context, event.memberId)
          ? generations.heard(context, event)
          : decision(context, event),
      );
      const { plan, timings, maxMisses, nextInstance } = context;
      enqueue.assign(step.change);
      for (const { isToProve = false, ...worker } of step.spawn ?? []) {
        const { memberId } = worker;
        const input = {
          ...worker,
          isToProve,
          pool: plan.name,
          timings,
          maxMisses,
          nextInstance,
          parent: self,
        };
        enqueue.spawnChild("worker", { id: memberId, input });
      }
      for (const report of step.report ?? []) enqueue.sendTo(context.parent, report);
      for (const [memberId, command] of step.tell ?? []) enqueue.sendTo(memberId, command);
      for (const fact of step.breaker ?? []) enqueue.sendTo("breaker", fact);
      if (context.reloadFault === null) for (const fact of step.reload ?? []) enqueue.sendTo("reload", fact);
      for (const memberId of step.drop ?? []) enqueue.stopChild(memberId);
    }),
  },
  guards: {
    areAllDown: ({ context }) => decide.areAllDown(context),
    hasServed: ({ context }) => context.hasServed,
    isHeld: ({ context }) => decide.isHeld(context),
  },
}).createMachine({
  id: "pool",
  initial: "idle",
  options: { maxIterations: 10_000 },
  context: ({ input }) => newPoolContext(input),
  invoke: [
    {
      id: "breaker",
      src: "breaker",
      input: ({ context: { plan, cooldown, clock }, self }) => ({
        name: plan.name,
        policy: cooldown,
        clock,
        parent: self,
      }),
    },
    {
      id: "reload",
      src: "reload",
      input: ({ context: { plan, reload, clock }, self }) => ({
        pool: plan.name,
        policy: reload,
        clock,
        parent: self,
      }),
      // What serves goes on; only what is to come needs it.
      onError: { actions: take("loseReloads") },
    },
  ],
  on: {
    "pool.reload": { actions: take("requestReload") },
    "generation.start": { actions: take("refuseGeneration") },
    "generation.clear": { actions: take("passCleared") },
    "generation.refuse": { actions: take("passRefused") },
    "generation.promote": {},
    "generation.abandon": { actions: take("abandonGeneration") },
    "generation.hurry": { actions: take("hurryOlder") },
    "reload.finished": { actions: take("reportReload") },
    "breaker.trip": { actions: take("tripBreaker") },
    "breaker.reset": { actions: take("resetBreaker") },
  },
  states: {
    idle: {
      meta: { description: "None of its workers has a process, and none is started until it is told to." },
      on: {
        "pool.start": [
          { guard: "isHeld", target: "held" },
          { guard: "hasServed", target: "serving", actions: take("startAll") },
          { target: "starting", actions: take("startAll") },
        ],
        "pool.stop": { actions: take("reportStopped") },
        "breaker.opened": { actions: take("noteTripped") },
        "breaker.closed": { actions: take("noteClosed") },
      },
    },
    held: {
      meta: { description: "Told to start while it was tripped: nothing is started until that is reset." },
      on: {
        "breaker.closed": [
          { guard: "hasServed", target: "serving", actions: [take("noteClosed"), take("startAll")] },
          { target: "starting", actions: [take("noteClosed"), take("startAll")] },
        ],
        "pool.stop": { target: "idle", actions: [take("stopAll"), take("reportStopped")] },
      },
    },
    starting: {
      meta: {
        description:
          "Started for the first time, and no worker of it has been ready yet: one that ends fails it.",
      },
      on: {
        "worker.ready": [
          { guard: "isHeld", target: "serving.tripped", actions: take("noteReady") },
          { target: "serving", actions: take("noteReady") },
        ],
        "worker.exited": {
          target: "stopping",
          actions: [take("noteExitedForGood"), take("reportFailed"), take("stopAll")],
        },
        "breaker.opened": { actions: take("noteTripped") },
        "breaker.closed": { actions: take("noteClosedEarly") },
        "pool.stop": { target: "stopping", actions: take("stopAll") },
        "pool.kill": { actions: take("killAll") },
      },
    },
    serving: {
      meta: { description: "It has had a ready worker, and heals by itself as far as its breaker lets it." },
      initial: "flowing",
      on: {
        "worker.ready": { actions: take("noteReady") },
        "worker.withdrawn": { actions: take("noteWithdrawn") },
        "worker.exited": { actions: take("keepExited") },
        "worker.condemned": { actions: take("noteCondemned") },
        "worker.worn": { actions: take("noteWorn") },
        "pool.accept": { actions: take("noteAccepted") },
        "generation.start": { actions: take("startGeneration") },
        "generation.promote": { actions: take("promoteGeneration") },
        "pool.refuse": { actions: take("refuseWorker") },
        "breaker.opened": { target: ".tripped", actions: take("holdStarts") },
        "pool.stop": { target: "stopping", actions: take("stopAll") },
        "pool.kill": { actions: take("killAll") },
      },
      states: {
        flowing: {
          meta: { description: "Whichever worker ends is started again, after a wait." },
          on: {
            "worker.exited": { actions: take("replaceExited") },
            "worker.condemned": { actions: take("replaceCondemned") },
            "worker.worn": { actions: take("recycleWorn") },
          },
        },
        tripped: {
          meta: {
            description: "Its workers ended too often: none is started; those that are ready serve on.",
          },
          on: {
            "breaker.halfOpened": { target: "probing", actions: take("startProbe") },
            "breaker.closed": { target: "flowing", actions: take("resumeStarts") },
          },
        },
        probing: {
          meta: { description: "One worker is being started, to see whether it holds." },
          on: { "breaker.closed": { target: "flowing", actions: take("resumeStarts") } },
        },
      },
    },
    stopping: {
      meta: { description: "Every worker is being ended; none is started again." },
      always: { guard: "areAllDown", target: "idle", actions: take("reportStopped") },
      on: {
        "worker.withdrawn": { actions: take("noteWithdrawnForGood") },
        "worker.exited": { actions: take("noteExitedForGood") },
        "breaker.opened": { actions: take("noteTripped") },
        "breaker.closed": { actions: take("noteClosed") },
        "pool.stop": { actions: take("stopAll") },
        "pool.kill": { actions: take("killAll") },
      },
    },
  },
});

function isOfWorker(event: PoolEvent): event is WorkerReport {
  return event.type.startsWith("worker.");
}

function take(name: keyof typeof decisions): { type: "take"; params: { name: keyof typeof decisions } } {
  return { type: "take", params: { name } };
}
