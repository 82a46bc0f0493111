// From a resolved configuration to what the root of the charts is given. Pure, but for the numbers that it hands out.

import type { ResolvedConfig, ResolvedPool } from "../config/types.js";
import { createIdSource, type InstanceId } from "../ids.js";
import type { PoolPlan, PoolPorts } from "../machines/pool/context.js";
import type { SupervisorInput } from "../machines/supervisor/context.js";

export function planOf({ name, workers, restartType }: ResolvedPool): PoolPlan {
  return { name, workers, restartType };
}

export function rootInput(
  config: ResolvedConfig,
  ports: Pick<PoolPorts, "clock" | "random" | "isExcused">,
): SupervisorInput {
  const { shutdownMs, terminateMs, drainMs } = config.shutdown;
  const { openMs } = config.breaker;
  return {
    pools: config.pools.map(planOf),
    strategy: config.strategy,
    callBreaker: { cooldownMs: openMs, maxCooldownMs: openMs },
    ports: {
      ...ports,
      timings: { connectTimeoutMs: config.connectTimeoutMs, shutdownMs, terminateMs },
      maxMisses: config.health.maxMisses,
      restart: config.restart,
      cooldown: config.restart,
      drainMs,
      reload: { allowsBreaking: config.reload.allowBreaking, isHurried: config.dev },
      nextInstance: createIdSource<InstanceId>(),
    },
  };
}
