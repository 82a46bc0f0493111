// When an ended worker is started again. Pure: the past of one worker in, the next wait out.

import type { Random } from "../../time.js";

export interface RestartPolicy {
  /** Waits before the first, second, … restart in a row; the last one repeats. */
  readonly backoffMs: readonly number[];
  /** Part of a wait that is added at random, so that workers which fell together do not rise together. */
  readonly jitter: number;
  /** A worker that was ready this long starts the row of waits anew. */
  readonly resetAfterMs: number;
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
