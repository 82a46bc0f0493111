// The router's table in dispatch's own terms: pools with the workers that are ready, functions with the pool they are
// in. Writes into what dispatch keeps, so that counters outlive a table; sends nothing and settles nothing.

import type { RouteTable } from "../machines/router/route-table.js";
import { FunctionState } from "./function-state.js";
import type { Gates } from "./gates.js";
import { PoolState } from "./pool-state.js";
import type { WorkerTable } from "./worker-table.js";

/** Returns the pools that are no more. */
export function takeTable(
  table: RouteTable,
  pools: Map<string, PoolState>,
  functions: Map<string, FunctionState>,
  workers: WorkerTable,
  gates: Gates,
): PoolState[] {
  for (const state of functions.values()) state.isExported = false;
  for (const [name, route] of table.pools) {
    const pool = pools.get(name) ?? new PoolState();
    pools.set(name, pool);
    for (const exported of route.exports) {
      const known = functions.get(exported.name);
      if (known !== undefined) known.moveTo(name, exported.isStreaming);
      else functions.set(exported.name, new FunctionState(exported.name, name, exported.isStreaming));
    }
    pool.outlook = route.outlook;
    pool.ready = route.ready
      .map((instance) => workers.get(instance))
      .filter((worker) => worker !== undefined);
  }
  const removed = [...pools].filter(([name]) => !table.pools.has(name));
  for (const [name, pool] of removed) {
    pools.delete(name);
    pool.close();
    for (const state of functions.values()) {
      if (state.pool !== name) continue;
      functions.delete(state.name);
      gates.removed(state.name);
    }
  }
  return removed.map(([, pool]) => pool);
}
