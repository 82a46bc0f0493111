// When an ended worker is started again, and when its pool has had enough of it. Pure: the past goes in, the next wait
// or the reason to stop comes out. The words and meanings are those of OTP's supervisors.

import type { RestartType } from "../../config/types.js";
import type { Random } from "../../time.js";
import type { WorkerExit } from "../worker/events.js";

export interface RestartPolicy {
  /** Waits before the first, second, … restart in a row; the last one repeats. */
  readonly backoffMs: readonly number[];
  /** Part of a wait that is added at random, so that workers which fell together do not rise together. */
  readonly jitter: number;
  /** A worker that was ready this long starts the row of waits anew. */
  readonly resetAfterMs: number;
  /** More unasked ends of a pool's workers than this, within `withinMs`, are too many. */
  readonly maxRestarts: number;
  readonly withinMs: number;
  /** So many starts of a pool in a row that never became ready are too many. */
  readonly maxFailedStarts: number;
}

export interface RestartHistory {
  /** Restarts since the worker was last stable. */
  readonly restartsInRow: number;
  /** When it last became ready; null when the process that ended never did. */
  readonly readySinceMs: number | null;
}

export interface Restart {
  readonly delayMs: number;
  readonly restartsInRow: number;
}

/** Never waits less than the backoff of its turn, nor more than that times 1 + jitter. */
export function nextRestart(
  policy: RestartPolicy,
  past: RestartHistory,
  nowMs: number,
  random: Random,
): Restart {
  const wasStable = past.readySinceMs !== null && nowMs - past.readySinceMs >= policy.resetAfterMs;
  const turn = wasStable ? 0 : past.restartsInRow;
  const backoffMs = policy.backoffMs[Math.min(turn, policy.backoffMs.length - 1)] ?? 0;
  return { delayMs: backoffMs * (1 + policy.jitter * random()), restartsInRow: turn + 1 };
}

/** The unasked ends of a pool's workers, as far as they still count. */
export interface RestartWindow {
  /** Oldest first; none older than `withinMs` when the last was added. */
  readonly endsAtMs: readonly number[];
  /** Ends since a worker of the pool last became ready. */
  readonly failedStartsInRow: number;
}

export const emptyWindow: RestartWindow = { endsAtMs: [], failedStartsInRow: 0 };

/** With one more unasked end; `wasReady` says whether that process had come into service. */
export function withEnd(
  policy: RestartPolicy,
  window: RestartWindow,
  nowMs: number,
  wasReady: boolean,
): RestartWindow {
  const recent = window.endsAtMs.filter((atMs) => nowMs - atMs < policy.withinMs);
  return {
    endsAtMs: [...recent, nowMs],
    failedStartsInRow: wasReady ? 0 : window.failedStartsInRow + 1,
  };
}

/** Why no further worker should be started, as a clause after "because"; null while one may be. */
export function excessOf(policy: RestartPolicy, window: RestartWindow): string | null {
  const { maxRestarts, withinMs, maxFailedStarts } = policy;
  const ends = window.endsAtMs.length;
  if (ends > maxRestarts) {
    return `its workers ended ${String(ends)} times within ${String(withinMs)} ms, and restart.maxRestarts is ${String(maxRestarts)}`;
  }
  if (window.failedStartsInRow < maxFailedStarts) return null;
  return `${String(window.failedStartsInRow)} starts in a row did not become ready`;
}

/** Whether the place of a worker that ended unasked is filled again. */
export function isToReturn(type: RestartType, exit: WorkerExit): boolean {
  if (type === "permanent") return true;
  if (type === "temporary") return false;
  return !(exit.wasReady && exit.exitCode === 0);
}
