// A clock that moves only when its owner says so. Timers fire in the order of their due times, equal ones in the order
// they were set, and each sees `now` as its own due time.

import { describeValue } from "../errors.js";
import type { Clock } from "../time.js";

export interface VirtualClock extends Clock {
  /**
   * Moves the time on and fires what becomes due, including timers set on the way. Throws a RangeError for what is no time,
   * and for one before now.
   */
  advance(ms: number): void;
  /** How many timers are set. */
  readonly timerCount: number;
}

interface Timer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly callback: () => void;
}

export function createVirtualClock(startMs = 0): VirtualClock {
  const timers = new Map<number, Timer>();
  let nowMs = startMs;
  let lastSequence = 0;

  const nextDueBy = (limitMs: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers.values()) {
      if (timer.dueMs > limitMs) continue;
      if (!next || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  };

  return {
    now: () => nowMs,
    wallMs: () => 1_700_000_000_000 + nowMs,
    setTimeout(callback, delayMs) {
      const sequence = ++lastSequence;
      timers.set(sequence, { dueMs: nowMs + Math.max(delayMs, 0), sequence, callback });
      return sequence;
    },
    clearTimeout(handle) {
      if (typeof handle === "number") timers.delete(handle);
    },
    advance(ms) {
      if (!Number.isFinite(ms) || ms < 0)
        throw new RangeError(
          `A clock is advanced by milliseconds, a number of 0 or more, not ${describeValue(ms)}.`,
        );
      const endMs = nowMs + ms;
      for (let timer = nextDueBy(endMs); timer; timer = nextDueBy(endMs)) {
        timers.delete(timer.sequence);
        nowMs = timer.dueMs;
        timer.callback();
      }
      nowMs = endMs;
    },
    get timerCount() {
      return timers.size;
    },
  };
}
