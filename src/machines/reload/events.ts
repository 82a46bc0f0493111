// What a pool's reload manager hears from its watcher, its builds and its pool, and what it tells the pool.

import type { ExportMetadata } from "../../protocol/messages.js";
import type { Verdict } from "../../contract/compare-exports.js";

export type ReloadCommand =
  /** Build what there is now and, where it differs from what runs, run that. One that comes during a reload begins it anew. */
  { type: "reload.request" };

export type FilesFact =
  /** What the pool is made from may have changed. */
  { type: "files.changed" };

export type BuildFact =
  /** It lies still. `isSame`: it is, byte for byte, what runs already. */
  | { type: "build.succeeded"; isSame: boolean }
  /** A sentence or more, as a person is to read it. */
  | { type: "build.failed"; message: string };

/** From the pool, about the workers of the generation that was asked for. */
export type GenerationFact =
  /** Each has answered a health check, and can be promoted; `before` is what the generation in service exports. */
  | {
      type: "generation.ready";
      exports: readonly ExportMetadata[];
      before: readonly ExportMetadata[];
    }
  | { type: "generation.failed"; message: string }
  /** It gets the calls from now on. */
  | { type: "generation.promoted" }
  /** It was abandoned, and no process of it is left. */
  | { type: "generation.ended" }
  /** No worker of the one before is left. */
  | { type: "generation.drained" };

export type ReloadEvent = ReloadCommand | FilesFact | BuildFact | GenerationFact;

/** `unchanged`: what would run is what runs already, so that nothing was started. */
export type ReloadVerdict = Verdict | "unchanged";

/** How one reload of one pool ended. */
export interface ReloadOutcome {
  readonly pool: string;
  readonly from: number;
  /** As `from`, where that goes on serving. */
  readonly to: number;
  /** Null when it did not come as far as that. */
  readonly verdict: ReloadVerdict | null;
  /** What a caller would miss, as clauses. */
  readonly breaks: readonly string[];
  readonly durationMs: number;
  /** Why the generation from before goes on serving; null when it does not, or there is nothing new. */
  readonly error: string | null;
}

export type ReloadReport =
  /** Start a worker for each place, beside those that serve. */
  | { type: "generation.start"; generation: number }
  /** Give it the calls, and let those of the one before end. */
  | { type: "generation.promote"; verdict: Verdict }
  /** End its workers. */
  | { type: "generation.abandon" }
  /** End what is left of the generation before the one that serves. */
  | { type: "generation.hurry" }
  | { type: "reload.finished"; outcome: ReloadOutcome };
