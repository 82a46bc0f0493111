// The composition root: gives the machines their effects, bridges them to dispatch, and starts the whole.
// The only place that knows machines, actors and dispatch together; no call passes through it.

import { randomBytes } from "node:crypto";
import type { Observable } from "rxjs";
import { Subject } from "rxjs/internal/Subject";
import type { Actor, ActorRefFrom } from "xstate";
import { createHeartbeatActor } from "../actors/heartbeat.js";
import { createKillActor } from "../actors/kill.js";
import { createProcessActor } from "../actors/process.js";
import { ProcessRegistry } from "../actors/process-registry.js";
import type { PoolLaunch } from "../actors/worker-command.js";
import { createWorkerLinkActor } from "../actors/worker-link.js";
import type { ResolvedConfig } from "../config/types.js";
import type { RetryPorts } from "../contract/retry.js";
import type { LifecycleEvent, Status } from "../contract/status.js";
import { Dispatcher } from "../dispatch/dispatcher.js";
import type { Journal } from "../dispatch/journal.js";
import { messageOf } from "../errors.js";
import { createIdSource, type InstanceId } from "../ids.js";
import type { Log } from "../log.js";
import type { SupervisorEmitted } from "../machines/supervisor/events.js";
import { supervisorMachine } from "../machines/supervisor/machine.js";
import { routerMachine } from "../machines/router/machine.js";
import { workerMachine, type WorkerContext } from "../machines/worker/machine.js";
import type { Clock, Random } from "../time.js";
import { startRoot } from "./start-root.js";
import { drawStatus } from "./status.js";
import { createWorkerLog } from "./worker-log.js";
import { createWorkerPort } from "./worker-port.js";

export interface SystemPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly journal: Journal;
  /** Nothing of it keeps this process alive. */
  readonly isBackground?: boolean;
}

/** Why a start came to nothing: the pool, a sentence, and what its process printed last. */
export class StartError extends Error {
  override readonly name = "StartError";

  constructor(
    readonly pool: string,
    message: string,
    readonly stderrTail: string,
  ) {
    super(stderrTail.trim() === "" ? message : `${message}\n${stderrTail.trimEnd()}`);
  }
}

export class System {
  readonly dispatcher: Dispatcher;
  readonly serverId: readonly number[] = [...randomBytes(16)];
  readonly #serverIdText = Buffer.from(this.serverId).toString("hex");
  readonly events$: Observable<LifecycleEvent>;
  /** Resolves when every pool has had one ready worker; rejects with StartError when one could not. */
  readonly started: Promise<void>;
  /** Resolves when no worker is left, however it came to that. */
  readonly ended: Promise<void>;
  /** The host socket, once somebody has opened one. */
  socket: string | null = null;
  /** For handles on this system. */
  readonly retryPorts: RetryPorts;
  readonly #ports: SystemPorts;
  readonly #registry = new ProcessRegistry();
  readonly #events = new Subject<LifecycleEvent>();
  readonly #root: Actor<typeof supervisorMachine>;
  readonly #startedAtMs: number;
  #hasFailed = false;
  #resolveEnded: () => void = () => undefined;
  #resolveStarted: () => void = () => undefined;
  #rejectStarted: (error: unknown) => void = () => undefined;

