// What the router publishes and dispatch reads: which functions exist, which processes may get new calls, and why
// none may. A pure picture: building it from the router's context is the only thing done here.

import type { InstanceId } from "../../ids.js";
import type { BreakerReason, BreakerState } from "../breaker/events.js";
import type { ExportMetadata } from "../../protocol/messages.js";

/** Why a pool without a ready worker takes no calls. */
export interface PoolRefusal {
  /** As `details.reason` of a 3001. */
  readonly reason: "no-worker" | "closed" | BreakerReason;
  /** A clause that completes "pool app …". */
  readonly why: string;
  /** When it is worth while to call again, by the clock; null when nobody knows. */
  readonly retryAtMs: number | null;
  /** The spawn breaker's, where that is the reason. */
  readonly breaker?: { readonly state: BreakerState; readonly sinceWallMs: number };
}

/** What a call to a pool without a ready worker has to expect: null, to wait for one that is due; else a refusal. */
export type PoolOutlook = PoolRefusal | null;

/** A process that may get calls. */
export interface RoutedWorker {
  readonly pool: string;
  readonly generation: number;
  readonly exports: readonly ExportMetadata[];
}

export interface RoutedPool {
  /** Processes that may get new calls: those of the newest generation that are ready. */
  readonly ready: readonly InstanceId[];
  readonly outlook: PoolOutlook;
  /** What the pool's last ready process exported; kept while none is up, so that a call can wait for it. */
  readonly exports: readonly ExportMetadata[];
}

export type Admission = "open" | "draining" | "closed";

export interface RouteTable {
  readonly admission: Admission;
  readonly pools: ReadonlyMap<string, RoutedPool>;
}

export const emptyRouteTable: RouteTable = { admission: "open", pools: new Map() };

/** The pools are those that have an outlook, in that order. */
export function buildRouteTable(
  admission: Admission,
  workers: ReadonlyMap<InstanceId, RoutedWorker>,
  outlooks: ReadonlyMap<string, PoolOutlook>,
  previous: RouteTable,
): RouteTable {
  const pools = new Map<string, RoutedPool>();
  for (const [name, outlook] of outlooks) {
    const own = [...workers].filter(([, worker]) => worker.pool === name);
    const newest = Math.max(...own.map(([, { generation }]) => generation));
    const serving = own.filter(([, { generation }]) => generation === newest);
    pools.set(name, {
      ready: serving.map(([instance]) => instance),
      outlook,
      exports: serving.at(-1)?.[1].exports ?? previous.pools.get(name)?.exports ?? [],
    });
  }
  return { admission, pools };
}
