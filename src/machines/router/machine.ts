// Which workers may get calls: turns facts about workers into a route table and publishes it at each change.
// The publishing itself is provided; the router knows neither dispatch nor how a worker comes to be ready.

import { assign, setup } from "xstate";
import type { WorkerId } from "../../ids.js";
import type { RouterEvent } from "./events.js";
import {
  buildRouteTable,
  emptyRouteTable,
  type Admission,
  type RoutedWorker,
  type RouteTable,
} from "./route-table.js";

export interface RouterContext {
  readonly workers: ReadonlyMap<WorkerId, RoutedWorker>;
  readonly table: RouteTable;
}

export const routerMachine = setup({
  types: { context: {} as RouterContext, events: {} as RouterEvent },
  actions: {
    /** Records the fact and draws the table anew. */
    learn: assign(({ context, event }) => {
      const workers = withFact(context.workers, event);
      return { workers, table: buildRouteTable(context.table.admission, workers, context.table) };
    }),
    setAdmission: assign(({ context }, params: { admission: Admission }) => ({
      table: { ...context.table, admission: params.admission },
    })),
    /** Provided: hands the new table to dispatch. */
    publish: () => undefined,
  },
  guards: {
    withdrawsLastReady: ({ context, event }) =>
      ![...withFact(context.workers, event).values()].some((worker) => worker.phase === "ready"),
  },
}).createMachine({
  id: "router",
  initial: "unavailable",
  options: { maxIterations: 1000 },
  context: { workers: new Map(), table: emptyRouteTable },
  states: {
    unavailable: {
      meta: {
        description: "No worker is ready: calls wait where one is due, and are refused where none is.",
      },
      on: {
        "worker.ready": { target: "accepting", actions: ["learn", "publish"] },
        "worker.withdrawn": { actions: ["learn", "publish"] },
        "router.drain": "draining",
        "router.close": "closed",
      },
    },
    accepting: {
      meta: { description: "At least one worker is ready." },
      on: {
        "worker.ready": { actions: ["learn", "publish"] },
        "worker.withdrawn": [
          { guard: "withdrawsLastReady", target: "unavailable", actions: ["learn", "publish"] },
          { actions: ["learn", "publish"] },
        ],
        "router.drain": "draining",
        "router.close": "closed",
      },
    },
    draining: {
      meta: { description: "New calls are refused; those already taken still find workers." },
      entry: [{ type: "setAdmission", params: { admission: "draining" } }, "publish"],
      on: {
        "worker.ready": { actions: ["learn", "publish"] },
        "worker.withdrawn": { actions: ["learn", "publish"] },
        "router.close": "closed",
      },
    },
    closed: {
      meta: { description: "No call is taken or placed any more." },
      entry: [{ type: "setAdmission", params: { admission: "closed" } }, "publish"],
      on: {
        "worker.ready": { actions: ["learn", "publish"] },
        "worker.withdrawn": { actions: ["learn", "publish"] },
      },
    },
  },
});

function withFact(
  workers: ReadonlyMap<WorkerId, RoutedWorker>,
  event: RouterEvent,
): ReadonlyMap<WorkerId, RoutedWorker> {
  const next = new Map(workers);
  if (event.type === "worker.ready") {
    const { pool, instance, generation, exports } = event;
    next.set(event.workerId, { phase: "ready", pool, instance, generation, exports });
  } else if (event.type === "worker.withdrawn") {
    if (event.isDue) next.set(event.workerId, { phase: "starting", pool: event.pool });
    else next.delete(event.workerId);
  }
  return next;
}
