// What a worker machine hears and says. Commands come from the supervisor; facts from the actors that hold the
// process and its link; reports go to the supervisor.

import type { InstanceId, WorkerId } from "../../ids.js";
import type { ExportMetadata } from "../../protocol/messages.js";
import type { WorkerReady, WorkerWithdrawn } from "../router/events.js";

export type WorkerCommand =
  | { type: "worker.start"; delayMs: number }
  | { type: "worker.stop" }
  | { type: "worker.kill"; reason: string }
  /** What it said when it became ready cannot be had: it is ended, and counts as never having been ready. */
  | { type: "worker.refuse"; reason: string };

export type ProcessFact =
  | { type: "process.spawned"; pid: number }
  /** The program could not be started at all: there never was a process. */
  | { type: "process.failed"; reason: string }
  | { type: "process.exited"; exitCode: number | null; signal: string | null; stderrTail: string };

export type LinkFact =
  | { type: "link.opened" }
  | { type: "link.closed"; reason: string }
  /** The worker did on its link what the protocol forbids: it is to be replaced. */
  | { type: "link.breached"; reason: string }
  | { type: "handshake.refused"; reason: string }
  | { type: "exports.listed"; exports: readonly ExportMetadata[] };

export type HealthFact =
  { type: "health.answered"; lagMs: number } | { type: "health.missed"; misses: number };

/** From itself: dispatch has its process and its first health check is on its way, so calls may follow. */
export type AttachFact = { type: "worker.attached" };

export type WorkerEvent = WorkerCommand | ProcessFact | LinkFact | HealthFact | AttachFact;

export interface WorkerExit {
  /** The supervisor asked for it, as opposed to a crash or a failed start. */
  readonly wasAsked: boolean;
  /** False when the process never got as far as serving calls. */
  readonly wasReady: boolean;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** A clause that completes "the worker …": "was killed by SIGKILL", "could not be started: …". */
  readonly how: string;
  /** The last lines the process wrote to stderr, up to 8 KiB; empty when there were none. */
  readonly stderrTail: string;
}

/** The worker has no process any more. */
export interface WorkerExited {
  type: "worker.exited";
  workerId: WorkerId;
  pool: string;
  instance: InstanceId;
  pid: number | null;
  generation: number;
  exit: WorkerExit;
}

/**
 * `worker.withdrawn`: it gets no calls now, whether its process still lives or not. `isDue` says whether its place is
 * to be filled again, so that a call may wait for it.
 */
export type WorkerReport = WorkerReady | WorkerWithdrawn | WorkerExited;
