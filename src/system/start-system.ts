// Starts a system from a resolved configuration and waits until every pool has had one ready worker.

import type { PoolLaunch } from "../actors/worker-command.js";
import type { ResolvedConfig } from "../config/types.js";
import { Journal } from "../dispatch/journal.js";
import type { Log, LogLevel } from "../log.js";
import { backgroundClock, realClock } from "../time.js";
import { prepareLaunches } from "./launch.js";
import { makingOf, type Prepare } from "./making.js";
import { System } from "./system.js";

export interface StartOptions {
  readonly log: Log;
  /** The lowest level that `log` writes. Default: info. */
  readonly logLevel?: LogLevel | undefined;
  readonly journal?: Journal | undefined;
  /** What the pools run, where that was prepared beforehand. Default: prepared now. */
  readonly launches?: ReadonlyMap<string, PoolLaunch> | undefined;
  /** Files that pools are made from are watched, and a change reloads its pool. Default false. */
  readonly isWatching?: boolean | undefined;
  /** What a pool runs, made anew at each reload. Default: as at the start. */
  readonly prepare?: Prepare | undefined;
  /** Nothing of the system keeps this process alive; whoever waits for it has to. Default false. */
  readonly isBackground?: boolean | undefined;
  /** Aborting gives the start up: it rejects, and nothing is left. */
  readonly signal?: AbortSignal | undefined;
}

const never = new AbortController().signal;

/** @throws ConfigError, or StartError with what the worker printed, when a pool cannot be started; nothing is left then. */
export async function startSystem(config: ResolvedConfig, options: StartOptions): Promise<System> {
  const launches =
    options.launches ??
    (await prepareLaunches(
      config,
      (warning) => {
        options.log.warn(warning);
      },
      // Who writes a worker wants what is written now; what is served was built before.
      config.dev ? (pool) => makingOf(pool, options.signal ?? never, options.log, realClock) : undefined,
    ));
  const system = new System(config, launches, {
    clock: options.isBackground === true ? backgroundClock : realClock,
    isBackground: options.isBackground === true,
    isWatching: options.isWatching === true,
    prepare: options.prepare,
    random: Math.random,
    log: options.log,
    logLevel: options.logLevel,
    journal: options.journal ?? new Journal(),
  });
  const giveUp = (): void => {
    system.stop(0);
  };
  if (options.signal?.aborted === true) giveUp();
  options.signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await system.started;
    return system;
  } finally {
    options.signal?.removeEventListener("abort", giveUp);
  }
}
