// A running system: the charts, dispatch and the processes as one thing that can be asked, stopped and found failed.
// What the charts do is put together in provide-machines.ts; no call passes through here.

import { randomBytes } from "node:crypto";
import type { Observable } from "rxjs";
import { Subject } from "rxjs/internal/Subject";
import type { Actor } from "xstate";
import { nodePlatform, type ProcessPlatform } from "../actors/process-platform.js";
import { ProcessRegistry } from "../actors/process-registry.js";
import { LaunchBook } from "../actors/launch-book.js";
import { Spares } from "../actors/spares.js";
import type { PoolLaunch } from "../actors/worker-command.js";
import type { ResolvedConfig, ResolvedPool } from "../config/types.js";
import type { ReloadReport } from "../contract/reload-report.js";
import type { RetryPorts } from "../contract/retry.js";
import type { LifecycleEvent, Status } from "../contract/status.js";
import { Dispatcher } from "../dispatch/dispatcher.js";
import type { Journal } from "../dispatch/journal.js";
import { messageOf } from "../errors.js";
import type { InstanceId } from "../ids.js";
import type { Log, LogLevel } from "../log.js";
import { encodeValue } from "../protocol/values.js";
import { toWellFormed } from "../protocol/text.js";
import type { BreakersEvent } from "../machines/breakers/events.js";
import type { SupervisorEmitted } from "../machines/supervisor/events.js";
import type { supervisorMachine } from "../machines/supervisor/machine.js";
import type { WorkerEvent } from "../machines/worker/events.js";
import type { Clock, Random } from "../time.js";
import { provideMachines } from "./provide-machines.js";
import { prepareAnew, type Prepare } from "./making.js";
import { planOf, rootInput } from "./root-input.js";
import { startRoot } from "./start-root.js";
import { drawStatus } from "./status.js";
import type { CallStory } from "../contract/call-story.js";
import { SpawnedWorkers, tellCalls } from "./call-story.js";
import { tellEmitted, type Told } from "./emitted.js";
import { Feed } from "./feed.js";
import { LogBook } from "./log-book.js";
import { harmless } from "./harmless-observer.js";
import { Inspection } from "./inspection.js";
import { Reloads } from "./reloads.js";
import type { StreamSource } from "./reserved-stream.js";
import { supersede } from "./supersede.js";
import { poolAdded, poolRemoved } from "./pool-changes.js";
import { StartError } from "./start-error.js";
import { createVerification } from "./verification.js";

export interface SystemPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The lowest level that `log` writes. Default: info. */
  readonly logLevel?: LogLevel | undefined;
  readonly journal: Journal;
  /** Nothing of it keeps this process alive. */
  readonly isBackground?: boolean;
  /** Files that pools are made from are watched, and a change reloads its pool. Default false. */
  readonly isWatching?: boolean;
  /** What a pool runs, made anew at each reload. Default: as at the start. */
  readonly prepare?: Prepare | undefined;
  /** What workers are run on. Default: processes of this machine. */
  readonly platform?: ProcessPlatform;
  /** 16 bytes that no other supervisor has. Default: random ones. */
  readonly serverId?: readonly number[];
}

export class System {
  readonly dispatcher: Dispatcher;
  readonly serverId: readonly number[];
  readonly events$: Observable<LifecycleEvent>;
  /** The same, encoded. */
  readonly eventFeed = new Feed();
  /** Where everything that concerns this system is logged. */
  readonly log: LogBook;
  readonly clock: Clock;
  /** Resolves when every pool has had one ready worker; rejects with StartError when one could not. */
  readonly started: Promise<void>;
  /** Resolves when no worker is left, however it came to that. */
  readonly ended: Promise<void>;
  /** The host socket, once somebody has opened one. */
  socket: string | null = null;
  /** For handles on this system. */
  readonly retryPorts: RetryPorts;
  readonly #ports: SystemPorts;
  readonly #registry: ProcessRegistry;
  readonly #spawned = new SpawnedWorkers();
  readonly #events = new Subject<LifecycleEvent>();
  readonly #launches: LaunchBook;
  readonly #reloads: Reloads;
  readonly #spares: Spares | null;
  readonly #root: Actor<typeof supervisorMachine>;
  #inspection: Inspection | undefined;
  readonly #startedAtMs: number;
  readonly #maxFrameBytes: number;
  #hasFailed = false;
  #resolveEnded: () => void = () => undefined;
  #resolveStarted: () => void = () => undefined;
  #rejectStarted: (error: unknown) => void = () => undefined;

