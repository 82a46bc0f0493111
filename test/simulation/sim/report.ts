// What a child that plays seeds is told, and what it says of them: one JSON document a line. Shared by both ends.

import type { FaultKind } from "./faults.js";

/** One seed, or a child's share of a row of them. */
export type Job =
  | { readonly alone: number }
  | {
      readonly from: number;
      readonly to: number;
      /** Which seeds of the row are its own: every `shares`-th, from the `share`-th on, which begins at 0. */
      readonly share: number;
      readonly shares: number;
      /** Seeds that are played before the row. */
      readonly before: readonly number[];
    };

export type Line =
  /** Said before it is played, so that one that never ends is known. */
  | { readonly kind: "playing"; readonly seed: number }
  | { readonly kind: "failed"; readonly seed: number; readonly story: string }
  /** The last line of all. */
  | { readonly kind: "seen"; readonly seen: Seen };

/** What happened in all runs together. */
export interface Seen {
  readonly fired: readonly FaultKind[];
  readonly states: readonly string[];
  readonly transitions: readonly string[];
  /** What the charts have, taken or not. */
  readonly allStates: readonly string[];
  readonly allTransitions: readonly string[];
  /** Events that no chart took, and that need not be. */
  readonly unhandled: readonly string[];
  /** Processor time of the whole child. */
  readonly cpuMs: number;
}
