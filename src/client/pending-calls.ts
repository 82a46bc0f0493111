// The calls that are under way on one connection, each until its one answer, and the time by which this side gives
// one up by itself: a supervisor that stands still must not hold a call beyond its deadline. Knows no socket.

import type { CallerInput } from "../contract/caller-input.js";
import type { StreamReading } from "../contract/reading.js";
import type { U64 } from "../protocol/messages.js";
import { maxTimerMs, type Clock, type TimerHandle } from "../time.js";

export class PendingCall {
  constructor(
    readonly functionName: string,
    readonly resolve: (value: unknown) => void,
    readonly reject: (error: unknown) => void,
    /** On the clock's `now`; Infinity for never. */
    readonly giveUpAtMs: number,
    /** Lets go of the caller's signal; null when there is none. */
    readonly stopListening: (() => void) | null,
    /** Where the items of a stream go; null for a plain call. */
    readonly reading: StreamReading | null = null,
    readonly input: CallerInput | null = null,
  ) {}
}

export class PendingCalls {
  readonly #clock: Clock;
  readonly #onOverdue: (requestId: U64) => void;
  readonly #calls = new Map<U64, PendingCall>();
  #timer: TimerHandle;
  #firesAtMs = Infinity;

  /** `onOverdue` is told of each call that is past its time; the call is still there then. */
  constructor(clock: Clock, onOverdue: (requestId: U64) => void) {
    this.#clock = clock;
    this.#onOverdue = onOverdue;
  }

  get size(): number {
    return this.#calls.size;
  }

  get ids(): readonly U64[] {
    return [...this.#calls.keys()];
  }

  add(requestId: U64, call: PendingCall): void {
    this.#calls.set(requestId, call);
    if (call.giveUpAtMs < this.#firesAtMs) this.#arm(call.giveUpAtMs);
  }

  /** The call, which stays; undefined when it has been answered. */
  get(requestId: U64): PendingCall | undefined {
    return this.#calls.get(requestId);
  }

  /** Hands the call over to whoever answers it; undefined when it has been answered. */
  take(requestId: U64): PendingCall | undefined {
    const call = this.#calls.get(requestId);
    if (call === undefined) return undefined;
    this.#calls.delete(requestId);
    if (this.#calls.size === 0) this.#disarm();
    call.stopListening?.();
    return call;
  }

  /** One timer for all of them, for the earliest: a timer for each would cost more than the rest of a call. */
  #arm(atMs: number): void {
    this.#disarm();
    this.#firesAtMs = atMs;
    const delayMs = Math.min(atMs - this.#clock.now(), maxTimerMs);
    this.#timer = this.#clock.setTimeout(() => {
      this.#firesAtMs = Infinity;
      this.#sweep();
    }, delayMs);
  }

  #disarm(): void {
    if (this.#firesAtMs === Infinity) return;
    this.#clock.clearTimeout(this.#timer);
    this.#firesAtMs = Infinity;
  }

  #sweep(): void {
    const nowMs = this.#clock.now();
    let earliestMs = Infinity;
    const overdue: U64[] = [];
    for (const [requestId, { giveUpAtMs }] of this.#calls) {
      if (giveUpAtMs <= nowMs) overdue.push(requestId);
      else earliestMs = Math.min(earliestMs, giveUpAtMs);
    }
    if (earliestMs !== Infinity) this.#arm(earliestMs);
    for (const requestId of overdue) this.#onOverdue(requestId);
  }
}
