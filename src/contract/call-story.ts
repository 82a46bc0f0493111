// What became of one call, as `splice why` tells it: the supervisor's journal of it, in words that a program can read.
// Types only.

import type { BreakerStatus } from "./status.js";

export interface CallStep {
  /**
   * `waited`: for a slot. `accepted`: it holds one. `refused`: it never ran. `dispatched`: a worker has it.
   * `cancelSent`: that worker was told that it is over. `answered`: its caller was. `lateAnswer`: the worker answered
   * after that. `slotFreed`: the worker is done with it.
   */
  readonly step:
    "waited" | "accepted" | "refused" | "dispatched" | "cancelSent" | "answered" | "lateAnswer" | "slotFreed";
  /** Since the first step. */
  readonly afterMs: number;
  readonly worker?: string;
  readonly generation?: number;
  readonly pid?: number;
  /** Of `waited` and `accepted`: until its deadline; Infinity for none. */
  readonly leftMs?: number;
  /** Of `refused` and `answered`: 0 for a result. */
  readonly code?: number;
  readonly name?: string;
  readonly message?: string;
}

export interface CallStory {
  /** The supervisor's number, as in logs and `ctx.requestId`; null for a call that was refused at once. */
  readonly requestId: number | null;
  /** Who called: 0 is the embedding program, connections count from 1; and its own number for the call. */
  readonly connection: number;
  readonly hostRequestId: number | bigint;
  readonly functionName: string;
  readonly pool: string | null;
  /** When the first step was, in milliseconds since 1970. */
  readonly atMs: number;
  /** False while its caller waits, or while the worker still has it. */
  readonly isOver: boolean;
  readonly steps: readonly CallStep[];
  /** As they are now: what stands before the next call of the function, and before the next start in its pool. */
  readonly functionBreaker: BreakerStatus | null;
  readonly poolBreaker: BreakerStatus | null;
}
