// The numbers of the world that is walked: limits so small that they bind, and times that are all different, so that no
// two timers are due at once but those that belong together.

import { defaults } from "../../src/config/defaults.js";
import type { ResolvedConfig } from "../../src/config/types.js";

export const config: ResolvedConfig = {
  ...defaults,
  cwd: "/",
  pools: [],
  limits: {
    ...defaults.limits,
    maxInFlight: 2,
    maxInFlightPerFunction: 2,
    maxQueue: 1,
    maxQueueWaitMs: 700,
    defaultTimeoutMs: 1600,
  },
  connectTimeoutMs: 5000,
  restart: { ...defaults.restart, backoffMs: [0, 100], jitter: 0, maxFailedStarts: 2, cooldownMs: 20_000 },
  shutdown: { drainMs: 1500, shutdownMs: 400, terminateMs: 600 },
  health: { ...defaults.health, cancelGraceMs: 300 },
  breaker: { ...defaults.breaker, minCalls: 2, windowMs: 1_000_000, quarantineCrashes: 0 },
  socket: false,
  verify: null,
  inspect: null,
};
