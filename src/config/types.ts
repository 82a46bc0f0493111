// The two shapes of configuration: what a person writes (SpliceConfig, published) and what every part of the
// supervisor reads (ResolvedConfig: everything present, checked, absolute, read-only). Only types live here;
// the numbers named as defaults below are in defaults.ts, with their reasons.

import type { ContextAuth } from "../contract/context-type.js";
import type { InspectObserver } from "../contract/inspect-observer.js";

/** How a worker's link is made: an inherited descriptor (fd 3), or a socket path that the worker connects to. */
export type LinkKind = "inherit" | "socket";

/** OTP's restart kinds: always, after an abnormal end only, never. */
export type RestartType = "permanent" | "transient" | "temporary";

/** OTP's strategies, over the pools in their order: which other pools are started anew when a worker ended unasked. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** One pool: workers of one kind, which export the same functions. Either `functions` or `command` is needed. */
export interface PoolConfig {
  /** Folder of TypeScript functions. Not together with `command`. */
  readonly functions?: string | undefined;
  /**
   * Program and arguments of a worker written in any language. Not together with `functions`. A program named
   * with a slash is found from the pool's `cwd`, one without a slash on PATH.
   */
  readonly command?: readonly string[] | undefined;
  /**
   * Program and arguments that make what `command` runs; run in the pool's `cwd` at each reload, at the start
   * of `splice dev`, and by `splice build`, which takes the file that was made: the first word of `command` that names one by a
   * relative path (the program with a slash). Only with `command`. Default: none, the command is there as it is.
   */
  readonly build?: readonly string[] | undefined;
  /**
   * Folders and files beside the program or the functions that the pool is made from: when one changes, its pool is reloaded
   * where changes are watched, and a reload starts new workers. A command is compared with what runs by its program, where
   * that is a file, and by these. Default none; a reload then starts workers of a command in any case.
   */
  readonly watch?: readonly string[] | undefined;
  /** How the worker is reached. Default "inherit"; "socket" is for workers that know no inherited descriptor. */
  readonly link?: LinkKind | undefined;
  /** Processes of this pool, 1 to 1024. Default 1 embedded and in development, cores - 1 (at least 1) served. */
  readonly workers?: number | undefined;
  /** Environment variables added to those that the worker inherits. Default none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Calls after which a worker is replaced, 1 or more; its successor is ready before it goes. Default: no limit. */
  readonly maxCalls?: number | undefined;
  /** Resident memory above which a worker is replaced likewise, in MiB. Default: no limit. Linux only. */
  readonly maxRssMb?: number | undefined;
  /**
   * Whether a worker that ended unasked is started again: always, unless it ended with exit code 0 while in service, or
   * never. Default "permanent".
   */
  readonly restartType?: RestartType | undefined;
  /** Working directory of the worker processes. Default: where relative paths start. */
  readonly cwd?: string | undefined;
  /** Options for Node before the script, such as ["--max-old-space-size=256"]. Only with `functions`. */
  readonly execArgv?: readonly string[] | undefined;
}

/** Bounds on calls and frames. */
export interface LimitsConfig {
  /** Calls under way at once, over all functions. Default 1024. One more waits, see `maxQueue`, or gets 3002. */
  readonly maxInFlight?: number | undefined;
  /** Calls under way at once of one function. Default 256. One more waits, see `maxQueue`, or gets 3002. */
  readonly maxInFlightPerFunction?: number | undefined;
  /** Calls that wait at once for others to end, over all callers. Default 0: refused at once with 3002. */
  readonly maxQueue?: number | undefined;
  /** How long one of them waits before it is refused with 3002, in milliseconds. Default 1000. */
  readonly maxQueueWaitMs?: number | undefined;
  /** Largest frame sent or received, in bytes. Default 104857600 (100 MiB). */
  readonly maxFrameBytes?: number | undefined;
  /** Deadline of a call that names none, in milliseconds. Default 30000; Infinity for none. */
  readonly defaultTimeoutMs?: number | undefined;
}