  constructor(config: ResolvedConfig, launches: ReadonlyMap<string, PoolLaunch>, ports: SystemPorts) {
    this.#ports = ports;
    const { clock, random } = ports;
    this.retryPorts = { clock, random, defaultTimeoutMs: config.limits.defaultTimeoutMs };
    this.#startedAtMs = ports.clock.now();
    this.events$ = this.#events.asObservable();
    this.started = new Promise((resolve, reject) => {
      this.#resolveStarted = resolve;
      this.#rejectStarted = reject;
    });
    // Whoever waits for the start hears of its failure; nobody waiting must not become an unhandled rejection.
    this.started.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.dispatcher = new Dispatcher({
      clock: ports.clock,
      journal: ports.journal,
      limits: { ...config.limits, cancelGraceMs: config.health.cancelGraceMs },
      onBreach: (instance, reason) => {
        this.#breached(instance, reason);
      },
    });
    this.#root = this.#start(config, launches);
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  status(): Status {
    return drawStatus({
      supervisor: this.#root.getSnapshot(),
      hasFailed: this.#hasFailed,
      dispatcher: this.dispatcher,
      registry: this.#registry,
      clock: this.#ports.clock,
      startedAtMs: this.#startedAtMs,
      serverId: this.#serverIdText,
      socket: this.socket,
    });
  }

  /** Drains for at most `drainMs`, then ends every worker; said again it hurries. */
  stop(drainMs: number): void {
    if (this.#root.getSnapshot().status !== "active") return;
    this.#root.send({ type: "supervisor.stop", drainMs });
  }

  /** Takes no new calls from now on; the workers stay until `stop`. */
  drain(): void {
    if (this.#root.getSnapshot().status === "active") this.#root.send({ type: "supervisor.drain" });
  }

  /** Kills the process of a worker, if it has one now; the worker is started again. False: there is no such worker. */
  kill(workerId: string): boolean {
    const { children, context } = this.#root.getSnapshot();
    if (![...context.replicas.keys()].some((id) => id === workerId)) return false;
    const child = children[workerId] as ActorRefFrom<typeof workerMachine> | undefined;
    if (child !== undefined && this.#registry.get(child.getSnapshot().context.instance) !== undefined)
      child.send({ type: "worker.kill", reason: "it was killed on request" });
    return true;
  }

  /** A fault of the runtime itself: everything is ended, and what was under way fails with 3000. */
  fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#ports.log.error(`The supervisor failed: ${messageOf(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
    this.#registry.close();
    this.#root.stop();
    this.dispatcher.close("failed");
    this.#announce({ type: "supervisor.failed", reason: messageOf(error) });
    this.#rejectStarted(new StartError("", `The supervisor failed: ${messageOf(error)}`, ""));
    this.#resolveEnded();
  }

  #start(config: ResolvedConfig, launches: ReadonlyMap<string, PoolLaunch>): Actor<typeof supervisorMachine> {
    const { clock, random } = this.#ports;
    const nextInstance = createIdSource<InstanceId>();
    return startRoot(this.#provide(config, launches), {
      clock,
      input: {
        pools: config.pools.map(({ name, workers }) => ({ name, workers })),
        timings: {
          connectTimeoutMs: config.connectTimeoutMs,
          shutdownMs: config.shutdown.shutdownMs,
          terminateMs: config.shutdown.terminateMs,
        },
        maxMisses: config.health.maxMisses,
        restart: config.restart,
        clock,
        random,
        nextInstance,
      },
      prepare: (root) => {
        root.on("*", (event) => {
          this.#emitted(event);
        });
        root.subscribe((snapshot) => {
          if (snapshot.value === "running") this.#resolveStarted();
        });
      },
      onDone: () => {
        this.#rootEnded();
      },
      onFailed: (error) => {
        this.fail(error);
      },
    });
  }

  #provide(config: ResolvedConfig, launches: ReadonlyMap<string, PoolLaunch>): typeof supervisorMachine {
    const { clock, log, journal } = this.#ports;
    const { dispatcher } = this;
    const registry = this.#registry;
    const isBusy = (instance: InstanceId): boolean => dispatcher.isBusy(instance);
    const hostSocket = config.socket === false ? null : config.socket;
    const worker = workerMachine.provide({
      actors: {
        process: createProcessActor({
          clock,
          log,
          registry,
          launches,
          parentEnv: process.env,
          supervisorId: this.#serverIdText,
          hostSocket,
          isBackground: this.#ports.isBackground === true,
          onSpawned: (instance, pid) => {
            journal.record("spawn", clock.now(), 0, instance, pid);
          },
        }),
        link: createWorkerLinkActor({
          clock,
          registry,
          isBusy,
          maxFrameBytes: config.limits.maxFrameBytes,
          serverId: this.serverId,
          onResult: (instance, requestId, result, durationUs) => {
            dispatcher.onResult(instance, requestId, result, durationUs);
          },
          onError: (instance, error) => {
            dispatcher.onError(instance, error);
          },
          onLog: createWorkerLog(log, clock),
          onFault: (error) => {
            this.fail(error);
          },
        }),
        heartbeat: createHeartbeatActor({ clock, registry, isBusy, intervalMs: config.health.intervalMs }),
        kill: createKillActor(registry),
      },
      actions: {
        attach: ({ context }) => {
          this.#attach(context);
        },
        detach: ({ context }) => {
          this.#detach(context, config.dev);
        },
      },
    });
    const router = routerMachine.provide({
      actions: {
        publish: ({ context }) => {
          dispatcher.publish(context.table);
        },
      },
    });
    return supervisorMachine.provide({
      actors: { worker, router },
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

  #attach(context: WorkerContext): void {
    const entry = this.#registry.get(context.instance);
    if (entry?.outbox == null) return;
    entry.isInService = true;
    this.#ports.journal.record("ready", this.#ports.clock.now(), 0, context.instance, context.pid ?? 0);
    this.dispatcher.attach(createWorkerPort(entry, entry.outbox));
  }

  #detach({ instance, workerId, pid, exit }: WorkerContext, isDevelopment: boolean): void {
    // Null: there never was a process, or its end has been told and its successor was not started yet.
    if (pid !== null) this.#ports.journal.record("exit", this.#ports.clock.now(), 0, instance, pid);
    const { exitCode, signal, how, stderrTail } = exit;
    const details = { worker: workerId, pid, exitCode, signal, ...(isDevelopment ? { stderrTail } : {}) };
    this.dispatcher.detach(instance, details, how);
  }

  /** Dispatch found a worker out: its machine hears of it as of any other breach. */
  #breached(instance: InstanceId, reason: string): void {
    const entry = this.#registry.get(instance);
    if (entry === undefined) return;
    const child = this.#root.getSnapshot().children[entry.workerId];
    child?.send({ type: "link.breached", reason });
  }

