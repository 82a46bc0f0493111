// From what a person wrote to the complete configuration: every key checked by its path, every default filled in,
// every path absolute. Pure: reads no file, no environment and no clock.

import { resolve } from "node:path";
import { ConfigError } from "../errors.js";
import * as check from "./checks.js";
import { defaults, highestMaxFrameBytes, highestMaxInFlight, lowestMaxFrameBytes } from "./defaults.js";
import { resolvePools } from "./resolve-pools.js";
import type {
  ResolvedConfig,
  ResolvedHealth,
  ResolvedLimits,
  ResolvedRestart,
  ResolvedShutdown,
  Verify,
} from "./types.js";

const topKeys = [
  "functions",
  "pools",
  "limits",
  "connectTimeoutMs",
  "restart",
  "shutdown",
  "health",
  "socket",
  "verify",
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
  return {
    cwd,
    pools: resolvePools(written["functions"], written["pools"], { cwd, defaultWorkers }),
    limits: resolveLimits(written["limits"]),
    connectTimeoutMs: check.timeoutMs(
      "connectTimeoutMs",
      written["connectTimeoutMs"],
      defaults.connectTimeoutMs,
    ),
    restart: resolveRestart(written["restart"]),
    shutdown: resolveShutdown(written["shutdown"]),
    health: resolveHealth(written["health"]),
    socket: resolveSocket(
      written["socket"] === undefined ? (defaultSocket ?? false) : written["socket"],
      cwd,
    ),
    verify: resolveVerify(written["verify"]),
    dev: check.flag("dev", written["dev"], defaults.dev),
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
  return {
    backoffMs: check.waitsMs("restart.backoffMs", restart["backoffMs"], fallback.backoffMs),
    jitter: check.ratio("restart.jitter", restart["jitter"], fallback.jitter),
    resetAfterMs: check.timeoutMs("restart.resetAfterMs", restart["resetAfterMs"], fallback.resetAfterMs),
  };
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

function resolveSocket(value: unknown, cwd: string): string | false {
  return value === false
    ? false
    : resolve(cwd, check.nonEmptyText("socket", value, "the path of a socket, or false"));
}