/** How an ended worker is replaced. */
export interface RestartConfig {
  /** Wait before the first, second, … restart in a row; the last one repeats. Default [0, 100, 500, 2000, 5000]. */
  readonly backoffMs?: readonly number[] | undefined;
  /** Part of a wait that may be added at random, 0 to 1. Default 0.2: a wait is up to 20 % longer, never shorter. */
  readonly jitter?: number | undefined;
  /** A worker that was ready this long starts the row of waits anew, in milliseconds. Default 30000. */
  readonly resetAfterMs?: number | undefined;
  /** Unasked ends of a pool's workers within `withinMs`, above which no further one is started. Default 10. */
  readonly maxRestarts?: number | undefined;
  /** In milliseconds; must be more than the first `maxRestarts` waits together. Default 60000. */
  readonly withinMs?: number | undefined;
  /** Starts of a pool in a row that did not become ready, after which none is started either. Default 5. */
  readonly maxFailedStarts?: number | undefined;
  /** How long nothing is started then, before one worker is tried, in milliseconds. Default 30000; doubles each time. */
  readonly cooldownMs?: number | undefined;
  /** The longest that it doubles to, in milliseconds. Default 300000. */
  readonly maxCooldownMs?: number | undefined;
}

/** The steps by which a worker is ended; each has its own patience. */
export interface ShutdownConfig {
  /** Time for the calls under way to end, in milliseconds. Default 30000; 0 waits for none. */
  readonly drainMs?: number | undefined;
  /** Time from the Shutdown message to SIGTERM, in milliseconds. Default 5000. */
  readonly shutdownMs?: number | undefined;
  /** Time from SIGTERM to SIGKILL, in milliseconds. Default 5000. */
  readonly terminateMs?: number | undefined;
}

/** How a worker's health is watched. */
export interface HealthConfig {
  /** Pause between two health checks, in milliseconds. Default 5000. */
  readonly intervalMs?: number | undefined;
  /** Unanswered checks in a row after which a worker counts as unresponsive. Default 3. */
  readonly maxMisses?: number | undefined;
  /** Time a worker gets to answer a call after its deadline or its cancellation, in milliseconds. Default 2000. */
  readonly cancelGraceMs?: number | undefined;
}

/** Functions whose results come in pieces. */
export interface StreamsConfig {
  /** Items that a function of a functions pool may be ahead of its reader, 1 to 1024. Default 64. */
  readonly windowChunks?: number | undefined;
  /** Time a function that may yield may yield nothing before its stream is cancelled with 2001, in milliseconds. Default 0, for ever. */
  readonly idleTimeoutMs?: number | undefined;
}

/** Code that is replaced while calls go on. */
export interface ReloadConfig {
  /**
   * Whether a generation is promoted that breaks callers of the one before: a function is gone, or takes less. Default
   * false; true in development, with a warning.
   */
  readonly allowBreaking?: boolean | undefined;
}

/** Sees what happens in the charts. */
export type Inspect = InspectObserver | InspectObserver["next"];

/** Decides whether a call may run. `auth` is null when the caller names nobody; headers are pairs in the order sent. */
export type Verify = (
  auth: ContextAuth | null,
  headers: readonly (readonly [string, string])[],
  functionName: string,
) => boolean | Promise<boolean>;

/** When calls of a function are refused for a while, because it keeps failing or takes its workers down. */
export interface BreakerConfig {
  /** Part of the calls, 0 to 1, that has to fail within `windowMs` for the breaker to open. Default 0.5. */
  readonly failureRatio?: number | undefined;
  /** Calls within `windowMs` below which the breaker stays closed, however many fail. Default 20. */
  readonly minCalls?: number | undefined;
  /** Time over which calls and failures are counted, in milliseconds. Default 10000. */
  readonly windowMs?: number | undefined;
  /** Time from the opening until one call is let through to try it, in milliseconds. Default 10000. */
  readonly openMs?: number | undefined;
  /** Deaths of workers charged to one function that put it into quarantine. Default 3; 0 for no quarantine. */
  readonly quarantineCrashes?: number | undefined;
  /** Time within which these deaths have to come, in milliseconds. Default 60000. */
  readonly quarantineWithinMs?: number | undefined;
  /** Time a quarantine lasts until one call is let through to try it, in milliseconds. Default 30000. */
  readonly quarantineMs?: number | undefined;
}

/**
 * What a person may configure. Every key is optional; unknown keys and bad values throw a ConfigError. Relative paths
 * start at the working directory or, for a configuration file, at its folder.
 */
