// The control plane and the data plane put together as a running system does it, by the same composition root, with
// nothing beneath them: processes, links, health checks and signals are scripted. Decides nothing and checks nothing.

import { LaunchBook } from "../../src/actors/launch-book.js";
import type { ChildProcess } from "node:child_process";
import { createActor, fromCallback, type Actor, type AnyEventObject, type InspectionEvent } from "xstate";
import { noGuard } from "../../src/actors/guard-link.js";
import { ProcessRegistry } from "../../src/actors/process-registry.js";
import { Dispatcher } from "../../src/dispatch/dispatcher.js";
import { Journal } from "../../src/dispatch/journal.js";
import { createIdSource, type InstanceId } from "../../src/ids.js";
import type { poolMachine } from "../../src/machines/pool/machine.js";
import type { BuildInput, reloadMachine } from "../../src/machines/reload/machine.js";
import type { supervisorMachine } from "../../src/machines/supervisor/machine.js";
import type {
  ExamineInput,
  InstanceInput,
  KillInput,
  SendShutdown,
} from "../../src/machines/worker/context.js";
import type { WorkerEvent } from "../../src/machines/worker/events.js";
import type { workerMachine } from "../../src/machines/worker/machine.js";
import { capability } from "../../src/protocol/messages.js";
import { SpawnedWorkers } from "../../src/system/call-story.js";
import { provideMachines } from "../../src/system/provide-machines.js";
import { config } from "./config.js";
import { forward } from "./forward.js";
import { ScriptedProcess } from "./scripted-process.js";
import { SteppingClock } from "./stepping-clock.js";

export interface Composition {
  readonly clock: SteppingClock;
  readonly dispatcher: Dispatcher;
  readonly journal: Journal;
  readonly registry: ProcessRegistry;
  readonly root: Actor<typeof supervisorMachine>;
  /** Every process that was ever started, the newest last. */
  readonly processes: ScriptedProcess[];
  /** Errors that escaped a chart. */
  readonly faults: unknown[];
}

export interface Watch {
  readonly inspect: (event: InspectionEvent) => void;
  /** A call is being sent to that process, right now. */
  readonly onInvoke: (process: ScriptedProcess, callId: number) => void;
}

/** What the charts of one world reach beyond themselves. */
type Present = Omit<Composition, "root"> & { readonly onInvoke: Watch["onInvoke"] };

/** Breaks something, so that a test can see it found. */
export type Sabotage = (
  machine: typeof supervisorMachine,
  dispatcher: Dispatcher,
) => typeof supervisorMachine;

/** What would run is something else each time. */
const builtAtOnce: Parameters<typeof fromCallback<AnyEventObject, BuildInput>>[0] = ({ sendBack }) => {
  sendBack({ type: "build.succeeded", isSame: false });
};

const silent = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

/**
 * Makes compositions, one after the other: the charts are put together once, which is the most of the work, and reach
 * what belongs to the latest. Who makes the next has done with the one before.
 */
export class Composer {
  readonly #machine: typeof supervisorMachine;
  #present: Present | null = null;

