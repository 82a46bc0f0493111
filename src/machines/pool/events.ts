// What a pool hears from the supervisor, from its workers and from its breaker, and what it tells the supervisor.

import type { Verdict } from "../../contract/compare-exports.js";
import type { ExportMetadata } from "../../protocol/messages.js";
import type { BreakerCommand, BreakerPicture, BreakerReport } from "../breaker/events.js";
import type { ReloadOutcome, ReloadReport } from "../reload/events.js";
import type { PoolOutlook } from "../router/route-table.js";
import type {
  WorkerCondemned,
  WorkerExited,
  WorkerReady,
  WorkerReport,
  WorkerWithdrawn,
} from "../worker/events.js";

export type PoolCommand =
  /** Starts every worker; only a pool that is idle does. */
  | { type: "pool.start" }
  /**
   * Ends every worker; with `drainMs` above 0 each may first finish the calls it has, for at most that long.
   * `isToReturn`: it will be started again, so calls may wait for that.
   */
  | { type: "pool.stop"; drainMs: number; isToReturn: boolean }
  | { type: "pool.kill"; reason: string }
  /** What this worker exports can be had: its start has succeeded. Each that becomes ready is answered with this or the next. */
  | { type: "pool.accept"; memberId: string }
  /** What this worker exports cannot be had: it is ended, and its start counts as failed. */
  | { type: "pool.refuse"; memberId: string; reason: string }
  /** Run what there is now, where it differs from what runs. */
  | { type: "pool.reload" }
  /** What this generation exports can be had; `before` is what the one in service exports. */
  | { type: "generation.clear"; generation: number; before: readonly ExportMetadata[] }
  | { type: "generation.refuse"; generation: number; reason: string };

export type PoolEvent = PoolCommand | BreakerCommand | WorkerReport | BreakerReport | ReloadReport;

/** What its workers say, with what a call that finds none of them ready has to expect. */
export type PoolReport =
  | (WorkerReady & { readonly outlook: PoolOutlook })
  | (WorkerWithdrawn & { readonly outlook: PoolOutlook })
  /** `isToReturn`: it ended unasked, and its place will be filled again. */
  | (WorkerExited & { readonly outlook: PoolOutlook; readonly isToReturn: boolean })
  /** One of its workers is to be killed before long. */
  | WorkerCondemned
  /** What calls have to expect has changed, and no worker said anything. */
  | { type: "outlook.changed"; pool: string; outlook: PoolOutlook }
  /** A worker ended before the pool had ever had a ready one. */
  | { type: "pool.failed"; pool: string; message: string; stderrTail: string }
  /** No worker of it has a process any more, and none will be started until `pool.start`. */
  | { type: "pool.stopped"; pool: string }
  /** A new generation is whole: may it have these exports? */
  | { type: "generation.offered"; pool: string; generation: number; exports: readonly ExportMetadata[] }
  | { type: "generation.promoted"; pool: string; from: number; to: number; verdict: Verdict }
  /** No worker is left of those before `generation`. */
  | { type: "generation.drained"; pool: string; generation: number }
  | { type: "reload.finished"; pool: string; outcome: ReloadOutcome }
  /** Its spawn breaker. */
  | {
      type: "breaker.opened" | "breaker.halfOpened" | "breaker.closed";
      pool: string;
      picture: BreakerPicture;
    };
