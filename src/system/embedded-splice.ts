// The Splice handle of an embedded supervisor: the published methods on top of a running system.

import type { Observable } from "rxjs";
import { checkFolder } from "../config/check-folders.js";
import { resolvePool } from "../config/resolve-pools.js";
import type { ResolvedConfig } from "../config/types.js";
import { type Callee, remoteFunctions, type RemoteFunctions } from "../contract/remote-functions.js";
import type { ReloadReport } from "../contract/reload-report.js";
import { Retrier } from "../contract/retry.js";
import type { CallOptions, Splice, StreamOptions } from "../contract/splice.js";
import type { SpliceStream } from "../contract/stream-handle.js";
import type { LifecycleEvent, Status } from "../contract/status.js";
import { SpliceError } from "../errors.js";
import type { Log } from "../log.js";
import type { ExportMetadata } from "../protocol/messages.js";
import { EmbeddedCaller } from "./embedded-caller.js";
import { prepareModule } from "./isolated-module.js";
import { prepareLaunch } from "./launch.js";
import { createReserved, type RunReserved } from "./reserved.js";
import { StreamingFunctions } from "./streaming-functions.js";
import type { System } from "./system.js";

/** What goes down with the system: `onDraining` runs as the drain begins, `onEnded` when no worker is left. */
export interface CloseHooks {
  readonly onDraining?: () => Promise<void>;
  readonly onEnded?: () => void;
}

/** A module that runs in a pool of a supervisor; names of its functions are without the namespace. */
export interface AddedModule extends Callee {
  /** Lets the calls under way end, for shutdown.drainMs at most, and ends the workers. Resolves when they are gone. */
  remove(): Promise<void>;
}

function closedError(functionName: string): SpliceError {
  const message = `${JSON.stringify(functionName)} was not called: its module's workers were closed.`;
  return new SpliceError({ code: 3001, message, functionName, details: { reason: "closed" } });
}

export class EmbeddedSplice implements Splice {
  readonly events$: Observable<LifecycleEvent>;
  /** The supervisor's own functions, for whoever speaks to its hosts. */
  readonly runReserved: RunReserved;
  readonly #system: System;
  readonly #caller: EmbeddedCaller;
  readonly #streaming: StreamingFunctions;
  readonly #retrier: Retrier;
  readonly #config: ResolvedConfig;
  /** Of pools that are there or about to be. */
  readonly #poolNames: Set<string>;
  readonly #hooks: CloseHooks;
  #closing: Promise<void> | null = null;

  constructor(system: System, config: ResolvedConfig, hooks: CloseHooks) {
    this.#system = system;
    this.runReserved = createReserved({
      system,
      stop: (drainMs) => void this.close({ drainMs }),
    });
    this.#caller = new EmbeddedCaller(system.dispatcher, this.runReserved, system.retryPorts.clock);
    this.#streaming = new StreamingFunctions(system.dispatcher);
    this.#retrier = new Retrier(system.retryPorts);
    this.#config = config;
    this.#poolNames = new Set(config.pools.map(({ name }) => name));
    this.#hooks = hooks;
    this.events$ = system.events$;
  }

  /** Resolves when no worker is left, whether it was asked for or the supervisor failed. */
  get ended(): Promise<void> {
    return this.#system.ended;
  }

  get hasFailed(): boolean {
    return this.#system.hasFailed;
  }

  /** The log of the supervisor; what is written there can be read with splice.logs as well. */
  get log(): Log {
    return this.#system.log;
  }

  /**
   * Runs the module `file` in a pool of its own, called `name` or, where that is taken, name-2, name-3, …; its functions
   * have that name as their namespace. Resolves when a worker of it is ready.
   *
   * @throws ConfigError for options that no pool has; whatever createSplice throws when functions cannot be started.
   */
  async addModule(file: string, name: string, options: object): Promise<AddedModule> {
    let poolName = name;
    for (let n = 2; this.#poolNames.has(poolName); n++) poolName = `${name}-${String(n)}`;
    this.#poolNames.add(poolName);
    try {
      const base = { cwd: process.cwd(), defaultWorkers: 1 };
      const folder = await prepareModule(file, poolName);
      const pool = resolvePool("", poolName, { ...options, functions: folder }, undefined, base);
      await checkFolder("cwd", pool.cwd);
      const launch = await prepareLaunch(pool, this.#config, (warning) => {
        this.#system.warn(warning);
      });
      await this.#system.addPool(pool, launch);
    } catch (error) {
      this.#poolNames.delete(poolName);
      throw error;
    }
    // Kept, since the supervisor forgets the functions of a pool that is removed.
    const exported = await this.exports();
    const streaming = new Set(exported.filter(({ isStreaming }) => isStreaming).map(({ name }) => name));
    let removing: Promise<void> | null = null;
    return {
      call: (functionName, params, callOptions) =>
        removing === null
          ? this.call(`${poolName}.${functionName}`, params, callOptions)
          : Promise.reject(closedError(functionName)),
      stream: (functionName, params, streamOptions) => {
        if (removing !== null) throw closedError(functionName);
        return this.stream(`${poolName}.${functionName}`, params, streamOptions);
      },
      isStreaming: (functionName) => streaming.has(`${poolName}.${functionName}`),
      remove: () =>
        (removing ??= this.#system.removePool(poolName, this.#config.shutdown.drainMs).then(() => {
          this.#poolNames.delete(poolName);
        })),
    };
  }

  /** Cuts a drain short; said again it kills. */
  hurry(): void {
    this.#system.stop(0);
  }

  call(name: string, params?: unknown, options?: CallOptions): Promise<unknown> {
    if (options?.retry === undefined) return this.#caller.call(name, params, options);
    return this.#retrier.run(name, options, (current) => this.#caller.call(name, params, current));
  }

  stream(name: string, params?: unknown, options?: StreamOptions): SpliceStream {
    return this.#caller.stream(name, params, options);
  }

  functions<T extends object>(namespace = ""): RemoteFunctions<T> {
    return remoteFunctions(this, namespace) as RemoteFunctions<T>;
  }

  isStreaming(name: string): boolean {
    return this.#streaming.has(name);
  }

  exports(): Promise<readonly ExportMetadata[]> {
    return Promise.resolve(this.#system.dispatcher.exports());
  }

  async reload(pool?: string): Promise<ReloadReport> {
    const params = pool === undefined ? undefined : { pool };
    return (await this.call("splice.reload", params, { timeoutMs: Infinity })) as ReloadReport;
  }

  status(): Promise<Status> {
    return Promise.resolve(this.#system.status());
  }

  close(options: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? this.#config.shutdown.drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#system.stop(drainMs);
    await this.#hooks.onDraining?.();
    await this.#system.ended;
    this.#hooks.onEnded?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
