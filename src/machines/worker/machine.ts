// The life of one worker: from spawn through handshake to service, and by the kill ladder to its end, then again.
// It decides when; how a process is spawned, spoken to and killed is provided. It knows no call.

import { assign, raise, sendTo, setup, stateIn, type AnyEventObject } from "xstate";
import { provided } from "../provided.js";
import {
  condemnedChange,
  examinedChange,
  examineInput,
  exitChange,
  faultChange,
  instanceInput,
  linkGraceMs,
  newInstance,
  newWorkerContext,
  noExit,
  overdueChange,
  reapMs,
  type ExamineInput,
  type InstanceInput,
  type KillInput,
  type SendShutdown,
  type WorkerContext,
  type WorkerInput,
} from "./context.js";
import type { WorkerEvent } from "./events.js";
import * as reports from "./reports.js";

const toParent = ({ context }: { context: WorkerContext }): WorkerContext["parent"] => context.parent;

/** Of one with an overdue call, whose time is over. */
const endOverdue = { target: "#worker.alive.killing", actions: ["endCalls", "blameOverdue"] } as const;

const heartbeatFailed = {
  target: "#worker.alive.killing",
  actions: { type: "blame", params: { reason: "its heartbeat failed inside the supervisor" } },
} as const;

export const workerMachine = setup({
  types: {
    context: {} as WorkerContext,
    input: {} as WorkerInput,
    events: {} as WorkerEvent,
    children: {} as {
      process: "process";
      link: "link";
      heartbeat: "heartbeat";
      examine: "examine";
      terminate: "kill";
      kill: "kill";
    },
  },
  actors: {
    process: provided<AnyEventObject, InstanceInput>("process"),
    link: provided<SendShutdown, InstanceInput>("link"),
    heartbeat: provided<AnyEventObject, InstanceInput>("heartbeat"),
    examine: provided<AnyEventObject, ExamineInput>("examine"),
    kill: provided<AnyEventObject, KillInput>("kill"),
  },
  actions: {
    beginInstance: assign(({ context }) => newInstance(context)),
    noteSpawned: assign(({ event }) => (event.type === "process.spawned" ? { pid: event.pid } : {})),
    noteLinkOpen: assign({ isLinkOpen: true }),
    noteLinkClosed: assign(({ event }) => ({
      isLinkOpen: false,
      ...(event.type === "link.closed" ? { linkEnd: event.reason } : {}),
    })),
    noteExports: assign(({ event }) => (event.type === "exports.listed" ? { exports: event.exports } : {})),
    noteServing: assign({ wasReady: true }),
    noteLag: assign(({ event }) => (event.type === "health.answered" ? { lagMs: event.lagMs } : {})),
    noteAsked: assign({ wasAsked: true }),
    noteStartDelay: assign(({ event }) =>
      event.type === "worker.start" ? { startDelayMs: event.delayMs, pid: null } : {},
    ),
    noteDrainMs: assign(({ event }) => (event.type === "worker.drain" ? { drainMs: event.drainMs } : {})),
    noteCondemned: assign(({ event }) => condemnedChange(event)),
    noteExamined: assign(({ context, event }) => examinedChange(context, event)),
    blameStuck: assign(({ event }) =>
      event.type === "worker.examined" && event.stuck !== null ? { killReason: event.stuck } : {},
    ),
    blameOverdue: assign(({ context }) => overdueChange(context)),
    /** The event itself says why the process has to go. */
    noteReason: assign(({ event }) => ("reason" in event ? { killReason: event.reason } : {})),
    /** It never got as far as serving calls. */
    noteUnserved: assign({ wasReady: false }),
    blame: assign((_, params: { reason: string }) => ({ killReason: params.reason })),
    blameSlowStart: assign(({ context }) => ({
      killReason: `it did not become ready within ${String(context.timings.connectTimeoutMs)} ms; if it needs longer, raise connectTimeoutMs`,
    })),
    blameLink: assign(({ context }) => ({ killReason: `${context.linkEnd} and it stayed` })),
    noteExit: assign(({ context, event }) => exitChange(context, event)),
    /** It waited for its next start, so there is no process whose end could be told. */
    noteNotStarted: assign({
      wasAsked: true,
      exit: { ...noExit, wasAsked: true, how: "was stopped before it was started again" },
    }),
    noteFault: assign(({ context }) => faultChange(context)),
    sendShutdown: sendTo("link", { type: "link.shutdown" }),
    /** The heartbeat starts between the two: what is raised comes after it, what is sent at once would not. */
    raiseAttached: raise({ type: "worker.attached" }),
    reportReady: sendTo(toParent, ({ context }) => reports.ready(context)),
    reportWithdrawn: sendTo(toParent, ({ context }) => reports.withdrawn(context)),
    reportCondemned: sendTo(toParent, ({ context }) => reports.condemned(context)),
    reportWorn: sendTo(toParent, ({ context, event }) => reports.worn(context, event)),
    reportExited: sendTo(toParent, ({ context }) => reports.exited(context)),
    /** Provided: dispatch may use this process from now on. */
    attach: () => undefined,
    /** Provided: nothing will come from this process any more. */
    detach: () => undefined,
    /** Provided: asks dispatch to say `calls.drained` once no call of this process is under way. */
    awaitCalls: () => undefined,
    /** Provided: asks dispatch to say `calls.drained` once nobody waits for a call of this process any more. */
    awaitLiveCalls: () => undefined,
    /** Provided: ends the calls of this process that outlived its drain. */
    endCalls: () => undefined,
  },
  guards: {
    isStuck: ({ event }) => event.type === "worker.examined" && event.stuck !== null,
    isLinkOpen: ({ context }) => context.isLinkOpen,
    isToProve: ({ context }) => context.isToProve,
    missedTooMany: ({ context, event }) =>
      event.type === "health.missed" && event.misses >= context.maxMisses,
  },
  delays: {
    connectTimeout: ({ context }) => context.timings.connectTimeoutMs,
    shutdownPatience: ({ context }) => context.timings.shutdownMs,
    terminatePatience: ({ context }) => context.timings.terminateMs,
    startDelay: ({ context }) => context.startDelayMs,
    drainPatience: ({ context }) => context.drainMs,
    linkGrace: linkGraceMs,
    reap: reapMs,
  },
}).createMachine({
  id: "worker",
  initial: "alive",
  options: { maxIterations: 1000 },
  context: ({ input }) => newWorkerContext(input),
  states: {
    alive: {
      meta: { description: "There is a process, or one is being spawned." },
      entry: "beginInstance",
      initial: "starting",
      invoke: [
        {
          id: "process",
          src: "process",
          input: instanceInput,
          onError: { target: "exited", actions: "noteFault" },
        },
        {
          id: "link",
          src: "link",
          input: instanceInput,
          onError: {
            target: ".killing",
            actions: { type: "blame", params: { reason: "its link failed inside the supervisor" } },
          },
        },
      ],
      on: {
        "process.spawned": { actions: "noteSpawned" },
        "process.failed": { target: "exited", actions: "noteExit" },
        "process.exited": [
          { guard: "isLinkOpen", target: ".reaping", actions: "noteExit" },
          { target: "exited", actions: "noteExit" },
        ],
        "link.opened": { actions: "noteLinkOpen" },
        "link.closed": { actions: "noteLinkClosed" },
        "link.breached": { target: ".killing", actions: "noteReason" },
        "worker.stop": { target: ".terminating", actions: "noteAsked" },
        "worker.drain": { target: ".terminating", actions: "noteAsked" },
        "worker.kill": { target: ".killing", actions: ["noteAsked", "noteReason"] },
      },
      states: {
        starting: {
          meta: { description: "Not in service yet; must get there within the connect timeout." },
          initial: "spawning",
          after: {
            connectTimeout: { target: "killing", actions: "blameSlowStart" },
          },
          on: { "link.closed": { target: "disconnected", actions: "noteLinkClosed" } },
          states: {
            spawning: {
              meta: { description: "The program is being started." },
              on: { "process.spawned": { target: "connecting", actions: "noteSpawned" } },
            },
            connecting: {
              meta: { description: "It runs; its link is not there yet." },
              on: { "link.opened": { target: "handshaking", actions: "noteLinkOpen" } },
            },
            handshaking: {
              meta: { description: "It has to say who it is, which version it speaks, and what it exports." },
              on: {
                "handshake.refused": { target: "#worker.alive.killing", actions: "noteReason" },
                "exports.listed": [
                  { guard: "isToProve", target: "proving", actions: "noteExports" },
                  { target: "#worker.alive.ready", actions: ["noteExports", "noteServing"] },
                ],
              },
            },
            proving: {
              meta: { description: "Of a new generation: it has to answer a health check as well." },
              invoke: { id: "heartbeat", src: "heartbeat", input: instanceInput, onError: heartbeatFailed },
              on: {
                "health.answered": { target: "#worker.alive.ready", actions: ["noteLag", "noteServing"] },
              },
            },
          },
        },
        ready: {
          meta: { description: "In service: it may get calls." },
          entry: ["attach", "raiseAttached"],
          exit: "reportWithdrawn",
          invoke: {
            id: "heartbeat",
            src: "heartbeat",
            input: instanceInput,
            onError: heartbeatFailed,
          },
          on: {
            "worker.attached": { actions: "reportReady" },
            "worker.refuse": { target: "killing", actions: ["noteReason", "noteUnserved"] },
            "health.answered": { actions: "noteLag" },
            "health.missed": {
              guard: "missedTooMany",
              target: "killing",
              actions: { type: "blame", params: { reason: "it no longer answers health checks" } },
            },
            "link.closed": { target: "disconnected", actions: "noteLinkClosed" },
            "worker.stop": { target: "stopping", actions: "noteAsked" },
            "worker.drain": { target: "leaving", actions: ["noteAsked", "noteDrainMs"] },
            "worker.condemn": { target: "condemned", actions: ["noteCondemned", "reportCondemned"] },
            "use.exceeded": { actions: "reportWorn" },
          },
        },
        condemned: {
          meta: {
            description: "A call of it is overdue: it gets no new calls, and will be killed before long.",
          },
          type: "parallel",
          after: { drainPatience: endOverdue },
          on: {
            "calls.drained": { target: "killing", actions: "blameOverdue" },
            "link.closed": { target: "disconnected", actions: "noteLinkClosed" },
            "worker.stop": { target: "killing", actions: ["noteAsked", "endCalls"] },
          },
          states: {
            examination: {
              meta: { description: "Whether it may live on for the sake of its other calls." },
              initial: "examining",
              on: { "worker.condemn": { target: ".examining", actions: "noteCondemned" } },
              states: {
                examining: {
                  meta: { description: "It is found out whether it is stuck in that call." },
                  invoke: { id: "examine", src: "examine", input: examineInput, onError: "spared" },
                  on: {
                    "worker.examined": [
                      {
                        guard: "isStuck",
                        target: "#worker.alive.killing",
                        actions: ["noteExamined", "blameStuck"],
                      },
                      { target: "spared", actions: "noteExamined" },
                    ],
                  },
                },
                spared: {
                  meta: { description: "It goes on with its other calls, for as long as a drain may take." },
                  entry: "awaitLiveCalls",
                },
              },
            },
            haste: {
              meta: {
                description: "Whether it was told to go in the meantime, which may only shorten its life.",
              },
              initial: "patient",
              states: {
                patient: {
                  meta: { description: "Nobody has told it to go." },
                  on: { "worker.drain": { target: "hurried", actions: ["noteAsked", "noteDrainMs"] } },
                },
                hurried: {
                  meta: { description: "It was told to go within a time of its own." },
                  after: { drainPatience: endOverdue },
                  on: { "worker.drain": {} },
                },
              },
            },
          },
        },
        leaving: {
          meta: { description: "It gets no new calls; those it has may end within the drain's time." },
          initial: "draining",
          after: {
            drainPatience: [
              { guard: stateIn("#worker.alive.leaving.owing"), ...endOverdue },
              { target: "stopping", actions: "endCalls" },
            ],
          },
          on: {
            "link.closed": { target: "disconnected", actions: "noteLinkClosed" },
            "worker.drain": {},
          },
          states: {
            draining: {
              meta: { description: "It goes in peace." },
              entry: "awaitCalls",
              on: {
                "calls.drained": "#worker.alive.stopping",
                "worker.stop": { target: "#worker.alive.stopping", actions: "endCalls" },
                "worker.condemn": { target: "owing", actions: ["noteCondemned", "reportCondemned"] },
              },
            },
            owing: {
              meta: {
                description: "A call of it is overdue: it is killed once nobody waits for its others.",
              },
              entry: "awaitLiveCalls",
              on: {
                "calls.drained": { target: "#worker.alive.killing", actions: "blameOverdue" },
                "worker.stop": endOverdue,
              },
            },
          },
        },
        disconnected: {
          meta: { description: "Its link is closed; it is about to end, or will be made to." },
          after: {
            linkGrace: { target: "killing", actions: "blameLink" },
          },
        },
        stopping: {
          meta: { description: "Told over its link to finish what it has, to flush and to leave." },
          entry: "sendShutdown",
          after: { shutdownPatience: "terminating" },
          on: { "worker.stop": {}, "worker.drain": {} },
        },
        terminating: {
          meta: { description: "SIGTERM went to its process group." },
          invoke: {
            id: "terminate",
            src: "kill",
            input: ({ context }) => ({ ...instanceInput({ context }), signal: "SIGTERM" as const }),
            onError: "killing",
          },
          after: { terminatePatience: "killing" },
          on: { "worker.stop": {}, "worker.drain": {} },
        },
        killing: {
          meta: { description: "SIGKILL went to its process group; only its end can follow." },
          invoke: {
            id: "kill",
            src: "kill",
            input: ({ context }) => ({ ...instanceInput({ context }), signal: "SIGKILL" as const }),
            onError: {},
          },
          on: {
            "worker.stop": { actions: "noteAsked" },
            "worker.drain": { actions: "noteAsked" },
            "worker.kill": {},
            "link.breached": {},
          },
        },
        reaping: {
          meta: { description: "It has ended; what it had written before is read to the end of its link." },
          after: { reap: "#worker.exited" },
          on: {
            "link.closed": { target: "#worker.exited", actions: "noteLinkClosed" },
            "link.breached": {},
            "worker.stop": { actions: "noteAsked" },
            "worker.drain": { actions: "noteAsked" },
            "worker.kill": {},
          },
        },
      },
    },
    exited: {
      meta: { description: "There is no process. Its pool says whether there will be another." },
      entry: ["detach", "reportExited"],
      on: {
        "worker.start": { target: "backingOff", actions: "noteStartDelay" },
        "worker.stop": {},
        "worker.drain": {},
        "worker.kill": {},
      },
    },
    backingOff: {
      meta: { description: "Waiting before the next start, longer after each that failed." },
      after: { startDelay: "alive" },
      on: {
        "worker.stop": { target: "exited", actions: "noteNotStarted" },
        "worker.drain": { target: "exited", actions: "noteNotStarted" },
        "worker.hold": { target: "exited", actions: "noteNotStarted" },
        "worker.kill": { target: "exited", actions: "noteNotStarted" },
      },
    },
  },
});
