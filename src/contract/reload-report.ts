// What a reload came to: the answer of `reload()` and of `splice reload`. Types only.

/** How the exports of a new generation compare; `unchanged`: what would run is what runs, so that nothing was restarted. */
export type PoolVerdict = "unchanged" | "identical" | "additive" | "breaking";

export interface PoolReload {
  readonly name: string;
  /** The generation that served before. */
  readonly from: number;
  /** The one that serves now: `from` itself when nothing was promoted. */
  readonly to: number;
  /** Null when it did not come as far as that. */
  readonly verdict: PoolVerdict | null;
  readonly durationMs: number;
  /** Why the generation from before goes on serving, as a person is to read it; null when nothing went wrong. */
  readonly error: string | null;
}

export interface ReloadReport {
  /** False when a pool could not be reloaded, or was not, since it would have broken callers. */
  readonly ok: boolean;
  readonly pools: readonly PoolReload[];
}
