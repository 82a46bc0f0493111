// The pools as the supervisor counts them. Pure; a change of a pool is a new map.

import type { ExportMetadata } from "../../protocol/messages.js";
import type { PoolPlan } from "../pool/machine.js";

/** `starting`: no worker of it was ever ready. `up`: one was. `leaving`: it was failed or is being removed. */
export type PoolPhase = "starting" | "up" | "leaving" | "stopped";

export interface PoolState {
  readonly plan: PoolPlan;
  readonly phase: PoolPhase;
  /** What its last ready worker exported; null before there was one. */
  readonly exports: readonly ExportMetadata[] | null;
}

/** By name, in the order in which they were given. */
export type Pools = ReadonlyMap<string, PoolState>;

export function withPool(pools: Pools, name: string, change: Partial<PoolState>): Pools {
  const pool = pools.get(name);
  return pool === undefined ? pools : new Map(pools).set(name, { ...pool, ...change });
}

export function withoutPool(pools: Pools, name: string): Pools {
  return new Map([...pools].filter(([other]) => other !== name));
}

/** What each pool that ever had a ready worker exports. */
export function exportsByPool(pools: Pools): ReadonlyMap<string, readonly ExportMetadata[]> {
  const found = new Map<string, readonly ExportMetadata[]>();
  for (const [name, { exports }] of pools) if (exports !== null) found.set(name, exports);
  return found;
}
