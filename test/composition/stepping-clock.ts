// The virtual clock, moved from one due timer to the next: the walk needs no other moments. Whoever sets timers has a
// face of it of its own, so that theirs can be told apart.

import type { Clock } from "../../src/time.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

export interface Timer {
  readonly owner: string;
  readonly delayMs: number;
  readonly dueMs: number;
}

export class SteppingClock {
  readonly #clock = createVirtualClock();
  readonly #timers = new Map<unknown, Timer>();

  /** The same clock, for somebody whose timers are to be known as `owner`'s. */
  faceFor(owner: string): Clock {
    const clock = this.#clock;
    return {
      now: clock.now,
      wallMs: clock.wallMs,
      setTimeout: (callback, delayMs) => {
        const handle = clock.setTimeout(() => {
          this.#timers.delete(handle);
          callback();
        }, delayMs);
        this.#timers.set(handle, { owner, delayMs, dueMs: clock.now() + Math.max(delayMs, 0) });
        return handle;
      },
      clearTimeout: (handle) => {
        this.#timers.delete(handle);
        clock.clearTimeout(handle);
      },
    };
  }

  now(): number {
    return this.#clock.now();
  }

  /** Those that are set, the next first. */
  get timers(): readonly Timer[] {
    return [...this.#timers.values()].sort((a, b) => a.dueMs - b.dueMs);
  }

  /** Moves the time on to when the next timer is due, and fires what is due then. */
  step(): void {
    const [next] = this.timers;
    if (next !== undefined) this.#clock.advance(next.dueMs - this.now());
  }
}
