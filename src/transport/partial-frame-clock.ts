// The clock of a frame that has begun and not ended: total time, so that a byte now and then does not help a peer.
// Knows byte counts and times; what happens to a link that ran out of time is its stream's business.

import { partialFrameBaseMs, partialFrameBytesPerSecond } from "../protocol/limits.js";
import type { Clock, TimerHandle } from "../time.js";

/** How soon a clock that should not have run is looked at again. */
const recheckMs = 1_000;
/** A timer this late says that our own process stood still, not the peer. */
const ownStallMs = 1_000;

export class PartialFrameClock {
  readonly #clock: Clock;
  readonly #runs: () => boolean;
  readonly #onStalled: (elapsedMs: number) => void;
  #timer: TimerHandle | undefined;
  #timerDueMs = 0;
  #startedMs = 0;
  #receivedBytes = 0;
  #startsAnew = false;

  /** `runs` is asked only when a frame's time is over; while it says false the frame is left alone. */
  constructor(clock: Clock, runs: () => boolean, onStalled: (elapsedMs: number) => void) {
    this.#clock = clock;
    this.#runs = runs;
    this.#onStalled = onStalled;
  }

  /** After a chunk that left a frame unfinished. `isNewFrame` when the chunk also completed the one before. */
  partial(receivedBytes: number, isNewFrame: boolean): void {
    this.#receivedBytes = receivedBytes;
    if (this.#timer !== undefined && !isNewFrame) return;
    this.#startedMs = this.#clock.now();
    this.#startsAnew = false;
    const allowanceMs = this.#allowanceMs();
    // A timer that comes too early finds that out by itself, so that frame after frame needs no timer of its own.
    if (this.#timer !== undefined && this.#timerDueMs <= this.#startedMs + allowanceMs) return;
    this.stop();
    this.#arm(allowanceMs);
  }

  /** No frame is under way, or nobody reads: the time until the next `partial` is not the peer's. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #allowanceMs(): number {
    return partialFrameBaseMs + (this.#receivedBytes / partialFrameBytesPerSecond) * 1_000;
  }

  #arm(delayMs: number): void {
    this.#timerDueMs = this.#clock.now() + delayMs;
    this.#timer = this.#clock.setTimeout(this.#onTimer, delayMs);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    if (this.#startsAnew && this.#runs()) {
      this.#startsAnew = false;
      this.#startedMs = nowMs;
    }
    const remainingMs = this.#startedMs + this.#allowanceMs() - nowMs;
    if (remainingMs > 0) {
      this.#arm(remainingMs);
    } else if (nowMs - this.#timerDueMs > ownStallMs || !this.#runs()) {
      this.#startsAnew = true;
      this.#arm(recheckMs);
    } else {
      this.#onStalled(nowMs - this.#startedMs);
    }
  };
}
