// A real supervisor with real router and worker machines on a test clock; only the processes are scripted.

import {
  createActor,
  fromCallback,
  type AnyActorRef,
  type AnyEventObject,
  type InspectionEvent,
} from "xstate";
import { createIdSource, type InstanceId } from "../../../src/ids.js";
import type { BuildFact } from "../../../src/machines/reload/events.js";
import { reloadMachine, type BuildInput, type ReloadPolicy } from "../../../src/machines/reload/machine.js";
import { routerMachine } from "../../../src/machines/router/machine.js";
import type { RouteTable } from "../../../src/machines/router/route-table.js";
import type { SupervisorEmitted, SupervisorEvent } from "../../../src/machines/supervisor/events.js";
import type { Strategy } from "../../../src/config/types.js";
import type { PoolContext, PoolPlan } from "../../../src/machines/pool/context.js";
import type { Members } from "../../../src/machines/pool/members.js";
import { poolMachine } from "../../../src/machines/pool/machine.js";
import type { RestartPolicy } from "../../../src/machines/pool/restart.js";
import { poolActorId, supervisorMachine } from "../../../src/machines/supervisor/machine.js";
import type { WorkerEvent } from "../../../src/machines/worker/events.js";
import type {
  ExamineInput,
  InstanceInput,
  KillInput,
  SendShutdown,
  WorkerContext,
} from "../../../src/machines/worker/context.js";
import { workerMachine } from "../../../src/machines/worker/machine.js";
import { createVirtualClock, type VirtualClock } from "../../../src/testing/virtual-clock.js";
import { exportsOf } from "../worker/rig.js";

const restart = {
  backoffMs: [0, 100, 500, 2000, 5000],
  jitter: 0,
  resetAfterMs: 30_000,
  maxRestarts: 10,
  withinMs: 60_000,
  maxFailedStarts: 5,
};
export const cooldown = { cooldownMs: 30_000, maxCooldownMs: 300_000 };
/** Of a worker that is to go. */
export const drainMs = 7000;
const callBreaker = { cooldownMs: 10_000, maxCooldownMs: 10_000 };
export const timings = { connectTimeoutMs: 10_000, shutdownMs: 5000, terminateMs: 3000 };

export interface SupervisorRig {
  readonly actor: AnyActorRef;
  readonly clock: VirtualClock;
  readonly emitted: SupervisorEmitted[];
  readonly tables: RouteTable[];
  /** "start app:1", "SIGTERM app:1", "shutdown app:1", "awaitDrain", "endDrain", … */
  readonly asked: string[];
  readonly errors: unknown[];
  readonly state: string;
  readonly status: string;
  readonly failure: string | undefined;
  /** What was sent, in turn. */
  readonly sent: readonly SupervisorEvent[];
  send(event: SupervisorEvent): void;
  /** Says facts to the newest process of a worker. */
  say(worker: string, ...facts: WorkerEvent[]): void;
  /** As `say`, by the id of one actor of a pool: "app:1#2" follows "app:1" in its place. */
  sayTo(memberId: string, ...facts: WorkerEvent[]): void;
  /** The facts that bring a process to ready. */
  toReady(exported: readonly string[]): WorkerEvent[];
  /** Brings a worker that is spawning to ready. */
  bringUp(worker: string, ...exported: string[]): void;
  /** Ends a worker's process. */
  end(worker: string, exitCode?: number): void;
  /** Of one member, whichever process of its place is the newest. */
  endMember(memberId: string): void;
  workerState(worker: string): string;
  /** The number of the process that a member has or had last; 0 when there is no such member. */
  instanceOf(memberId: string): number;
  /** From the newest build of a pool. */
  built(pool: string, fact: BuildFact): void;
  /** What a pool knows; undefined when there is no such pool. */
  poolContext(pool: string): PoolContext | undefined;
  reloadState(pool: string): string;
  /** The actors that a pool has, by their ids. */
  poolChildren(pool: string): Readonly<Record<string, AnyActorRef | undefined>>;
  /** The members of a pool, as it counts them. */
  members(pool: string): Members;
  /** "idle", "starting", "serving.flowing", …; "none" when there is no such pool. */
  poolState(pool: string): string;
  /** The state of a pool's spawn breaker. */
  breakerState(pool: string): string;
}

