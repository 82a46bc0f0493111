// The configuration of a run, drawn from its seed: small numbers throughout, so that every limit binds and every patience
// ends within a few seconds.

import { defaults } from "../../../src/config/defaults.js";
import type { ResolvedConfig, ResolvedPool, Verify } from "../../../src/config/types.js";
import type { Random } from "../../../src/time.js";

/** One more pool, of any kind. */
export function laterPool(name: string, random: Random): ResolvedPool {
  const restartType =
    (["permanent", "transient", "temporary"] as const)[Math.floor(random() * 3)] ?? "permanent";
  return {
    name,
    source: { kind: "functions", folder: "/functions", execArgv: [], configPath: "functions" },
    watch: [],
    link: "inherit",
    workers: 1,
    env: {},
    maxCalls: random() < 0.5 ? Infinity : 3,
    maxRssMb: Infinity,
    restartType,
    cwd: "/",
  };
}

export function drawConfig(random: Random, verify: Verify): ResolvedConfig {
  const among = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const pool = (name: string): ResolvedPool => ({
    ...laterPool(name, random),
    workers: among(1, 1, 2, 3),
    maxCalls: among(Infinity, Infinity, 5, 20),
    restartType: "permanent",
  });
  const pools = among(["a"], ["a", "b"]).map(pool);
  const isRecycled = pools.some(({ maxCalls }) => maxCalls !== Infinity);
  return {
    ...defaults,
    cwd: "/",
    pools,
    strategy: among("one_for_one", "one_for_one", "one_for_all", "rest_for_one"),
    limits: {
      ...defaults.limits,
      maxInFlight: among(2, 4, 8, 100),
      maxInFlightPerFunction: among(2, 3, 8, 50),
      maxQueue: among(0, 0, 2, 8, 50),
      maxQueueWaitMs: among(50, 300, 1000),
      maxFrameBytes: 100_000,
      defaultTimeoutMs: among(300, 1000, 3000),
    },
    connectTimeoutMs: 400,
    restart: {
      backoffMs: among([0, 50, 200], [10], [0, 0, 0, 100]),
      jitter: 0.2,
      resetAfterMs: 2000,
      maxRestarts: among(3, 10),
      withinMs: 5000,
      maxFailedStarts: among(2, 5),
      cooldownMs: 500,
      maxCooldownMs: 3000,
    },
    // 0 would cut off the calls of a worker that is only replaced after so many of them.
    shutdown: { drainMs: isRecycled ? 300 : among(0, 300, 2000), shutdownMs: 200, terminateMs: 200 },
    health: { intervalMs: among(200, 1000), maxMisses: among(1, 3), cancelGraceMs: among(20, 200) },
    breaker: {
      failureRatio: 0.5,
      minCalls: among(3, 10),
      windowMs: 2000,
      openMs: 400,
      quarantineCrashes: among(0, 1, 3),
      quarantineWithinMs: 5000,
      quarantineMs: 1000,
    },
    reload: { allowBreaking: false },
    streams: { windowChunks: among(1, 2, 8, 64), idleTimeoutMs: among(0, 0, 500) },
    socket: false,
    verify: among(null, null, verify),
    inspect: null,
    dev: false,
  };
}
