// One real worker machine on a test clock. Its four actors are scripted: the test says their facts, and reads what
// they were asked to do.

import { createActor, fromCallback, type AnyEventObject, type InspectionEvent } from "xstate";
import { createIdSource, workerId, type InstanceId } from "../../../src/ids.js";
import type { WorkerEvent, WorkerExited, WorkerReport } from "../../../src/machines/worker/events.js";
import type {
  ExamineInput,
  InstanceInput,
  KillInput,
  SendShutdown,
} from "../../../src/machines/worker/context.js";
import { workerMachine } from "../../../src/machines/worker/machine.js";
import { createVirtualClock, type VirtualClock } from "../../../src/testing/virtual-clock.js";

export const timings = { connectTimeoutMs: 10_000, shutdownMs: 5000, terminateMs: 3000 };
export const linkGraceMs = 200;
export const reapMs = 50;

export interface WorkerRig {
  readonly clock: VirtualClock;
  readonly reports: WorkerReport[];
  /** What `asked` held when the last `worker.ready` was reported. */
  readonly askedBeforeReady: readonly string[];
  /** What the actors were asked, oldest first: "process 1", "SIGTERM 1", "shutdown", "attach 1", "end process 1", … */
  readonly asked: string[];
  readonly errors: unknown[];
  send(event: WorkerEvent): void;
  /** The innermost state; of a condemned worker that of its examination. */
  readonly state: string;
  readonly value: unknown;
  readonly context: ReturnType<ReturnType<typeof createWorker>["getSnapshot"]>["context"];
  readonly status: string;
  readonly exit: WorkerExited["exit"] | undefined;
}

function leafOf(value: unknown): string {
  return typeof value === "object" && value !== null ? leafOf(Object.values(value)[0]) : String(value);
}

type Inspect = (event: InspectionEvent) => void;

/** `failing` names an actor that throws when it is started. */
function createWorker(
  asked: string[],
  clock: VirtualClock,
  onReport: (report: WorkerReport) => void,
  failing?: string,
  inspect?: Inspect,
  isToProve = false,
) {
  const parent = createActor(
    fromCallback<WorkerReport>(({ receive }) => {
      receive(onReport);
    }),
  ).start();
  const note = (name: string, { instance }: InstanceInput): (() => void) => {
    if (name === failing) throw new Error(`${name} is broken`);
    asked.push(`${name} ${String(instance)}`);
    return () => asked.push(`end ${name} ${String(instance)}`);
  };
  const logic = workerMachine.provide({
    actors: {
      process: fromCallback<AnyEventObject, InstanceInput>(({ input }) => note("process", input)),
      link: fromCallback<SendShutdown, InstanceInput>(({ input, receive }) => {
        receive(() => asked.push("shutdown"));
        return note("link", input);
      }),
      heartbeat: fromCallback<AnyEventObject, InstanceInput>(({ input }) => note("heartbeat", input)),
      examine: fromCallback<AnyEventObject, ExamineInput>(({ input }) => note("examine", input)),
      kill: fromCallback<AnyEventObject, KillInput>(({ input }) => {
        if (failing === "kill") throw new Error("kill is broken");
        asked.push(`${input.signal} ${String(input.instance)}`);
      }),
    },
    actions: {
      attach: ({ context }) => asked.push(`attach ${String(context.instance)}`),
      detach: ({ context }) => asked.push(`detach ${String(context.instance)}`),
      awaitCalls: ({ context }) => asked.push(`awaitCalls ${String(context.instance)}`),
      awaitLiveCalls: ({ context }) => asked.push(`awaitLiveCalls ${String(context.instance)}`),
      endCalls: ({ context }) => asked.push(`endCalls ${String(context.instance)}`),
    },
  });
  return createActor(logic, {
    clock,
    ...(inspect && { inspect }),
    input: {
      memberId: "app:1",
      workerId: workerId("app", 1),
      pool: "app",
      generation: 1,
      isToProve,
      timings,
      maxMisses: 3,
      nextInstance: createIdSource<InstanceId>(),
      parent,
    },
  });
}

