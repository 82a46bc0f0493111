// What the supervisor hears, and what it tells the world.

import type { InstanceId, WorkerId } from "../../ids.js";
import type { BreakerPicture } from "../breaker/events.js";
import type { PoolReport } from "../pool/events.js";
import type { PoolPlan } from "../pool/context.js";

export type SupervisorCommand =
  /** Drains for at most `drainMs`, then stops. Said again it hurries: the drain is cut short, then workers are killed. */
  | { type: "supervisor.stop"; drainMs: number }
  /** Takes no new calls from now on; workers stay until `supervisor.stop`, and a start is brought to its end. */
  | { type: "supervisor.drain" }
  /** One more pool; its name must be new. Its first ready worker or `pool.failed` is the answer. */
  | { type: "pool.add"; plan: PoolPlan }
  /** Has a pool run what there is now. `reload.finished` is the answer. */
  | { type: "pool.reload"; pool: string }
  /** Opens a pool's spawn breaker until it is reset; closes it. */
  | { type: "breaker.trip" | "breaker.reset"; pool: string }
  /** Ends a pool: its calls may end within `drainMs`. `pool.removed` is the answer. */
  | { type: "pool.remove"; pool: string; drainMs: number };

export type SupervisorEvent =
  | SupervisorCommand
  | PoolReport
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
  | { type: "worker.condemned"; workerId: WorkerId; pool: string; instance: InstanceId; reason: string }
  | {
      type: "breaker.opened" | "breaker.halfOpened" | "breaker.closed";
      pool: string;
      picture: BreakerPicture;
    }
  | { type: "exports.changed"; pool: string }
  /** A pool that was added while the supervisor ran could not be started; it is gone. */
  | { type: "pool.failed"; pool: string; message: string; stderrTail: string }
  | { type: "pool.removed"; pool: string }
  | Extract<PoolReport, { type: "generation.promoted" | "generation.drained" | "reload.finished" }>
  | { type: "supervisor.draining" };
