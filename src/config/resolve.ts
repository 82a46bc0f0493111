// From what a person wrote to the complete configuration: every key checked by its path, every default filled in,
// every path absolute. Pure: reads no file, no environment and no clock.

import { resolve } from "node:path";
import type { InspectObserver } from "../contract/inspect-observer.js";
import { ConfigError } from "../errors.js";
import * as check from "./checks.js";
import {
  defaults,
  highestMaxFrameBytes,
  highestMaxInFlight,
  highestQuarantineCrashes,
  highestWindowChunks,
  lowestMaxFrameBytes,
} from "./defaults.js";
import { resolvePools } from "./resolve-pools.js";
import type {
  ResolvedBreaker,
  ResolvedConfig,
  ResolvedHealth,
  ResolvedLimits,
  ResolvedReload,
  ResolvedRestart,
  ResolvedShutdown,
  ResolvedStreams,
  Verify,
} from "./types.js";

const topKeys = [
  "functions",
  "pools",
  "strategy",
  "limits",
  "connectTimeoutMs",
  "restart",
  "shutdown",
  "health",
  "breaker",
  "streams",
  "reload",
  "socket",
  "verify",
  "inspect",
  "dev",
] as const;

export interface ResolveOptions {
  /** Absolute; relative paths start here. */
  readonly cwd: string;
  /** Workers of a pool that names no number. */
  readonly defaultWorkers: number;
  /** Host socket when none is named. Default false. */
  readonly defaultSocket?: string | false | undefined;
}

/**
 * Checks a SpliceConfig and completes it. Takes `unknown`, since a configuration file holds whatever it holds.
 * Throws ConfigError for the first unknown key or bad value.
 */
export function resolveConfig(userConfig: unknown, options: ResolveOptions): ResolvedConfig {
  const written = check.knownFields("", userConfig, topKeys);
  const { cwd, defaultWorkers, defaultSocket } = options;
  const dev = check.flag("dev", written["dev"], defaults.dev);
  return {
    cwd,
    pools: resolvePools(written["functions"], written["pools"], { cwd, defaultWorkers }),
    strategy: check.oneOf(
      "strategy",
      written["strategy"],
      ["one_for_one", "one_for_all", "rest_for_one"],
      defaults.strategy,
    ),
    limits: resolveLimits(written["limits"]),
    connectTimeoutMs: check.timeoutMs(
      "connectTimeoutMs",
      written["connectTimeoutMs"],
      defaults.connectTimeoutMs,
    ),
    restart: resolveRestart(written["restart"]),
    shutdown: resolveShutdown(written["shutdown"]),
    health: resolveHealth(written["health"]),
    breaker: resolveBreaker(written["breaker"]),
    streams: resolveStreams(written["streams"]),
    reload: resolveReload(written["reload"], dev),
    socket: resolveSocket(
      written["socket"] === undefined ? (defaultSocket ?? false) : written["socket"],
      cwd,
    ),
    verify: resolveVerify(written["verify"]),
    inspect: resolveInspect(written["inspect"]),
    dev,
  };
}

function resolveLimits(value: unknown): ResolvedLimits {
  const fallback = defaults.limits;
  const limits = check.knownFields("limits", value, Object.keys(fallback));
  const count = (key: "maxInFlight" | "maxInFlightPerFunction"): number =>
    check.integer(`limits.${key}`, limits[key], fallback[key], 1, highestMaxInFlight);
  return {
    maxInFlight: count("maxInFlight"),
    maxInFlightPerFunction: count("maxInFlightPerFunction"),
    maxQueue: check.integer("limits.maxQueue", limits["maxQueue"], fallback.maxQueue, 0, highestMaxInFlight),
    maxQueueWaitMs: check.timeoutMs(
      "limits.maxQueueWaitMs",
      limits["maxQueueWaitMs"],
      fallback.maxQueueWaitMs,
    ),
    maxFrameBytes: check.integer(
      "limits.maxFrameBytes",
      limits["maxFrameBytes"],
      fallback.maxFrameBytes,
      lowestMaxFrameBytes,
      highestMaxFrameBytes,
    ),
    defaultTimeoutMs: check.timeoutOrInfinityMs(
      "limits.defaultTimeoutMs",
      limits["defaultTimeoutMs"],
      fallback.defaultTimeoutMs,
    ),
  };
}

function resolveRestart(value: unknown): ResolvedRestart {
  const fallback = defaults.restart;
  const restart = check.knownFields("restart", value, Object.keys(fallback));
  const resolved = {
    backoffMs: check.waitsMs("restart.backoffMs", restart["backoffMs"], fallback.backoffMs),
    jitter: check.ratio("restart.jitter", restart["jitter"], fallback.jitter),
    resetAfterMs: check.timeoutMs("restart.resetAfterMs", restart["resetAfterMs"], fallback.resetAfterMs),
    maxRestarts: check.integer(
      "restart.maxRestarts",
      restart["maxRestarts"],
      fallback.maxRestarts,
      0,
      1_000_000,
    ),
    withinMs: check.timeoutMs("restart.withinMs", restart["withinMs"], fallback.withinMs),
    maxFailedStarts: check.integer(
      "restart.maxFailedStarts",
      restart["maxFailedStarts"],
      fallback.maxFailedStarts,
      1,
      1_000_000,
    ),
    cooldownMs: check.timeoutMs("restart.cooldownMs", restart["cooldownMs"], fallback.cooldownMs),
    maxCooldownMs: check.timeoutMs("restart.maxCooldownMs", restart["maxCooldownMs"], fallback.maxCooldownMs),
  };
  refuseUnreachableLimit(resolved);
  if (resolved.maxCooldownMs >= resolved.cooldownMs) return resolved;
  const least = `at least restart.cooldownMs, which is ${String(resolved.cooldownMs)}`;
  throw new ConfigError("restart.maxCooldownMs", resolved.maxCooldownMs, least);
}