export function createWorkerRig(failing?: string, inspect?: Inspect, isToProve?: boolean): WorkerRig {
  const clock = createVirtualClock();
  const [asked, reports, errors]: [string[], WorkerReport[], unknown[]] = [[], [], []];
  let askedBeforeReady: readonly string[] = [];
  const onReport = (report: WorkerReport): void => {
    reports.push(report);
    if (report.type === "worker.ready") askedBeforeReady = [...asked];
  };
  const actor = createWorker(asked, clock, onReport, failing, inspect, isToProve);
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  return {
    clock,
    reports,
    asked,
    errors,
    send: (event) => {
      actor.send(event);
    },
    get askedBeforeReady() {
      return askedBeforeReady;
    },
    get value() {
      return actor.getSnapshot().value;
    },
    get state() {
      return leafOf(actor.getSnapshot().value);
    },
    get context() {
      return actor.getSnapshot().context;
    },
    get status() {
      return actor.getSnapshot().status;
    },
    get exit() {
      const last = reports.findLast((report) => report.type === "worker.exited");
      return last?.exit;
    },
  };
}

export const exportsOf = (...names: string[]) =>
  names.map((name) => ({ name, isAsync: true, isStreaming: false, paramsSchema: "{}", returnSchema: "{}" }));

/** One of each event, in the order of the table's columns. */
export const events = {
  spawned: { type: "process.spawned", pid: 4711 },
  failed: { type: "process.failed", reason: "the program was not found" },
  ended: { type: "process.exited", exitCode: 1, signal: null, stderrTail: "last words\n" },
  opened: { type: "link.opened" },
  closed: { type: "link.closed", reason: "it closed its link" },
  breached: { type: "link.breached", reason: "it lied" },
  refused: { type: "handshake.refused", reason: "its handshake was refused" },
  listed: { type: "exports.listed", exports: exportsOf("f") },
  healthy: { type: "health.answered", lagMs: 1.5 },
  missed: { type: "health.missed", misses: 3 },
  start: { type: "worker.start", delayMs: 100 },
  stop: { type: "worker.stop" },
  kill: { type: "worker.kill", reason: "it was told to" },
  drain: { type: "worker.drain", drainMs: 7000 },
  drained: { type: "calls.drained" },
  condemn: {
    type: "worker.condemn",
    functionName: "f",
    reason: "it has not answered a call of f",
    drainMs: 6000,
  },
  stuck: { type: "worker.examined", stuck: "it is stuck in f", isResponsive: false },
  well: { type: "worker.examined", stuck: null, isResponsive: true },
  worn: { type: "use.exceeded", reason: "it has run 10 calls" },
  hold: { type: "worker.hold" },
  unwanted: { type: "worker.refuse", reason: "it exports f, which another pool has" },
} satisfies Record<string, WorkerEvent>;

export const stateNames = [
  "spawning",
  "connecting",
  "handshaking",
  "proving",
  "ready",
  "examining",
  "spared",
  "draining",
  "owing",
  "stopping",
  "terminating",
  "killing",
  "disconnected",
  "reaping",
  "exited",
  "backingOff",
] as const;
export type WorkerStateName = (typeof stateNames)[number];

/** The shortest way to each state. */
export const ways: Readonly<Record<WorkerStateName, () => WorkerRig>> = {
  spawning: () => createWorkerRig(),
  connecting: () => after("spawning", events.spawned),
  handshaking: () => after("connecting", events.opened),
  proving: () =>
    sayAll(createWorkerRig(undefined, undefined, true), events.spawned, events.opened, events.listed),
  ready: () => after("handshaking", events.listed),
  examining: () => after("ready", events.condemn),
  spared: () => after("examining", events.well),
  draining: () => after("ready", events.drain),
  owing: () => after("draining", events.condemn),
  stopping: () => after("ready", events.stop),
  terminating: () => after("stopping", timings.shutdownMs),
  killing: () => after("ready", events.kill),
  disconnected: () => after("ready", events.closed),
  reaping: () => after("ready", events.ended),
  exited: () => after("reaping", events.closed),
  backingOff: () => after("exited", events.start),
};

function sayAll(rig: WorkerRig, ...facts: WorkerEvent[]): WorkerRig {
  facts.forEach(rig.send);
  return rig;
}

function after(state: WorkerStateName, ...steps: (WorkerEvent | number)[]): WorkerRig {
  const rig: WorkerRig = ways[state]();
  for (const step of steps) {
    if (typeof step === "number") rig.clock.advance(step);
    else rig.send(step);
  }
  return rig;
}
