// What a worker machine hears and says. Commands come from its pool; facts from the actors that hold the process and
// its link, and from dispatch; reports go to the pool.

import type { InstanceId, WorkerId } from "../../ids.js";
import type { ExportMetadata } from "../../protocol/messages.js";

export type WorkerCommand =
  | { type: "worker.start"; delayMs: number }
  | { type: "worker.stop" }
  /** No new calls; those it has may end, for at most `drainMs`; then as worker.stop. */
  | { type: "worker.drain"; drainMs: number }
  /** Waits for its next start no longer; nothing to a worker that has a process. */
  | { type: "worker.hold" }
  /**
   * A call of it was not answered in time: it gets no new calls. It is killed at once where it is stuck in
   * `functionName`, else when its other calls have ended, within `drainMs` or, where it drains already, its drain's time.
   */
  | { type: "worker.condemn"; functionName: string; reason: string; drainMs: number }
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

/** From dispatch, which was asked: no call of this process is under way any more. */
export type CallsFact = { type: "calls.drained" };

/** What was seen of a condemned worker. `stuck` says why it has to be killed now, as a clause; null lets it be. */
export type ExamineFact = { type: "worker.examined"; stuck: string | null; isResponsive: boolean };

/** It has run as many calls, or grown as large, as its pool wants it to. */
export type WornFact = { type: "use.exceeded"; reason: string };

export type WorkerEvent =
  WorkerCommand | ProcessFact | LinkFact | HealthFact | AttachFact | CallsFact | ExamineFact | WornFact;

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

/** One worker of a pool. `memberId` is its actor's, since two workers may share a place while one follows the other. */
interface Who {
  readonly memberId: string;
  readonly workerId: WorkerId;
  readonly pool: string;
  readonly instance: InstanceId;
}

/** Its process may get calls. */
export interface WorkerReady extends Who {
  type: "worker.ready";
  pid: number;
  generation: number;
  exports: readonly ExportMetadata[];
}

/** It gets no new calls, whether its process still lives or not. */
export interface WorkerWithdrawn extends Who {
  type: "worker.withdrawn";
}

/** It is to be killed before long: its place should be filled by another. */
export interface WorkerCondemned extends Who {
  type: "worker.condemned";
  reason: string;
}

/** It should be replaced when that is convenient. */
export interface WorkerWorn extends Who {
  type: "worker.worn";
  reason: string;
}

/** It has no process any more. */
export interface WorkerExited extends Who {
  type: "worker.exited";
  pid: number | null;
  generation: number;
  exit: WorkerExit;
}

export type WorkerReport = WorkerReady | WorkerWithdrawn | WorkerCondemned | WorkerWorn | WorkerExited;
