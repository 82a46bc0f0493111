// What the router publishes and dispatch reads: which functions exist, which processes may get new calls, and why
// none may. A pure picture: building it from the router's context is the only thing done here.

import type { InstanceId, WorkerId } from "../../ids.js";
import type { ExportMetadata } from "../../protocol/messages.js";

/** What the router knows of one worker. `starting`: it has no process that serves, but one is coming. */
export type RoutedWorker =
  | { readonly phase: "starting"; readonly pool: string }
  | {
      readonly phase: "ready";
      readonly pool: string;
      readonly instance: InstanceId;
      readonly generation: number;
      readonly exports: readonly ExportMetadata[];
    };

export interface RoutedPool {
  /** Processes that may get new calls: those of the newest generation that are ready. */
  readonly ready: readonly InstanceId[];
  /** True when a call may wait, because a process is starting or about to be started. */
  readonly isDue: boolean;
  /** What the pool's last ready process exported; kept while none is up, so that a call can wait for it. */
  readonly exports: readonly ExportMetadata[];
}

export type Admission = "open" | "draining" | "closed";

export interface RouteTable {
  readonly admission: Admission;
  readonly pools: ReadonlyMap<string, RoutedPool>;
}

export const emptyRouteTable: RouteTable = { admission: "open", pools: new Map() };

export function buildRouteTable(
  admission: Admission,
  workers: ReadonlyMap<WorkerId, RoutedWorker>,
  previous: RouteTable,
): RouteTable {
  const pools = new Map<
    string,
    { ready: InstanceId[]; isDue: boolean; exports: readonly ExportMetadata[] }
  >();
  const newest = new Map<string, number>();
  for (const [name, pool] of previous.pools) {
    pools.set(name, { ready: [], isDue: false, exports: pool.exports });
  }
  for (const worker of workers.values()) {
    let pool = pools.get(worker.pool);
    if (pool === undefined) pools.set(worker.pool, (pool = { ready: [], isDue: false, exports: [] }));
    const newestSoFar = newest.get(worker.pool) ?? 0;
    if (worker.phase === "starting") {
      pool.isDue = true;
    } else if (worker.generation >= newestSoFar) {
      if (worker.generation > newestSoFar) pool.ready = [];
      newest.set(worker.pool, worker.generation);
      pool.ready.push(worker.instance);
      pool.exports = worker.exports;
    }
  }
  return { admission, pools };
}