/** A window shorter than the waits of the restarts it is to count would never be full: a crash loop without an end. */
function refuseUnreachableLimit({ backoffMs, maxRestarts, withinMs }: ResolvedRestart): void {
  const last = backoffMs.at(-1) ?? 0;
  const first = backoffMs.slice(0, maxRestarts).reduce((sum, waitMs) => sum + waitMs, 0);
  const waitsMs = first + last * Math.max(0, maxRestarts - backoffMs.length);
  if (withinMs > waitsMs) return;
  const expected = `more than the first ${String(maxRestarts)} waits of restart.backoffMs together (${String(waitsMs)} ms), since so many restarts could never happen within it`;
  throw new ConfigError("restart.withinMs", withinMs, expected);
}

function resolveShutdown(value: unknown): ResolvedShutdown {
  const fallback = defaults.shutdown;
  const shutdown = check.knownFields("shutdown", value, Object.keys(fallback));
  return {
    drainMs: check.waitMs("shutdown.drainMs", shutdown["drainMs"], fallback.drainMs),
    shutdownMs: check.timeoutMs("shutdown.shutdownMs", shutdown["shutdownMs"], fallback.shutdownMs),
    terminateMs: check.timeoutMs("shutdown.terminateMs", shutdown["terminateMs"], fallback.terminateMs),
  };
}

function resolveHealth(value: unknown): ResolvedHealth {
  const fallback = defaults.health;
  const health = check.knownFields("health", value, Object.keys(fallback));
  return {
    intervalMs: check.timeoutMs("health.intervalMs", health["intervalMs"], fallback.intervalMs),
    maxMisses: check.integer("health.maxMisses", health["maxMisses"], fallback.maxMisses, 1, 1_000_000),
    cancelGraceMs: check.timeoutMs("health.cancelGraceMs", health["cancelGraceMs"], fallback.cancelGraceMs),
  };
}

function resolveVerify(value: unknown): Verify | null {
  if (value === undefined) return null;
  if (typeof value === "function") return value as Verify;
  throw new ConfigError("verify", value, "a function of (auth, headers, functionName)");
}

function resolveInspect(value: unknown): InspectObserver | null {
  if (value === undefined) return null;
  if (typeof value === "function") return { next: value as NonNullable<InspectObserver["next"]> };
  const next = typeof value === "object" && value !== null && "next" in value ? value.next : undefined;
  if (typeof next === "function") return value;
  throw new ConfigError(
    "inspect",
    value,
    "a function of an inspection event, or an object with one as `next`",
  );
}

function resolveBreaker(value: unknown): ResolvedBreaker {
  const fallback = defaults.breaker;
  const breaker = check.knownFields("breaker", value, Object.keys(fallback));
  const timeMs = (key: "windowMs" | "openMs" | "quarantineWithinMs" | "quarantineMs"): number =>
    check.timeoutMs(`breaker.${key}`, breaker[key], fallback[key]);
  return {
    failureRatio: check.ratio("breaker.failureRatio", breaker["failureRatio"], fallback.failureRatio),
    minCalls: check.integer("breaker.minCalls", breaker["minCalls"], fallback.minCalls, 1, 1_000_000),
    windowMs: timeMs("windowMs"),
    openMs: timeMs("openMs"),
    quarantineCrashes: check.integer(
      "breaker.quarantineCrashes",
      breaker["quarantineCrashes"],
      fallback.quarantineCrashes,
      0,
      highestQuarantineCrashes,
    ),
    quarantineWithinMs: timeMs("quarantineWithinMs"),
    quarantineMs: timeMs("quarantineMs"),
  };
}

function resolveStreams(value: unknown): ResolvedStreams {
  const fallback = defaults.streams;
  const streams = check.knownFields("streams", value, Object.keys(fallback));
  return {
    windowChunks: check.integer(
      "streams.windowChunks",
      streams["windowChunks"],
      fallback.windowChunks,
      1,
      highestWindowChunks,
    ),
    idleTimeoutMs: check.waitMs("streams.idleTimeoutMs", streams["idleTimeoutMs"], fallback.idleTimeoutMs),
  };
}

/** Whoever is writing code breaks it all the time. */
function resolveReload(value: unknown, dev: boolean): ResolvedReload {
  const reload = check.knownFields("reload", value, ["allowBreaking"]);
  const fallback = dev || defaults.reload.allowBreaking;
  return { allowBreaking: check.flag("reload.allowBreaking", reload["allowBreaking"], fallback) };
}

function resolveSocket(value: unknown, cwd: string): string | false {
  return value === false
    ? false
    : resolve(cwd, check.nonEmptyText("socket", value, "the path of a socket, or false"));
}