  constructor(config: ResolvedConfig, launches: ReadonlyMap<string, PoolLaunch>, given: SystemPorts) {
    this.clock = given.clock;
    this.serverId = given.serverId ?? [...randomBytes(16)];
    this.#registry = new ProcessRegistry(given.platform?.signalGroup);
    this.log = new LogBook(given.log, given.clock, given.logLevel ?? "info");
    this.#spares = given.isWatching === true ? new Spares(given.platform ?? nodePlatform, given.clock) : null;
    const ports = { ...given, log: this.log, ...(this.#spares !== null && { platform: this.#spares }) };
    this.#ports = ports;
    const { clock, random } = ports;
    this.#maxFrameBytes = config.limits.maxFrameBytes;
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
      limits: {
        ...config.limits,
        cancelGraceMs: config.health.cancelGraceMs,
        idleTimeoutMs: config.streams.idleTimeoutMs,
      },
      breaker: {
        policy: config.breaker,
        onFact: (functionName, fact) => {
          this.#tellBreakers({ ...fact, functionName });
        },
      },
      onOverdue: (instance, functionName, reason) => {
        const { drainMs } = config.shutdown;
        this.#tell(instance, { type: "worker.condemn", functionName, reason, drainMs });
      },
      onWorn: (instance, reason) => {
        this.#tell(instance, { type: "use.exceeded", reason });
      },
      onBreach: (instance, reason) => {
        this.#tell(instance, { type: "link.breached", reason });
      },
      verification: createVerification(config.verify, ports, (error) => {
        this.fail(error);
      }),
    });
    this.#launches = new LaunchBook(launches);
    this.#reloads = new Reloads((pool) => {
      this.#root.send({ type: "pool.reload", pool });
    });
    this.#root = this.#start(config);
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
      serverId: this.#serverIdText(),
      socket: this.socket,
      maxFrameBytes: this.#maxFrameBytes,
      lastReloadError: this.#reloads.lastError,
    });
  }

  #serverIdText(): string {
    return Buffer.from(this.serverId).toString("hex");
  }

  /** The recent calls of that number, newest first. */
  why(requestId: number | bigint): readonly CallStory[] {
    const { journal, clock } = this.#ports;
    return tellCalls({ journal, clock, spawned: this.#spawned, status: this.status() }, requestId);
  }

  /** What happens in the charts from now on, and before it what they are now: items of contract/inspection.ts. */
  inspect(): StreamSource {
    const about = { root: this.#root, supervisorId: this.#serverIdText() };
    this.#inspection ??= new Inspection({ ...this.#ports, ...about });
    return this.#inspection.source();
  }

  /** Drains for at most `drainMs`, then ends every worker; said again it hurries. */
  stop(drainMs: number): void {
    if (this.#root.getSnapshot().status !== "active") return;
    this.#root.send({ type: "supervisor.stop", drainMs });
  }

  /** A sentence for the log of this system. */
  warn(sentence: string): void {
    this.#ports.log.warn(sentence);
  }

  /** Takes no new calls from now on; the workers stay until `stop`. */
  drain(): void {
    if (this.#root.getSnapshot().status === "active") this.#root.send({ type: "supervisor.drain" });
  }

  /** Kills the process of a worker, if it has one now; the worker is started again. False: there is no such worker. */
  kill(workerId: string): boolean {
    for (const entry of this.#registry.entries()) {
      if (entry.workerId === workerId)
        entry.tell({ type: "worker.kill", reason: "it was killed on request" });
    }
    return this.status().pools.some(({ workers }) => workers.some(({ id }) => id === workerId));
  }

  /** One more pool. Resolves when it has a ready worker; rejects with StartError, and nothing is left, when it cannot be had. */
  addPool(pool: ResolvedPool, launch: PoolLaunch): Promise<void> {
    const { name } = pool;
    const { status, value } = this.#root.getSnapshot();
    if (status !== "active" || value !== "running") {
      const message = `No pool can be added to a supervisor that is ${this.status().state}.`;
      return Promise.reject(new StartError(name, message, ""));
    }
    this.#launches.set(name, 1, launch);
    const added = poolAdded(this.#root, this.ended, name);
    added.catch(() => {
      this.#launches.remove(name);
    });
    this.#root.send({ type: "pool.add", plan: planOf(pool) });
    return added;
  }

  /** Ends a pool, whose calls may end within `drainMs`. Resolves when no process of it is left. */
  removePool(name: string, drainMs: number): Promise<void> {
    const { status, context } = this.#root.getSnapshot();
    if (status !== "active" || !context.pools.has(name)) return this.ended;
    const removed = poolRemoved(this.#root, this.ended, name);
    this.#root.send({ type: "pool.remove", pool: name, drainMs });
    return removed.then(() => {
      this.#launches.remove(name);
    });
  }

  /**
   * Has that pool, or all, run what there is now, where it differs from what runs. Resolves when the new generation serves
   * or was refused; `isToWait`: also when no worker is left of the one before. False: there is no pool of that name.
   */
  reload(pool: string | undefined, isToWait: boolean): Promise<ReloadReport> | false {
    const names = [...this.#root.getSnapshot().context.pools.keys()];
    if (pool !== undefined && !names.includes(pool)) return false;
    return this.#reloads.request({ pools: pool === undefined ? names : [pool], isToWait });
  }

  /**
   * As commandBreaker, for the spawn breaker of a pool, whatever the pool does. False: there is no pool of that name.
   * When the supervisor stops there is nothing left to do: no pool starts a worker any more.
   */
  commandPoolBreaker(pool: string, action: "trip" | "reset"): boolean {
    const { status, context } = this.#root.getSnapshot();
    if (status !== "active" || !context.pools.has(pool)) return false;
    this.#root.send({ type: `breaker.${action}`, pool });
    return true;
  }

  /** Opens the breaker of a function until it is reset, or closes it. False: nothing of that name is exported. */
  commandBreaker(functionName: string, action: "trip" | "reset"): boolean {
    if (!this.dispatcher.exports().some(({ name }) => name === functionName)) return false;
    this.#tellBreakers({ type: `breaker.${action}`, functionName });
    return true;
  }

  /** A fault of the runtime itself: everything is ended, and what was under way fails with 3000. */
  fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    // First what has to happen, then what is said about it.
    this.#registry.close();
    this.#spares?.close();
    this.#root.stop();
    this.dispatcher.close("failed");
    this.#ports.log.error(`The supervisor failed: ${messageOf(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
    this.#announce({ type: "supervisor.failed", reason: messageOf(error) });
    this.#reloads.close("the supervisor failed");
    this.#closeFeeds();
    this.#rejectStarted(new StartError("", `The supervisor failed: ${messageOf(error)}`, ""));
    this.#resolveEnded();
  }

  #start(config: ResolvedConfig): Actor<typeof supervisorMachine> {
    const { clock, random } = this.#ports;
    return startRoot(this.#machines(config), {
      clock,
      inspect: harmless(config.inspect, this.log),
      input: rootInput(config, {
        clock,
        random,
        isExcused: (instance) => this.dispatcher.gates.chargeOf(instance).isQuarantined,
      }),
      prepare: (root) => {
        root.on("*", (event) => {
          this.#emitted(event);
        });
      },
      onSnapshot: ({ value }) => {
        if (value === "running" || value === "refusing") this.#resolveStarted();
      },
      onDone: () => {
        this.#rootEnded();
      },
      onFailed: (error) => {
        this.fail(error);
      },
    });
  }

  /** Dispatch found something out about a worker, perhaps inside a transition of its machine, which has to end first. */
  #tell(instance: InstanceId, event: WorkerEvent): void {
    queueMicrotask(() => this.#registry.get(instance)?.tell(event));
  }

  #tellBreakers(event: BreakersEvent): void {
    // The call it is about may have ended inside a worker machine's own transition, which has to come to its end first.
    // Whoever awaits that call still hears of it after this.
    queueMicrotask(() => {
      const { status, children } = this.#root.getSnapshot();
      if (status === "active") children["breakers"]?.send(event);
    });
  }

  #machines(config: ResolvedConfig): typeof supervisorMachine {
    return provideMachines({
      config,
      ...this.#ports,
      prepare: this.#ports.prepare ?? prepareAnew(config, this.log, this.clock),
      launches: this.#launches,
      registry: this.#registry,
      spawned: this.#spawned,
      dispatcher: this.dispatcher,
      serverId: this.serverId,
      serverIdText: this.#serverIdText(),
      announce: (event) => {
        this.#announce(event);
      },
      onFault: (error) => {
        this.fail(error);
      },
    });
  }

  #emitted(event: SupervisorEmitted): void {
    const { log } = this.#ports;
    if (event.type === "generation.promoted") supersede(event, this.#registry, this.dispatcher);
    const told = tellEmitted(event, { log, hasBeenReady: (pool) => this.#hasBeenReady(pool) });
    if (told !== null) this.#announce(told);
    // Last, so that whoever asked for it can rely on what was told.
    this.#reloads.heard(event);
  }

  /** What a pool that never was prints is told once, with its failure. */
  #hasBeenReady(pool: string): boolean {
    return (this.#root.getSnapshot().context.pools.get(pool)?.exports ?? null) !== null;
  }

  #announce(event: Told): void {
    const told = { ...event, atMs: this.clock.wallMs() };
    this.#events.next(told);
    const { reason } = event;
    this.eventFeed.push(encodeValue(reason === undefined ? told : { ...told, reason: toWellFormed(reason) }));
  }

  /** Nothing more is told. */
  #closeFeeds(): void {
    this.#events.complete();
    this.eventFeed.close(this.#hasFailed);
    this.log.lines.close(this.#hasFailed);
    this.#inspection?.close(this.#hasFailed);
  }

  #rootEnded(): void {
    if (this.#hasFailed) return;
    const { failure } = this.#root.getSnapshot().context;
    this.dispatcher.close("closed");
    if (failure === null)
      this.#rejectStarted(new StartError("", "The supervisor was stopped before it had started.", ""));
    else this.#rejectStarted(new StartError(failure.pool, failure.message, failure.stderrTail));
    this.#spares?.close();
    this.#reloads.close("the supervisor has stopped");
    this.#closeFeeds();
    this.#resolveEnded();
  }
}
