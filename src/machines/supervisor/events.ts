// What the supervisor hears, and what it tells the world.

import type { InstanceId, WorkerId } from "../../ids.js";
import type { WorkerReport } from "../worker/events.js";

export type SupervisorCommand =
  /** Drains for at most `drainMs`, then stops. Said again it hurries: the drain is cut short, then workers are killed. */
  | { type: "supervisor.stop"; drainMs: number }
  /** Takes no new calls from now on; workers stay until `supervisor.stop`. */
  | { type: "supervisor.drain" };

export type SupervisorEvent =
  | SupervisorCommand
  | WorkerReport
  /** From dispatch: no call holds a slot any more. */
  | { type: "calls.drained" };

/** What outsiders may watch. */
export type SupervisorEmitted =
  | {
      type: "worker.ready";
      workerId: WorkerId;
      pool: string;
      pid: number;
      generation: number;
      instance: InstanceId;
    }
  | {
      type: "worker.exited";
      workerId: WorkerId;
      pool: string;
      pid: number | null;
      generation: number;
      instance: InstanceId;
      reason: string;
      wasAsked: boolean;
      wasReady: boolean;
      stderrTail: string;
    }
  | { type: "exports.changed"; pool: string }
  | { type: "supervisor.draining" };