  #emitted(event: SupervisorEmitted): void {
    switch (event.type) {
      case "worker.ready": {
        const { workerId, pool, pid, generation } = event;
        this.#ports.log.debug(`worker ${workerId} is ready`, { worker: workerId, pid, generation });
        return this.#announce({ type: event.type, pool, worker: workerId, pid, generation });
      }
      case "worker.exited": {
        const { workerId, pool, pid, generation, reason, wasAsked, wasReady, stderrTail } = event;
        // A worker that was stopped while it waited for its next start had no process to end.
        if (pid === null && wasAsked) return;
        const line = `worker ${workerId} ${reason}`;
        if (wasAsked) this.#ports.log.debug(line, { worker: workerId, pid, generation });
        else if (this.#root.getSnapshot().matches("starting"))
          this.#ports.log.debug(line, { worker: workerId });
        else
          this.#ports.log.warn(wasReady ? line : `${line}\n${stderrTail}`.trim(), {
            worker: workerId,
            pid,
            generation,
          });
        return this.#announce({
          type: event.type,
          pool,
          worker: workerId,
          generation,
          reason,
          ...(pid === null ? {} : { pid }),
        });
      }
      case "exports.changed":
        return this.#announce({ type: event.type, pool: event.pool });
      case "supervisor.draining":
        return this.#announce({ type: event.type });
    }
  }

  #announce(event: Omit<LifecycleEvent, "atMs">): void {
    this.#events.next({ ...event, atMs: this.#ports.clock.wallMs() });
  }

  #rootEnded(): void {
    if (this.#hasFailed) return;
    const { failure } = this.#root.getSnapshot().context;
    this.dispatcher.close("closed");
    if (failure === null)
      this.#rejectStarted(new StartError("", "The supervisor was stopped before it had started.", ""));
    else this.#rejectStarted(new StartError(failure.pool, failure.message, failure.stderrTail));
    this.#events.complete();
    this.#resolveEnded();
  }
}
