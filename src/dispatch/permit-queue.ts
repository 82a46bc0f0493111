// Calls that wait for a permit: let in, refused, timed out, cancelled. They hold nothing and have not been accepted,
// so whatever ends them here, their functions did not run. The order among them is FairQueue's.

import type { CallId } from "../ids.js";
import type { Clock } from "../time.js";
import { fullLimit, type DispatchLimits } from "./admission.js";
import type { Call, CallFailure } from "./call.js";
import type { CallerShare } from "./caller-share.js";
import type { CallCounters } from "./counters.js";
import type { Deadlines } from "./deadlines.js";
import { FairQueue } from "./fair-queue.js";
import * as failures from "./failures.js";
import type { FunctionState } from "./function-state.js";
import type { Journal } from "./journal.js";
import { Pace } from "./pace.js";

export interface PermitQueueOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly limits: DispatchLimits;
  readonly counters: CallCounters;
  /** Of all calls; one that waits here and is due there is handed to `expire`. */
  readonly deadlines: Deadlines<Call>;
  /** Calls that hold a permit now. */
  readonly inFlight: () => number;
  /** Gives a call that has waited its permit. */
  readonly accept: (call: Call, nowMs: number) => void;
  /** Sends it on its way. */
  readonly start: (call: Call) => void;
}

export class PermitQueue {
  readonly #options: PermitQueueOptions;
  readonly #limits: DispatchLimits;
  readonly #order = new FairQueue();
  readonly #pace = new Pace();
  /** Have got their permit, and still have to be sent. */
  readonly #granted: Call[] = [];
  #isStarting = false;
  #lastTurn = 0;

  constructor(options: PermitQueueOptions) {
    this.#options = options;
    this.#limits = options.limits;
  }

  get size(): number {
    return this.#order.size;
  }

  get(callId: CallId): Call | undefined {
    return this.#order.get(callId);
  }

  /** True when a new call may wait: a place is free, or somebody with more of them has to give one up. */
  hasRoomFor(share: CallerShare, target: FunctionState): boolean {
    const { maxQueue } = this.#limits;
    if (this.#order.size < maxQueue) return true;
    return maxQueue > 0 && this.#order.lastOfLargest(share, target) !== null;
  }

  /** Has a new call wait, and returns its id. To be asked first: `hasRoomFor`. */
  enter(call: Call): CallId {
    const { journal, deadlines } = this.#options;
    const { maxQueue, maxQueueWaitMs } = this.#limits;
    const { caller, target, arrivedAtMs, deadlineAtMs } = call;
    const isFull = this.#order.size >= maxQueue;
    const displaced = isFull ? this.#order.lastOfLargest(caller.share, target) : null;
    const failure = displaced === null ? null : this.overloaded(displaced.target, "displaced");
    if (displaced !== null && failure !== null) this.#leave(displaced, failure);
    call.state = "waiting";
    this.#order.add(call);
    journal.recordRequest("enqueue", arrivedAtMs, call, 0, deadlineAtMs - arrivedAtMs);
    deadlines.add(call, Math.min(deadlineAtMs, arrivedAtMs + maxQueueWaitMs));
    // Last: whoever hears of it may call again at once, and must meet the queue as it is now.
    if (displaced !== null && failure !== null)
      displaced.caller.fail(displaced.requestId, failure, displaced.callId);
    return call.callId;
  }

  /** A permit has come free: the call whose turn it is gets it, if one can use it. It is sent by `startGranted`. */
  grant(nowMs: number): void {
    if (this.#options.inFlight() >= this.#limits.maxInFlight) return;
    const call = this.#order.next(this.#limits.maxInFlightPerFunction);
    if (call === null) return;
    this.#options.accept(call, nowMs);
    this.#granted.push(call);
  }

  get hasGranted(): boolean {
    return this.#granted.length > 0;
  }

  /** A loop, not a recursion: a call that ends as soon as it is sent frees its permit for the next. */
  startGranted(): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      for (const call of this.#granted) if (call.state === "queued") this.#options.start(call);
    } finally {
      this.#granted.length = 0;
      this.#isStarting = false;
    }
  }

  /** A call has taken a permit. */
  taken({ caller: { share }, target }: Call): void {
    target.inFlight += 1;
    share.held += 1;
    share.lastTurn = ++this.#lastTurn;
    if (share.waiting > 0) this.#order.heldChanged(share);
  }

  /** A call has given its permit back. */
  freed({ caller: { share }, target }: Call): void {
    target.inFlight -= 1;
    share.held -= 1;
    target.pace.freed += 1;
    this.#pace.freed += 1;
    if (share.waiting > 0) this.#order.heldChanged(share);
  }

  /** The time of a waiting call is over: its deadline's, or else the queue's. */
  expire(call: Call): void {
    const { deadlineAtMs, arrivedAtMs, target } = call;
    const isDeadline = deadlineAtMs <= arrivedAtMs + this.#limits.maxQueueWaitMs;
    this.#refuse(
      call,
      isDeadline
        ? failures.timedOut(target.name, deadlineAtMs - arrivedAtMs, "slot")
        : this.overloaded(target, "waited"),
    );
  }

  /** Its caller no longer wants it. Nothing happens when it is not here. */
  cancel(callId: CallId): void {
    const call = this.#order.get(callId);
    if (call !== undefined) this.#refuse(call, failures.cancelled(call.target.name, false));
  }

  /** Refuses those that would not even be let in to wait any more. */
  sweep(refusalOf: (target: FunctionState) => CallFailure | null): void {
    if (this.#order.size === 0) return;
    for (const call of this.#order.calls()) {
      const failure = refusalOf(call.target);
      if (failure !== null) this.#refuse(call, failure);
    }
  }

  /** 3002 for a call of that function: no permit, and no place to wait for one any longer. */
  overloaded(target: FunctionState, how: "refused" | "displaced" | "waited"): CallFailure {
    const inFlight = this.#options.inFlight();
    const limit = fullLimit(this.#limits, inFlight, target) ?? "maxInFlight";
    const isOfFunction = limit === "maxInFlightPerFunction";
    const nowMs = this.#options.clock.now();
    return failures.overloaded({
      limit,
      limitValue: this.#limits[limit],
      inFlight: isOfFunction ? target.inFlight : inFlight,
      queued: this.#order.size,
      retryAfterMs: isOfFunction
        ? target.pace.bookMs(nowMs, target.waiting)
        : this.#pace.bookMs(nowMs, this.#order.size),
      how,
      maxQueueWaitMs: this.#limits.maxQueueWaitMs,
    });
  }

  #refuse(call: Call, failure: CallFailure): void {
    if (this.#leave(call, failure)) call.caller.fail(call.requestId, failure, call.callId);
  }

  #leave(call: Call, failure: CallFailure): boolean {
    const { journal, clock, counters, deadlines } = this.#options;
    if (!this.#order.remove(call)) return false;
    call.isAnswered = true;
    call.state = "settled";
    deadlines.remove(call);
    counters.refused(failure);
    journal.recordRequest("reject", clock.now(), call, failure.code, 0);
    journal.explain(failure.message);
    return true;
  }
}