function leafOf(value: unknown): string {
  return typeof value === "object" && value !== null ? leafOf(Object.values(value)[0]) : String(value);
}

export type PlanOfTest = Omit<PoolPlan, "restartType"> & Partial<PoolPlan>;

export interface RigOptions {
  readonly strategy?: Strategy;
  readonly random?: () => number;
  readonly isExcused?: (instance: number) => boolean;
  readonly cooldownMs?: number;
  readonly policy?: Partial<RestartPolicy>;
  readonly reload?: Partial<ReloadPolicy>;
  /** Workers answer health checks as soon as they are asked. Default true. */
  readonly isHealthy?: boolean;
  readonly inspect?: (event: InspectionEvent) => void;
}

function childrenOf(snapshot: unknown): Readonly<Record<string, AnyActorRef | undefined>> {
  if (typeof snapshot !== "object" || snapshot === null || !("children" in snapshot)) return {};
  return snapshot.children as Record<string, AnyActorRef | undefined>;
}

/** What the effects of one rig have to do with. */
interface Scripts {
  readonly asked: string[];
  readonly tables: RouteTable[];
  readonly processes: Map<string, (fact: WorkerEvent) => void>;
  readonly builds: Map<string, (fact: BuildFact) => void>;
  readonly isHealthy: boolean;
}

const scripts = new WeakMap<object, Scripts>();

function scriptsOf(system: object): Scripts {
  const found = scripts.get(system);
  if (found === undefined) throw new Error("An effect runs before its rig is there.");
  return found;
}

/** Put together once, since that takes longer than most tests: each effect finds its own rig by its actor system. */
const worker = workerMachine.provide({
  actors: {
    process: fromCallback<AnyEventObject, InstanceInput>(({ input, system, sendBack }) => {
      const { asked, processes } = scriptsOf(system);
      asked.push(`start ${input.workerId}`);
      processes.set(input.workerId, sendBack);
    }),
    link: fromCallback<SendShutdown, InstanceInput>(({ input, system, receive }) => {
      receive(() => scriptsOf(system).asked.push(`shutdown ${input.workerId}`));
    }),
    heartbeat: fromCallback<AnyEventObject, InstanceInput>(({ system, sendBack }) => {
      if (scriptsOf(system).isHealthy) sendBack({ type: "health.answered", lagMs: 1 });
    }),
    examine: fromCallback<AnyEventObject, ExamineInput>(({ input, system }) => {
      scriptsOf(system).asked.push(`examine ${input.workerId}`);
    }),
    kill: fromCallback<AnyEventObject, KillInput>(({ input, system }) => {
      scriptsOf(system).asked.push(`${input.signal} ${input.workerId}`);
    }),
  },
});
const reload = reloadMachine.provide({
  actors: {
    watcher: fromCallback<AnyEventObject, { readonly pool: string }>(() => undefined),
    build: fromCallback<AnyEventObject, BuildInput>(({ input, system, sendBack }) => {
      const { asked, builds } = scriptsOf(system);
      asked.push(`build ${input.pool} ${String(input.generation)}`);
      builds.set(input.pool, sendBack);
    }),
  },
});
const router = routerMachine.provide({
  actions: { publish: ({ context, system }) => scriptsOf(system).tables.push(context.table) },
});
const logic = supervisorMachine.provide({
  actors: { pool: poolMachine.provide({ actors: { worker, reload } }), router },
  actions: {
    awaitDrain: ({ system }) => scriptsOf(system).asked.push("awaitDrain"),
    endDrain: ({ system }) => scriptsOf(system).asked.push("endDrain"),
  },
});

const endOf = (exitCode: number): readonly WorkerEvent[] => [
  { type: "link.closed", reason: "it closed its link" },
  { type: "process.exited", exitCode, signal: null, stderrTail: "" },
];

