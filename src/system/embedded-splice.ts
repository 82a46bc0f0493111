// The Splice handle of an embedded supervisor: the published methods on top of a running system.

import type { Observable } from "rxjs";
import { remoteFunctions, type RemoteFunctions } from "../contract/remote-functions.js";
import { Retrier } from "../contract/retry.js";
import type { CallOptions, Splice } from "../contract/splice.js";
import type { LifecycleEvent, Status } from "../contract/status.js";
import type { ExportMetadata } from "../protocol/messages.js";
import { EmbeddedCaller } from "./embedded-caller.js";
import { createReserved, type RunReserved } from "./reserved.js";
import type { System } from "./system.js";

/** What goes down with the system: `onDraining` runs as the drain begins, `onEnded` when no worker is left. */
export interface CloseHooks {
  readonly onDraining?: () => Promise<void>;
  readonly onEnded?: () => void;
}

export class EmbeddedSplice implements Splice {
  readonly events$: Observable<LifecycleEvent>;
  /** The supervisor's own functions, for whoever speaks to its hosts. */
  readonly runReserved: RunReserved;
  readonly #system: System;
  readonly #caller: EmbeddedCaller;
  readonly #retrier: Retrier;
  readonly #defaultDrainMs: number;
  readonly #hooks: CloseHooks;
  #closing: Promise<void> | null = null;

  constructor(system: System, defaultDrainMs: number, hooks: CloseHooks) {
    this.#system = system;
    this.runReserved = createReserved({
      system,
      stop: (drainMs) => void this.close({ drainMs }),
    });
    this.#caller = new EmbeddedCaller(system.dispatcher, this.runReserved);
    this.#retrier = new Retrier(system.retryPorts);
    this.#defaultDrainMs = defaultDrainMs;
    this.#hooks = hooks;
    this.events$ = system.events$;
  }

  /** Resolves when no worker is left, whether it was asked for or the supervisor failed. */
  get ended(): Promise<void> {
    return this.#system.ended;
  }

  /** Cuts a drain short; said again it kills. */
  hurry(): void {
    this.#system.stop(0);
  }

  call(name: string, params?: unknown, options?: CallOptions): Promise<unknown> {
    if (options?.retry === undefined) return this.#caller.call(name, params, options);
    return this.#retrier.run(name, options, (current) => this.#caller.call(name, params, current));
  }

  functions<T extends object>(namespace = ""): RemoteFunctions<T> {
    return remoteFunctions((...call) => this.call(...call), namespace) as RemoteFunctions<T>;
  }

  exports(): Promise<readonly ExportMetadata[]> {
    return Promise.resolve(this.#system.dispatcher.exports());
  }

  status(): Promise<Status> {
    return Promise.resolve(this.#system.status());
  }

  close(options: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? this.#defaultDrainMs);
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
