// One pool under its configuration, on a clock that a test moves: the supervisor's own charts decide when a worker is started
// again and when the pool gives up, and no process is ever started. Knows charts; nothing of links and calls.

import { createActor, fromCallback, type AnyEventObject } from "xstate";
import { resolveConfig } from "../config/resolve.js";
import type { SpliceConfig } from "../config/types.js";
import { describeValue } from "../errors.js";
import { createIdSource, type InstanceId } from "../ids.js";
import { poolMachine } from "../machines/pool/machine.js";
import { routerMachine } from "../machines/router/machine.js";
import type { RouteTable } from "../machines/router/route-table.js";
import { supervisorMachine } from "../machines/supervisor/machine.js";
import type { ExamineInput, InstanceInput, KillInput, SendShutdown } from "../machines/worker/context.js";
import type { WorkerEvent } from "../machines/worker/events.js";
import { workerMachine } from "../machines/worker/machine.js";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.js";

export interface RehearsalOptions {
  /** Which of the configured pools. Default: the first. */
  readonly pool?: string;
  /** What stands for Math.random where a wait is spread by `restart.jitter`. Default: always 0, the shortest wait. */
  readonly random?: () => number;
}

export interface RehearsedFact {
  readonly type:
    | "process.started"
    | "worker.ready"
    | "worker.exited"
    | "breaker.opened"
    | "breaker.halfOpened"
    | "breaker.closed";
  readonly atMs: number;
  /** Of an end, how it came; of a breaker, why it moved: a clause. */
  readonly reason: string;
}

export interface PoolRehearsal {
  /** At 0 when the rehearsal begins; `advance` lets time pass. */
  readonly clock: VirtualClock;
  /**
   * `starting`: no worker has been ready yet. `failed`: a start that none survived, as `createSplice` rejects then. `serving`:
   * a worker is ready, or due to be. `ended`: none is, and none is to be started again, by its `restartType`. `givenUp`: its
   * breaker is open, and nothing is started. `probing`: one start is tried.
   */
  readonly state: "starting" | "failed" | "serving" | "ended" | "givenUp" | "probing";
  /** Workers that may get calls now. */
  readonly ready: number;
  /** What a call gets that finds none: it waits, or is refused with 3001. Calls where one is ready go to it. */
  readonly calls: "go" | "wait" | "refused";
  /** All that has happened, oldest first. */
  readonly facts: readonly RehearsedFact[];
  /** Has the process that was started first, of those that are coming, become ready. Throws an Error when none is coming. */
  becomeReady(): void;
  /**
   * Ends the process that was started first, of those that live, as a crash does: with exit code 1 where none is given.
   * Throws an Error when none lives, and for what is no exit code.
   */
  crash(exitCode?: number): void;
  /** Lets time pass until a process is started; returns how long that took. Throws an Error when none is within a day. */
  untilStart(): number;
}

const dayMs = 86_400_000;

interface Process {
  readonly input: InstanceInput;
  readonly say: (fact: WorkerEvent) => void;
  isReady: boolean;
  isLinked: boolean;
}

/**
 * Rehearses what a pool of `config` does about workers that crash, or never get ready. Of the configuration `restart`,
 * `connectTimeoutMs`, `shutdown` and the pool's `workers` and `restartType` count; a pool that names no `workers` has one, as
 * createSplice starts it, where `splice serve` starts one for each core but one. Throws ConfigError for a bad value, and an
 * Error for a pool that is not configured.
 */
