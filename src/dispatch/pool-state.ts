// One pool as dispatch sees it: the workers that may get new calls, and the calls that wait for one. It chooses and
// keeps order; it sends nothing and settles nothing.

import type { PoolOutlook, PoolRefusal } from "../machines/router/route-table.js";
import type { Call } from "./call.js";
import type { WorkerState } from "./worker-state.js";

/** Of a pool that is there no more. */
export const closedPool: PoolRefusal = { reason: "closed", why: "was closed", retryAtMs: null };

export class PoolState {
  ready: readonly WorkerState[] = [];
  /** Null while a worker is starting or about to be started, so that calls may wait for it; else why they may not. */
  outlook: PoolOutlook = null;
  /** In the order in which they came. */
  readonly waiting = new Set<Call>();
  #turn = 0;

  /** The ready worker with the fewest calls; among equals each gets its turn. Null when none is ready. */
  leastBusy(): WorkerState | null {
    const { ready } = this;
    if (ready.length === 0) return null;
    const start = this.#turn++ % ready.length;
    let best: WorkerState | null = null;
    for (let step = 0; step < ready.length; step++) {
      const worker = ready[(start + step) % ready.length];
      if (worker !== undefined && (best === null || worker.inFlight < best.inFlight)) best = worker;
    }
    return best;
  }

  /** There is no such pool any more. */
  close(): void {
    this.ready = [];
    this.outlook = closedPool;
  }

  /** The process is gone: until the router's next table no call is sent to it, and calls wait for what that says. */
  forget(worker: WorkerState): void {
    if (!this.ready.includes(worker)) return;
    this.ready = this.ready.filter((other) => other !== worker);
    this.outlook = null;
  }
}
