// What the supervisor's chart is given and what it knows. Types alone.

import type { Strategy } from "../../config/types.js";
import type { CooldownPolicy } from "../breaker/cooldown.js";
import type { PoolPlan, PoolPorts } from "../pool/context.js";
import type { Pools } from "./pools.js";

export interface SupervisorInput {
  /** In the order in which they are started. */
  readonly pools: readonly PoolPlan[];
  readonly strategy: Strategy;
  readonly ports: PoolPorts;
  /** How long a function's breaker stays open. */
  readonly callBreaker: CooldownPolicy;
}

export interface StartFailure {
  readonly pool: string;
  readonly message: string;
  readonly stderrTail: string;
}

export interface SupervisorContext {
  readonly strategy: Strategy;
  readonly ports: PoolPorts;
  readonly callBreaker: CooldownPolicy;
  readonly pools: Pools;
  readonly failure: StartFailure | null;
  readonly drainMs: number;
}