export function createSupervisorRig(
  pools: readonly PlanOfTest[],
  {
    strategy = "one_for_one",
    random = () => 0,
    isExcused = () => false,
    cooldownMs = cooldown.cooldownMs,
    policy = {},
    reload: reloadPolicy = {},
    isHealthy = true,
    inspect,
  }: RigOptions = {},
): SupervisorRig {
  const clock = createVirtualClock();
  const asked: string[] = [];
  const tables: RouteTable[] = [];
  const emitted: SupervisorEmitted[] = [];
  const errors: unknown[] = [];
  const sent: SupervisorEvent[] = [];
  const builds: Scripts["builds"] = new Map();
  const processes: Scripts["processes"] = new Map();
  let lastPid = 100;
  const nextInstance = createIdSource<InstanceId>();
  const actor = createActor(logic, {
    clock,
    ...(inspect && { inspect }),
    input: {
      pools: pools.map((plan) => ({ restartType: "permanent" as const, ...plan })),
      strategy,
      callBreaker,
      ports: {
        timings,
        maxMisses: 3,
        restart: { ...restart, ...policy },
        cooldown: { ...cooldown, cooldownMs },
        drainMs,
        isExcused,
        reload: { allowsBreaking: false, isHurried: false, ...reloadPolicy },
        clock,
        random,
        nextInstance,
      },
    },
  });
  scripts.set(actor.system, { asked, tables, processes, builds, isHealthy });
  actor.on("*", (event) => emitted.push(event));
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  const say = (name: string, ...facts: WorkerEvent[]) => {
    for (const fact of facts) processes.get(name)?.(fact);
  };
  const member = (id: string): AnyActorRef | undefined =>
    childrenOf(actor.getSnapshot().children[poolActorId(id.split(":")[0] ?? "")]?.getSnapshot())[id];
  const poolActor = (name: string) => actor.getSnapshot().children[poolActorId(name)];
  return {
    actor,
    clock,
    emitted,
    tables,
    asked,
    errors,
    say,
    get state() {
      return actor.getSnapshot().value;
    },
    get status() {
      return actor.getSnapshot().status;
    },
    get failure() {
      return actor.getSnapshot().context.failure?.message;
    },
    sent,
    send: (event) => {
      sent.push(event);
      actor.send(event);
    },
    sayTo(memberId, ...facts) {
      for (const fact of facts) member(memberId)?.send(fact);
    },
    toReady: (exported) => [
      { type: "process.spawned", pid: ++lastPid },
      { type: "link.opened" },
      { type: "exports.listed", exports: exportsOf(...exported) },
    ],
    bringUp(name, ...exported) {
      const listed = exportsOf(...(exported.length > 0 ? exported : [`${name.split(":")[0] ?? ""}.f`]));
      const pid = ++lastPid;
      say(name, { type: "process.spawned", pid }, { type: "link.opened" });
      say(name, { type: "exports.listed", exports: listed });
    },
    end(name, exitCode = 1) {
      say(name, ...endOf(exitCode));
    },
    endMember(memberId) {
      for (const fact of endOf(1)) member(memberId)?.send(fact);
    },
    workerState(name) {
      const snapshot: unknown = member(name)?.getSnapshot();
      if (typeof snapshot !== "object" || snapshot === null || !("value" in snapshot)) return "none";
      return leafOf(snapshot.value);
    },
    instanceOf(memberId) {
      const snapshot: unknown = member(memberId)?.getSnapshot();
      if (typeof snapshot !== "object" || snapshot === null || !("context" in snapshot)) return 0;
      return (snapshot.context as WorkerContext).instance;
    },
    built: (name, fact) => builds.get(name)?.(fact),
    poolChildren: (name) => childrenOf(poolActor(name)?.getSnapshot()),
    poolContext: (name) => poolActor(name)?.getSnapshot().context,
    reloadState: (name) => poolActor(name)?.getSnapshot().children.reload?.getSnapshot().value ?? "none",
    members: (name) => poolActor(name)?.getSnapshot().context.members ?? new Map(),
    poolState(name) {
      const value: unknown = poolActor(name)?.getSnapshot().value;
      if (value === undefined) return "none";
      return typeof value === "string" ? value : `serving.${leafOf(value)}`;
    },
    breakerState(name) {
      const breaker: unknown = childrenOf(poolActor(name)?.getSnapshot())["breaker"]?.getSnapshot();
      if (typeof breaker !== "object" || breaker === null || !("value" in breaker)) return "none";
      return typeof breaker.value === "string"
        ? breaker.value
        : String(Object.keys(Object(breaker.value))[0]);
    },
  };
}