export function rehearsePool(config: SpliceConfig, options: RehearsalOptions = {}): PoolRehearsal {
  const { random = () => 0 } = options;
  const resolved = resolveConfig(config, { cwd: process.cwd(), defaultWorkers: 1 });
  const { restart, shutdown, connectTimeoutMs, health } = resolved;
  const found = resolved.pools.find(({ name }) => options.pool === undefined || name === options.pool);
  if (found === undefined)
    throw new Error(`The configuration has no pool ${String(options.pool)}; name one of its pools.`);
  const { name, workers, restartType } = found;
  const dues = new Map<unknown, number>();
  const clock = watched(createVirtualClock(), dues);
  const facts: RehearsedFact[] = [];
  const living: Process[] = [];
  let table: RouteTable | undefined;

  const note = (type: RehearsedFact["type"], reason = ""): void => {
    facts.push({ type, atMs: clock.now(), reason });
  };
  const end = (ended: Process, exitCode: number | null, signal: string | null): void => {
    const at = living.indexOf(ended);
    if (at < 0) return;
    living.splice(at, 1);
    if (ended.isLinked) ended.say({ type: "link.closed", reason: "it closed its link" });
    ended.say({ type: "process.exited", exitCode, signal, stderrTail: "" });
  };
  const processOf = ({ instance }: InstanceInput) => living.find(({ input }) => input.instance === instance);
  const worker = workerMachine.provide({
    actors: {
      process: fromCallback<AnyEventObject, InstanceInput>(({ input, sendBack }) => {
        note("process.started");
        const say = (fact: WorkerEvent): void => {
          sendBack(fact);
        };
        living.push({ input, say, isReady: false, isLinked: false });
      }),
      link: fromCallback<SendShutdown, InstanceInput>(({ input, receive }) => {
        receive(() => {
          const told = processOf(input);
          if (told !== undefined) end(told, 0, null);
        });
      }),
      heartbeat: fromCallback<AnyEventObject, InstanceInput>(() => undefined),
      examine: fromCallback<AnyEventObject, ExamineInput>(() => undefined),
      kill: fromCallback<AnyEventObject, KillInput>(({ input }) => {
        const told = processOf(input);
        if (told !== undefined) end(told, null, input.signal);
      }),
    },
  });
  const router = routerMachine.provide({
    actions: {
      publish: ({ context }) => {
        table = context.table;
      },
    },
  });
  const logic = supervisorMachine.provide({
    actors: { pool: poolMachine.provide({ actors: { worker } }), router },
  });
  const { openMs } = resolved.breaker;
  const actor = createActor(logic, {
    clock,
    input: {
      pools: [{ name, workers, restartType }],
      strategy: resolved.strategy,
      callBreaker: { cooldownMs: openMs, maxCooldownMs: openMs },
      ports: {
        timings: { connectTimeoutMs, shutdownMs: shutdown.shutdownMs, terminateMs: shutdown.terminateMs },
        maxMisses: health.maxMisses,
        restart,
        cooldown: restart,
        drainMs: shutdown.drainMs,
        clock,
        random,
        nextInstance: createIdSource<InstanceId>(),
        reload: { allowsBreaking: true, isHurried: false },
        isExcused: () => false,
      },
    },
  });
  actor.on("worker.ready", () => note("worker.ready"));
  actor.on("worker.exited", ({ reason }) => note("worker.exited", reason));
  actor.on("breaker.opened", ({ picture }) => note("breaker.opened", picture.why));
  actor.on("breaker.halfOpened", ({ picture }) => note("breaker.halfOpened", picture.why));
  actor.on("breaker.closed", ({ picture }) => note("breaker.closed", picture.why));
  actor.start();

  const readyCount = (): number => table?.pools.get(name)?.ready.length ?? 0;
  const stateNow = (): PoolRehearsal["state"] => {
    const { value, children } = actor.getSnapshot();
    if (value === "failed" || value === "stopping") return "failed";
    const pool = children[`pool:${name}`]?.getSnapshot();
    if (pool?.matches({ serving: "tripped" }) === true) return "givenUp";
    if (pool?.matches({ serving: "probing" }) === true) return "probing";
    if (value === "starting") return "starting";
    const hasNobody = living.length === 0 && table?.pools.get(name)?.outlook?.reason === "no-worker";
    return hasNobody ? "ended" : "serving";
  };
  const isOver = (): boolean => stateNow() === "failed" || stateNow() === "ended";
  /** The rest of a sentence about a process that is not there. */
  const prospect = (): string => {
    if (stateNow() === "failed") return "the start has failed, as createSplice would have rejected";
    if (stateNow() === "ended")
      return `its workers have ended, and a ${restartType} one is not started again`;
    return "let time pass until one is started";
  };
  return {
    clock,
    facts,
    get ready() {
      return readyCount();
    },
    get calls() {
      if (readyCount() > 0) return "go";
      return table?.pools.get(name)?.outlook == null ? "wait" : "refused";
    },
    get state() {
      return stateNow();
    },
    becomeReady() {
      const coming = living.find(({ isReady }) => !isReady);
      if (coming === undefined) throw new Error(`No process is coming; ${prospect()}.`);
      coming.isReady = true;
      coming.isLinked = true;
      coming.say({ type: "process.spawned", pid: Number(coming.input.instance) });
      coming.say({ type: "link.opened" });
      coming.say({ type: "exports.listed", exports: [] });
    },
    crash(exitCode = 1) {
      if (!Number.isInteger(exitCode) || exitCode < 0 || exitCode > 255)
        throw new Error(
          `A process crashes with an exit code, a whole number from 0 to 255, not ${describeValue(exitCode)}.`,
        );
      const first = living[0];
      if (first === undefined) throw new Error(`No process lives; ${prospect()}.`);
      end(first, exitCode, null);
    },
    untilStart() {
      if (isOver()) throw new Error(`No process is started any more; ${prospect()}.`);
      const sinceMs = clock.now();
      const started = (): number => facts.filter(({ type }) => type === "process.started").length;
      const before = started();
      while (started() === before) {
        const nextMs = Math.min(...dues.values());
        if (nextMs - sinceMs > dayMs) throw new Error("No process is started within a day.");
        clock.advance(Math.max(0, nextMs - clock.now()));
      }
      return clock.now() - sinceMs;
    },
  };
}

/** As the clock, and `dues` has when each of its timers is due. */
function watched(clock: VirtualClock, dues: Map<unknown, number>): VirtualClock {
  return {
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    setTimeout(callback, delayMs) {
      const handle: unknown = clock.setTimeout(() => {
        dues.delete(handle);
        callback();
      }, delayMs);
      dues.set(handle, clock.now() + Math.max(delayMs, 0));
      return handle;
    },
    clearTimeout(handle) {
      dues.delete(handle);
      clock.clearTimeout(handle);
    },
    advance: (ms) => {
      clock.advance(ms);
    },
    get timerCount() {
      return clock.timerCount;
    },
  };
}
