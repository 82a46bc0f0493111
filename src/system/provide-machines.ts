// The composition root: gives the machines their effects and bridges them to dispatch. The only place that knows
// machines, actors and dispatch together; it starts nothing itself.

import { fromCallback, type AnyEventObject } from "xstate";
import { createBuildActor } from "../actors/build.js";
import { createExamineActor } from "../actors/examine.js";
import { createHeartbeatActor } from "../actors/heartbeat.js";
import { createKillActor } from "../actors/kill.js";
import { createProcessActor } from "../actors/process.js";
import type { ProcessPlatform } from "../actors/process-platform.js";
import type { ProcessRegistry } from "../actors/process-registry.js";
import type { LaunchBook } from "../actors/launch-book.js";
import { createWatcherActor } from "../actors/watcher.js";
import { createWorkerLinkActor } from "../actors/worker-link.js";
import type { ResolvedConfig } from "../config/types.js";
import type { LifecycleEvent } from "../contract/status.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import type { Journal } from "../dispatch/journal.js";
import type { InstanceId } from "../ids.js";
import type { Log } from "../log.js";
import { poolMachine } from "../machines/pool/machine.js";
import { reloadMachine } from "../machines/reload/machine.js";
import { routerMachine } from "../machines/router/machine.js";
import { supervisorMachine } from "../machines/supervisor/machine.js";
import type { WorkerContext } from "../machines/worker/context.js";
import { workerMachine } from "../machines/worker/machine.js";
import type { Clock } from "../time.js";
import type { SpawnedWorkers } from "./call-story.js";
import { createBreakers } from "./breakers.js";
import { Rebuild, type RebuildPorts } from "./rebuild.js";
import { createWorkerLog } from "./worker-log.js";
import { createWorkerPort } from "./worker-port.js";

export interface MachineParts {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly launches: LaunchBook;
  readonly prepare: RebuildPorts["prepare"];
  readonly isWatching?: boolean;
  readonly registry: ProcessRegistry;
  readonly spawned: SpawnedWorkers;
  readonly dispatcher: Dispatcher;
  readonly serverId: readonly number[];
  /** The same as hexadecimal digits. */
  readonly serverIdText: string;
  readonly isBackground?: boolean;
  readonly platform?: ProcessPlatform;
  readonly announce: (event: Omit<LifecycleEvent, "atMs">) => void;
  /** A fault of the runtime itself. */
  readonly onFault: (error: unknown) => void;
}

export function provideMachines(parts: MachineParts): typeof supervisorMachine {
  const { dispatcher } = parts;
  const router = routerMachine.provide({
    actions: {
      publish: ({ context }) => {
        dispatcher.publish(context.table);
      },
    },
  });
  const pool = poolMachine.provide({
    actors: { worker: provideWorker(parts), reload: provideReload(parts) },
  });
  return supervisorMachine.provide({
    actors: { pool, router, breakers: createBreakers(dispatcher.gates, parts.log, parts.announce) },
    actions: {
      awaitDrain: ({ self }) => {
        dispatcher.whenDrained(() => {
          // The last call may end inside a worker machine's own transition; this one has to wait for its end.
          queueMicrotask(() => {
            if (self.getSnapshot().status === "active") self.send({ type: "calls.drained" });
          });
        });
      },
      endDrain: () => {
        dispatcher.endDrain();
      },
    },
  });
}

function provideReload(parts: MachineParts): typeof reloadMachine {
  return reloadMachine.provide({
    actions: {
      tellUnwatched: ({ context: { pool } }) => {
        parts.log.warn(
          `Changes of pool ${pool} go unnoticed from now on, since its watcher failed inside the supervisor. Run splice reload after a change.`,
          { pool },
        );
      },
    },
    actors: {
      watcher: parts.isWatching === true ? createWatcherActor(parts) : noWatcher,
      build: createBuildActor(new Rebuild(parts)),
    },
  });
}

/** Where nobody wants changes noticed. */
const noWatcher = fromCallback<AnyEventObject, { readonly pool: string }>(() => undefined);

