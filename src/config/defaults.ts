// Every default of the configuration, each with the reason of its number. Knows neither files nor environment;
// `workers` and `socket` are not here, since they differ between embedded, development and served use, nor is `verify`,
// which has none.

import type { ResolvedConfig } from "./types.js";

export const defaultFunctionsFolder = "./functions";

/** The pool that `functions` is short for. */
export const defaultPoolName = "app";

/** Far above what one machine runs well; it catches a number of the wrong unit. */
export const maxWorkers = 1024;

/** A slot per call is kept in memory; beyond a million the bound no longer bounds anything. */
export const highestMaxInFlight = 1_000_000;

/** The protocol's own ceiling; a smaller limit is agreed on in the handshake. */
export const highestMaxFrameBytes = 104_857_600;

/** Below this not even the largest message of the link's own business fits. */
export const lowestMaxFrameBytes = 1024;

/** The time of each charged death is kept; who bears a thousand of them wants no quarantine. */
export const highestQuarantineCrashes = 1000;

/** The protocol's own bound on what one acknowledgement may grant. */
export const highestWindowChunks = 1024;

export const defaults = {
  limits: {
    // Throughput stops growing at a few hundred calls in flight; four times that absorbs a burst, and a stuck
    // system is refused early instead of hoarding callers.
    maxInFlight: 1024,
    // A quarter, so that one stuck function leaves three quarters to the others.
    maxInFlightPerFunction: 256,
    // None: a caller who is told at once can go elsewhere, and a queue only pays where load comes in bursts.
    maxQueue: 0,
    // What a person takes for a pause; who has waited that long in vain waits in a line that does not move.
    maxQueueWaitMs: 1000,
    // The largest frame the protocol knows: nobody is refused who does not ask for it.
    maxFrameBytes: highestMaxFrameBytes,
    // What people and proxies are used to wait for an answer before they give up themselves.
    defaultTimeoutMs: 30_000,
  },
  // A Node worker is ready in well under a second; ten allow for a cold disk, a native module and a busy machine.
  connectTimeoutMs: 10_000,
  restart: {
    // The first restart is at once, for a crash is mostly one bad call; then slower, up to a pace that a person
    // who reads the log can follow and that costs a machine nothing.
    backoffMs: [0, 100, 500, 2000, 5000],
    // Enough to part workers that died of one cause, too little to be felt.
    jitter: 0.2,
    // Several times the longest wait: who worked that long did not die of its start.
    resetAfterMs: 30_000,
    // Two crashes a quarter of a minute are a worker that serves between them; eleven a minute are none.
    maxRestarts: 10,
    // Nearly twice the first ten waits together, so that the limit can be reached.
    withinMs: 60_000,
    // What failed five times, over some seconds, will not succeed for being tried again at once.
    maxFailedStarts: 5,
    // Time for a full disk or a missing service to be seen to; long enough to cost nothing.
    cooldownMs: 30_000,
    // Five minutes: who mended the cause need not wait longer for the next try.
    maxCooldownMs: 300_000,
  },
  shutdown: {
    // As long as the default deadline: a call under way may use all of its time.
    drainMs: 30_000,
    // Time for a worker to flush its answers and close its files.
    shutdownMs: 5000,
    // Time for a SIGTERM handler; after the two steps before it nothing useful is left to wait for.
    terminateMs: 5000,
  },
  health: {
    // Three misses make 15 s: found before the default deadline of most calls, at no measurable cost.
    intervalMs: 5000,
    // One miss may be a long collection of garbage, two a busy machine.
    maxMisses: 3,
    // A function that honours its signal answers within milliseconds; two seconds let it undo its work first.
    cancelGraceMs: 2000,
  },
  // Callers of what runs in production must not find it gone; who writes code is told, see resolve.ts.
  reload: { allowBreaking: false },
  strategy: "one_for_one",
  breaker: {
    // Who fails as often as not helps nobody by being called; below that, most callers get what they want.
    failureRatio: 0.5,
    // Fewer say too little: ten failures of twenty are no accident, two of three may be.
    minCalls: 20,
    // Short enough to forget a burst soon, long enough for twenty calls of a function that is rarely used.
    windowMs: 10_000,
    // As long as the window: by then what it was opened for no longer counts.
    openMs: 10_000,
    // A death costs every other call of that process too, so few are let pass; one or two may be chance.
    quarantineCrashes: 3,
    // A minute: a caller that repeats what is poisonous mostly does so at once.
    quarantineWithinMs: 60_000,
    // One attempt that may cost a worker in half a minute is bearable, and long enough to be seen by somebody.
    quarantineMs: 30_000,
  },
  streams: {
    // A reader that lags by one turn of its loop leaves the worker enough to go on; so many small items weigh nothing.
    windowChunks: 64,
    // For ever: an endless stream that is quiet is nothing unusual, and only its author knows when it is.
    idleTimeoutMs: 0,
  },
  dev: false,
} as const satisfies Omit<ResolvedConfig, "cwd" | "pools" | "socket" | "verify" | "inspect">;
