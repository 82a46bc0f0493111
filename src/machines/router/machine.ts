// Which workers may get calls: turns facts about workers into a route table and publishes it at each change.
// The publishing itself is provided; the router knows neither dispatch nor how a worker comes to be ready.

import { assign, setup } from "xstate";
import type { InstanceId } from "../../ids.js";
import type { RouterEvent } from "./events.js";
import {
  buildRouteTable,
  emptyRouteTable,
  type Admission,
  type PoolOutlook,
  type RoutedWorker,
  type RouteTable,
} from "./route-table.js";

interface Known {
  readonly workers: ReadonlyMap<InstanceId, RoutedWorker>;
  readonly outlooks: ReadonlyMap<string, PoolOutlook>;
}

export interface RouterContext extends Known {
  readonly table: RouteTable;
}

const learning = {
  "worker.ready": { actions: ["learn", "publish"] },
  "worker.withdrawn": { actions: ["learn", "publish"] },
  "outlook.changed": { actions: ["learn", "publish"] },
  "pool.removed": { actions: ["learn", "publish"] },
} as const;

export const routerMachine = setup({
  types: { context: {} as RouterContext, events: {} as RouterEvent },
  actions: {
    /** Records the fact and draws the table anew. */
    learn: assign(({ context, event }) => {
      const { workers, outlooks } = withFact(context, event);
      const table = buildRouteTable(context.table.admission, workers, outlooks, context.table);
      return { workers, outlooks, table };
    }),
    setAdmission: assign(({ context }, params: { admission: Admission }) => ({
      table: { ...context.table, admission: params.admission },
    })),
    /** Provided: hands the new table to dispatch. */
    publish: () => undefined,
  },
  guards: {
    leavesNoneReady: ({ context, event }) => withFact(context, event).workers.size === 0,
  },
}).createMachine({
  id: "router",
  initial: "unavailable",
  options: { maxIterations: 1000 },
  context: { workers: new Map(), outlooks: new Map(), table: emptyRouteTable },
  states: {
    unavailable: {
      meta: {
        description: "No worker is ready: calls wait where one is due, and are refused where none is.",
      },
      on: {
        ...learning,
        "worker.ready": { target: "accepting", actions: ["learn", "publish"] },
        "router.drain": "draining",
        "router.close": "closed",
      },
    },
    accepting: {
      meta: { description: "At least one worker is ready." },
      on: {
        ...learning,
        "worker.withdrawn": [
          { guard: "leavesNoneReady", target: "unavailable", actions: ["learn", "publish"] },
          { actions: ["learn", "publish"] },
        ],
        "pool.removed": [
          { guard: "leavesNoneReady", target: "unavailable", actions: ["learn", "publish"] },
          { actions: ["learn", "publish"] },
        ],
        "router.drain": "draining",
        "router.close": "closed",
      },
    },
    draining: {
      meta: { description: "New calls are refused; those already taken still find workers." },
      entry: [{ type: "setAdmission", params: { admission: "draining" } }, "publish"],
      on: { ...learning, "router.close": "closed" },
    },
    closed: {
      meta: { description: "No call is taken or placed any more." },
      entry: [{ type: "setAdmission", params: { admission: "closed" } }, "publish"],
      on: learning,
    },
  },
});

function withFact(known: Known, event: RouterEvent): Known {
  const workers = new Map(known.workers);
  const outlooks = new Map(known.outlooks);
  switch (event.type) {
    case "worker.ready": {
      const { pool, generation, exports } = event;
      workers.set(event.instance, { pool, generation, exports });
      outlooks.set(pool, event.outlook);
      break;
    }
    case "worker.withdrawn":
      workers.delete(event.instance);
      outlooks.set(event.pool, event.outlook);
      break;
    case "outlook.changed":
      outlooks.set(event.pool, event.outlook);
      break;
    case "pool.removed":
      outlooks.delete(event.pool);
      for (const [instance, worker] of workers) if (worker.pool === event.pool) workers.delete(instance);
      break;
    default:
  }
  return { workers, outlooks };
}