function provideWorker(parts: MachineParts): typeof workerMachine {
  const { clock, log, journal, registry, dispatcher, config } = parts;
  const isBusy = (instance: InstanceId): boolean => dispatcher.workers.isBusy(instance);
  return workerMachine.provide({
    actors: {
      process: createProcessActor({
        clock,
        log,
        registry,
        launches: parts.launches,
        parentEnv: process.env,
        supervisorId: parts.serverIdText,
        hostSocket: config.socket === false ? null : config.socket,
        isBackground: parts.isBackground === true,
        platform: parts.platform,
        onSpawned: ({ instance, workerId, generation }, pid) => {
          parts.spawned.add(instance, { workerId, generation, pid });
          journal.record("spawn", clock.now(), 0, instance, pid);
        },
      }),
      link: createWorkerLinkActor({
        clock,
        registry,
        isBusy,
        maxFrameBytes: config.limits.maxFrameBytes,
        serverId: parts.serverId,
        onResult: (instance, requestId, result, durationUs) => {
          dispatcher.onResult(instance, requestId, result, durationUs);
        },
        onError: (instance, error) => {
          dispatcher.onError(instance, error);
        },
        onStream: (instance, message) => {
          if (message.type === "StreamChunk") dispatcher.streams.onChunk(instance, message);
          else if (message.type === "StreamStart") dispatcher.streams.onStart(instance, message);
          else if (message.type === "StreamAck") dispatcher.streams.inputs.onAck(instance, message);
          else dispatcher.streams.onEnd(instance, message);
        },
        onLog: createWorkerLog(log, clock),
        onFault: parts.onFault,
      }),
      heartbeat: createHeartbeatActor({
        clock,
        registry,
        isBusy,
        intervalMs: config.health.intervalMs,
        maxRssBytes: (pool) => (parts.launches.latest(pool)?.pool.maxRssMb ?? Infinity) * 1_048_576,
      }),
      examine: createExamineActor({ clock, registry, isBusy }),
      kill: createKillActor(registry),
    },
    actions: {
      attach: ({ context }) => {
        attach(parts, context);
      },
      detach: ({ context }) => {
        detach(parts, context);
      },
      awaitCalls: ({ context: { instance } }) => {
        dispatcher.workers.whenIdle(instance, () => {
          // The last call may end inside this machine's own transition; it hears of it after that.
          queueMicrotask(() => registry.get(instance)?.tell({ type: "calls.drained" }));
        });
      },
      awaitLiveCalls: ({ context: { instance } }) => {
        dispatcher.workers.whenQuiet(instance, () => {
          queueMicrotask(() => registry.get(instance)?.tell({ type: "calls.drained" }));
        });
      },
      endCalls: ({ context }) => {
        dispatcher.endDrainOf(context.instance);
      },
    },
  });
}

/** Dispatch may use this process from now on. */
function attach(parts: MachineParts, context: WorkerContext): void {
  const { clock, journal, registry, dispatcher } = parts;
  const entry = registry.get(context.instance);
  if (entry?.outbox == null) return;
  entry.isInService = true;
  journal.record("ready", clock.now(), 0, context.instance, context.pid ?? 0);
  const maxCalls = parts.launches.get(context.pool, context.generation)?.pool.maxCalls ?? Infinity;
  dispatcher.workers.attach(createWorkerPort(entry, entry.outbox, maxCalls));
}

/** Nothing will come from this process any more. */
function detach({ clock, journal, dispatcher, config }: MachineParts, context: WorkerContext): void {
  const { instance, workerId, pid, exit } = context;
  // Null: there never was a process, or its end has been told and its successor was not started yet.
  if (pid !== null) journal.record("exit", clock.now(), 0, instance, pid);
  const { exitCode, signal, how, stderrTail } = exit;
  const details = { worker: workerId, pid, exitCode, signal, ...(config.dev ? { stderrTail } : {}) };
  dispatcher.detach(instance, details, how, exit.wasAsked);
}
