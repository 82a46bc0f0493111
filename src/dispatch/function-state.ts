// What dispatch keeps per exported function: where it lives now, how many calls of it hold a slot, how they went.

import type { Gate } from "./gate.js";
import { LatencyHistogram } from "./latency.js";
import { Pace } from "./pace.js";

export class FunctionState {
  pool: string;
  isStreaming: boolean;
  /** False once no pool exports the function any more; its counters stay until it comes back. */
  isExported = true;
  /** Calls that hold a slot. */
  inFlight = 0;
  /** Calls that wait for one. */
  waiting = 0;
  calls = 0;
  failed = 0;
  /** Null until its first failure, so that a function that never fails pays nothing for it. */
  gate: Gate | null = null;
  readonly pace = new Pace();
  readonly latency = new LatencyHistogram();

  constructor(
    readonly name: string,
    pool: string,
    isStreaming: boolean,
  ) {
    this.pool = pool;
    this.isStreaming = isStreaming;
  }

  /** Exported again, perhaps by another pool or in another way. */
  moveTo(pool: string, isStreaming: boolean): void {
    this.pool = pool;
    this.isStreaming = isStreaming;
    this.isExported = true;
  }

  /** One accepted call has its answer. */
  answered(durationUs: number, hasFailed: boolean): void {
    this.latency.record(durationUs);
    if (hasFailed) this.failed += 1;
  }
}
