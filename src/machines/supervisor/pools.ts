// The pools as the supervisor counts them, and which of them it has to start or to start anew. Pure; a change of a pool
// is a new map.

import type { Strategy } from "../../config/types.js";
import type { ExportMetadata } from "../../protocol/messages.js";
import type { PoolPlan } from "../pool/context.js";
import type { PoolOutlook, PoolRefusal } from "../router/route-table.js";

/**
 * `waiting`: to be started when those before it are up. `starting`: it was told to start. `up`: a worker of it has become
 * ready since. `restarting`: it is being stopped to be started anew. `leaving`: it failed, or is being removed.
 */
export type PoolPhase = "waiting" | "starting" | "up" | "restarting" | "leaving" | "stopped";

export interface PoolState {
  readonly plan: PoolPlan;
  readonly phase: PoolPhase;
  /** Its members that may get calls. */
  readonly ready: ReadonlySet<string>;
  /** What its last ready worker exported; null before there was one. */
  readonly exports: readonly ExportMetadata[] | null;
  /** What a generation exports that is to be promoted; null while there is none. */
  readonly offered: readonly ExportMetadata[] | null;
  /** What it says itself that calls have to expect; undefined before it has said anything. */
  readonly outlook: PoolOutlook | undefined;
  /** What the router was told of that last. */
  readonly routed: PoolOutlook | undefined;
}

/** By name, in the order in which they were given. */
export type Pools = ReadonlyMap<string, PoolState>;

export function newPool(plan: PoolPlan): PoolState {
  const unknown = { exports: null, offered: null, outlook: undefined, routed: undefined };
  return { plan, phase: "waiting", ready: new Set(), ...unknown };
}

export function withPool(pools: Pools, name: string, change: Partial<PoolState>): Pools {
  const pool = pools.get(name);
  return pool === undefined ? pools : new Map(pools).set(name, { ...pool, ...change });
}

/** With a member of a pool that may get calls from now on, or may not any more. */
export function withReady(pools: Pools, name: string, memberId: string, isReady: boolean): Pools {
  const ready = new Set(pools.get(name)?.ready);
  if (isReady) ready.add(memberId);
  else ready.delete(memberId);
  return withPool(pools, name, { ready });
}

export function withoutPool(pools: Pools, name: string): Pools {
  return new Map([...pools].filter(([other]) => other !== name));
}

/** What each pool exports, or will with the generation that is to be promoted. */
export function exportsByPool(pools: Pools): ReadonlyMap<string, readonly ExportMetadata[]> {
  const found = new Map<string, readonly ExportMetadata[]>();
  for (const [name, { exports, offered }] of pools) found.set(name, [...(exports ?? []), ...(offered ?? [])]);
  return found;
}

/**
 * The pools that are to be started now. With one_for_one that is all that wait; else the order says that each may rely
 * on those before it, so the first that is not up holds up the others.
 */
export function toStart(pools: Pools, strategy: Strategy): readonly string[] {
  const found: string[] = [];
  for (const [name, { phase }] of pools) {
    if (phase === "waiting") found.push(name);
    if (strategy !== "one_for_one" && phase !== "up" && phase !== "leaving") break;
  }
  return found;
}

/**
 * What calls to a pool have to expect: what it says itself but, where it has to wait for others, what keeps the first of
 * those that will not come by themselves. Undefined before it has said anything.
 */
export function outlookOf(pools: Pools, strategy: Strategy, name: string): PoolOutlook | undefined {
  const pool = pools.get(name);
  const isToWait = pool?.phase === "waiting" || pool?.phase === "restarting";
  if (pool?.outlook !== null || !isToWait || strategy === "one_for_one") return pool?.outlook;
  for (const [other, { phase, outlook }] of pools) {
    if (other === name) break;
    if (phase !== "up" && phase !== "leaving" && outlook != null) return waitingFor(other, outlook);
  }
  return null;
}

function waitingFor(name: string, refusal: PoolRefusal): PoolRefusal {
  return { ...refusal, why: `waits for pool ${name}, which ${refusal.why}` };
}

/** The pools of which the router has to be told another outlook than before, with all as told. */
export function toRoute(
  pools: Pools,
  strategy: Strategy,
): { pools: Pools; changed: Map<string, PoolOutlook> } {
  let told = pools;
  const changed = new Map<string, PoolOutlook>();
  for (const [name, { routed }] of pools) {
    const outlook = outlookOf(pools, strategy, name);
    if (outlook === undefined || JSON.stringify(outlook) === JSON.stringify(routed)) continue;
    told = withPool(told, name, { routed: outlook });
    changed.set(name, outlook);
  }
  return { pools: told, changed };
}

/** The other pools that a worker's unasked end brings down with it, the last first, as they are to be stopped. */
export function toRestart(pools: Pools, strategy: Strategy, failed: string): readonly string[] {
  if (strategy === "one_for_one") return [];
  const names = [...pools.keys()];
  const others = strategy === "one_for_all" ? names : names.slice(names.indexOf(failed) + 1);
  return others
    .filter((name) => {
      const phase = pools.get(name)?.phase;
      return name !== failed && (phase === "up" || phase === "starting");
    })
    .reverse();
}
