// What the router hears: facts about workers and pools, told by the supervisor, and the two commands that close the
// door.

import type { InstanceId } from "../../ids.js";
import type { ExportMetadata } from "../../protocol/messages.js";
import type { PoolOutlook } from "./route-table.js";

export type RouterCommand = { type: "router.drain" } | { type: "router.close" };

export type RouterFact =
  /** This process may get calls. */
  | {
      type: "worker.ready";
      pool: string;
      instance: InstanceId;
      generation: number;
      exports: readonly ExportMetadata[];
      outlook: PoolOutlook;
    }
  /** This process gets no new calls. */
  | { type: "worker.withdrawn"; pool: string; instance: InstanceId; outlook: PoolOutlook }
  /** What calls have to expect while no worker of the pool is ready has changed. */
  | { type: "outlook.changed"; pool: string; outlook: PoolOutlook }
  /** There is no such pool any more. */
  | { type: "pool.removed"; pool: string };

export type RouterEvent = RouterCommand | RouterFact;
