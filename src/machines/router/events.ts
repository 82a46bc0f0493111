// What the router hears: facts about workers, told by the supervisor, and the two commands that close the door.

import type { InstanceId, WorkerId } from "../../ids.js";
import type { ExportMetadata } from "../../protocol/messages.js";

export type RouterCommand = { type: "router.drain" } | { type: "router.close" };

export interface WorkerReady {
  type: "worker.ready";
  workerId: WorkerId;
  pool: string;
  instance: InstanceId;
  pid: number;
  generation: number;
  exports: readonly ExportMetadata[];
}

/** The worker gets no new calls. `isDue`: it is starting, or will be started again, so calls may wait for it. */
export interface WorkerWithdrawn {
  type: "worker.withdrawn";
  workerId: WorkerId;
  pool: string;
  isDue: boolean;
}

export type RouterFact = WorkerReady | WorkerWithdrawn;
export type RouterEvent = RouterCommand | RouterFact;