  constructor(sabotage: Sabotage = (machine) => machine) {
    const parts = forward(() => this.#now());
    this.#present = this.#begin(() => undefined);
    const provided = provideMachines({
      config,
      clock: parts.clock.faceFor("effects"),
      log: silent,
      journal: parts.journal,
      launches: new LaunchBook(new Map()),
      prepare: () => Promise.reject(new Error("Nothing is built here.")),
      registry: parts.registry,
      spawned: new SpawnedWorkers(),
      dispatcher: parts.dispatcher,
      serverId: [],
      serverIdText: "",
      announce: () => undefined,
      onFault: (error) => this.#now().faults.push(error),
    });
    // The root's own machines, as they were provided, but for the effects at their leaves.
    const pool = provided.implementations.actors["pool"] as typeof poolMachine;
    const worker = pool.implementations.actors["worker"] as typeof workerMachine;
    const reload = pool.implementations.actors["reload"] as typeof reloadMachine;
    const scripted = {
      worker: worker.provide({ actors: this.#effects() }),
      reload: reload.provide({ actors: { build: fromCallback(builtAtOnce) } }),
    };
    this.#machine = sabotage(
      provided.provide({ actors: { pool: pool.provide({ actors: scripted }) } }),
      parts.dispatcher,
    );
  }

  compose(workers: number, watch: Watch): Composition {
    const present = this.#begin(watch.onInvoke, () => root);
    this.#present = present;
    const { dispatcher, faults } = present;
    const clock = present.clock.faceFor("charts");
    const nextInstance = createIdSource<InstanceId>();
    const root = createActor(this.#machine, {
      clock,
      inspect: watch.inspect,
      input: {
        pools: [{ name: "app", workers, restartType: "permanent" }],
        strategy: config.strategy,
        callBreaker: { cooldownMs: config.breaker.openMs, maxCooldownMs: config.breaker.openMs },
        ports: {
          timings: { connectTimeoutMs: config.connectTimeoutMs, ...config.shutdown },
          maxMisses: config.health.maxMisses,
          restart: config.restart,
          cooldown: config.restart,
          drainMs: config.shutdown.drainMs,
          reload: { allowsBreaking: config.reload.allowBreaking, isHurried: config.dev },
          isExcused: (instance) => dispatcher.gates.chargeOf(instance).isQuarantined,
          clock,
          random: () => 0,
          nextInstance,
        },
      },
    });
    root.subscribe({
      error: (error) => faults.push(error),
      complete: () => {
        dispatcher.close("closed");
      },
    });
    root.on("generation.promoted", ({ to }) => {
      for (const { instance, generation } of present.registry.entries()) {
        const worker = dispatcher.workers.get(instance);
        if (worker !== undefined && generation < to) worker.isSuperseded = true;
      }
      for (const { name } of dispatcher.functions) dispatcher.gates.renewed(name);
    });
    root.start();
    return { ...present, root };
  }

  #now(): Present {
    if (this.#present === null) throw new Error("Nothing is composed yet.");
    return this.#present;
  }

  /** As a System wires them. */
  #begin(onInvoke: Watch["onInvoke"], root?: () => Composition["root"]): Present {
    const clock = new SteppingClock();
    const journal = new Journal(256);
    const registry = new ProcessRegistry();
    const tell = (instance: InstanceId, event: WorkerEvent): void => {
      queueMicrotask(() => registry.get(instance)?.tell(event));
    };
    const { limits, health, streams, breaker, shutdown } = config;
    const dispatcher = new Dispatcher({
      clock: clock.faceFor("dispatch"),
      journal,
      limits: { ...limits, cancelGraceMs: health.cancelGraceMs, idleTimeoutMs: streams.idleTimeoutMs },
      breaker: {
        policy: breaker,
        onFact: (functionName, fact) => {
          queueMicrotask(() => {
            const snapshot = root?.().getSnapshot();
            if (snapshot?.status === "active") snapshot.children["breakers"]?.send({ ...fact, functionName });
          });
        },
      },
      onOverdue: (instance, functionName, reason) => {
        tell(instance, { type: "worker.condemn", functionName, reason, drainMs: shutdown.drainMs });
      },
      onWorn: (instance, reason) => {
        tell(instance, { type: "use.exceeded", reason });
      },
      onBreach: (instance, reason) => {
        tell(instance, { type: "link.breached", reason });
      },
    });
    return { clock, dispatcher, journal, registry, processes: [], faults: [], onInvoke };
  }

  #effects() {
    const find = ({ instance }: InstanceInput) =>
      this.#now().processes.find((process) => process.instance === instance);
    return {
      process: fromCallback<AnyEventObject, InstanceInput>(({ input, sendBack }) => {
        this.#spawn(input, sendBack);
      }),
      link: fromCallback<SendShutdown, InstanceInput>(({ input, receive }) => {
        receive(() => find(input)?.send({ type: "Shutdown" }));
      }),
      heartbeat: fromCallback<AnyEventObject, InstanceInput>(({ sendBack }) => {
        sendBack({ type: "health.answered", lagMs: 0 });
      }),
      examine: fromCallback<AnyEventObject, ExamineInput>(({ input }) => {
        const process = find(input);
        if (process === undefined) return undefined;
        process.isExamined = true;
        return () => {
          process.isExamined = false;
        };
      }),
      kill: fromCallback<AnyEventObject, KillInput>(({ input }) => {
        const process = find(input);
        if (process !== undefined) process.told = input.signal;
      }),
    };
  }

  #spawn(input: InstanceInput, tell: (event: WorkerEvent) => void): void {
    const { registry, processes, clock, onInvoke } = this.#now();
    const process = new ScriptedProcess(input, tell, onInvoke);
    processes.push(process);
    registry.add({
      ...input,
      startedAtMs: clock.now(),
      // Without a number nothing can be signalled: a process of that number would be a stranger's.
      child: { pid: undefined } as unknown as ChildProcess,
      tell,
      link: new Promise(() => undefined),
      guard: noGuard,
      isInService: false,
      outbox: process,
      capabilities: capability.cancellation,
      onHealthStatus: null,
    });
  }
}