export interface SpliceConfig {
  /** Short for `pools.app.functions`. Default "./functions" when no pool is named. */
  readonly functions?: string | undefined;
  /** Pools by name; a name is made of letters, digits, "-" and "_". Default: the one pool "app". */
  readonly pools?: Readonly<Record<string, PoolConfig>> | undefined;
  /**
   * Which other pools are started anew when a worker of one ended unasked: none, all, or those after it. With the last
   * two a pool is started when those before it are ready. Default one_for_one.
   */
  readonly strategy?: Strategy | undefined;
  readonly limits?: LimitsConfig | undefined;
  /** Time from a worker's start until it must be ready, in milliseconds. Default 10000. */
  readonly connectTimeoutMs?: number | undefined;
  readonly restart?: RestartConfig | undefined;
  readonly shutdown?: ShutdownConfig | undefined;
  readonly health?: HealthConfig | undefined;
  readonly breaker?: BreakerConfig | undefined;
  readonly streams?: StreamsConfig | undefined;
  readonly reload?: ReloadConfig | undefined;
  /** Path of the host socket, or false for none. Default: none embedded, `.splice/splice.sock` served. */
  readonly socket?: string | false | undefined;
  /**
   * Asked in the supervisor, before each call is started, whether that call may run. `auth` (`userId` and `roles`, or
   * null for a caller that names nobody) and headers are what the caller says. With true the call runs. With false it
   * is refused with 1003; so it is, with a line in the log, when the verifier throws, rejects or gives anything else.
   * The call has a slot and its deadline meanwhile. The supervisor's own functions, `splice.*`, are not asked about.
   * Default: none, every call may run.
   */
  readonly verify?: Verify | undefined;
  /**
   * Sees everything that happens in the supervisor's own statecharts, as an observer of XState's `inspect` option does: a
   * function, or an object with one as `next`, such as an inspector of Stately's has. It runs in the supervisor, at every step
   * of a chart, so that it should be quick; one that throws is told of in the log, and called no more. Default: none.
   */
  readonly inspect?: Inspect | undefined;
  /** Development: stacks of thrown errors reach the caller. Default false. */
  readonly dev?: boolean | undefined;
}

/** T with every key, and every key of its sections, present. */
type Complete<T> = { readonly [Key in keyof T]-?: Exclude<T[Key], undefined> };

/** What the workers of a pool run. */
export type PoolSource =
  | {
      readonly kind: "functions";
      /** Absolute. */
      readonly folder: string;
      readonly execArgv: readonly string[];
      /** The key that named the folder, for errors about it. */
      readonly configPath: string;
    }
  | {
      readonly kind: "command";
      readonly command: Command;
      /** What makes it, if anything does. */
      readonly build?: Command;
    };

export type Command = readonly [program: string, ...args: string[]];

export interface ResolvedPool {
  readonly name: string;
  readonly source: PoolSource;
  /** Absolute. */
  readonly watch: readonly string[];
  readonly link: LinkKind;
  readonly workers: number;
  readonly env: Readonly<Record<string, string>>;
  /** Infinity for no limit. */
  readonly maxCalls: number;
  /** Infinity for no limit. */
  readonly maxRssMb: number;
  readonly restartType: RestartType;
  /** Absolute. */
  readonly cwd: string;
}

export type ResolvedLimits = Complete<LimitsConfig>;
export type ResolvedRestart = Complete<RestartConfig>;
export type ResolvedShutdown = Complete<ShutdownConfig>;
export type ResolvedHealth = Complete<HealthConfig>;
export type ResolvedBreaker = Complete<BreakerConfig>;
export type ResolvedStreams = Complete<StreamsConfig>;
export type ResolvedReload = Complete<ReloadConfig>;

/** The configuration as the supervisor uses it. Units and meanings as in SpliceConfig. */
export interface ResolvedConfig {
  /** Absolute; every other path was resolved from here. */
  readonly cwd: string;
  /** At least one, in the order in which they were written. */
  readonly pools: readonly ResolvedPool[];
  readonly strategy: Strategy;
  readonly limits: ResolvedLimits;
  readonly connectTimeoutMs: number;
  readonly restart: ResolvedRestart;
  readonly shutdown: ResolvedShutdown;
  readonly health: ResolvedHealth;
  readonly breaker: ResolvedBreaker;
  readonly streams: ResolvedStreams;
  readonly reload: ResolvedReload;
  /** Absolute path of the host socket, or false for none. */
  readonly socket: string | false;
  /** Null: every call may run. */
  readonly verify: Verify | null;
  readonly inspect: InspectObserver | null;
  readonly dev: boolean;
}
