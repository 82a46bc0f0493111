// The order of the calls that wait for a permit: whose turn is next, and who makes room when all places are taken.
// Each caller has a lane for each function, and each function ranks the lanes to it. Settles nothing, knows no time.

import type { CallId } from "../ids.js";
import type { Call } from "./call.js";
import type { CallerShare } from "./caller-share.js";
import type { FunctionState } from "./function-state.js";
import { Heap } from "./heap.js";
import { Lane, type Waiter } from "./lane.js";

/** Fewest permits first; among equals who has got none for the longest time; of one caller the oldest call. */
function isServedBefore(a: Lane, b: Lane): boolean {
  if (a.share.held !== b.share.held) return a.share.held < b.share.held;
  if (a.share.lastTurn !== b.share.lastTurn) return a.share.lastTurn < b.share.lastTurn;
  if (a.callerId !== b.callerId) return a.callerId < b.callerId;
  return (a.first?.call.callId ?? 0) < (b.first?.call.callId ?? 0);
}

/** Most waiting calls first; among equals who holds more permits. */
function hasMoreThan(a: CallerShare, b: CallerShare): boolean {
  return a.waiting === b.waiting ? a.held > b.held : a.waiting > b.waiting;
}

export class FairQueue {
  readonly #waiters = new Map<CallId, Waiter>();
  /** Of the functions that calls wait for. */
  readonly #lanes = new Map<FunctionState, Heap<Lane>>();
  readonly #shares = new Heap<CallerShare>(hasMoreThan);

  get size(): number {
    return this.#waiters.size;
  }

  get(callId: CallId): Call | undefined {
    return this.#waiters.get(callId)?.call;
  }

  /** All of them, oldest first, as they are now. */
  calls(): Call[] {
    return Array.from(this.#waiters.values(), (waiter) => waiter.call);
  }

  /** The newest call of its caller and function. */
  add(call: Call): void {
    const { caller, target } = call;
    const { share } = caller;
    let lane = share.lanes.get(target);
    if (lane === undefined) {
      lane = new Lane(share, caller.callerId, target);
      share.lanes.set(target, lane);
      let lanes = this.#lanes.get(target);
      if (lanes === undefined) this.#lanes.set(target, (lanes = new Heap(isServedBefore)));
      lanes.add(lane);
    }
    this.#waiters.set(call.callId, lane.push(call));
    target.waiting += 1;
    share.waiting += 1;
    if (share.waiting === 1) this.#shares.add(share);
    else this.#shares.moved(share);
  }

  /** Takes a call out, wherever it stands; false when it is not in. */
  remove(call: Call): boolean {
    const waiter = this.#waiters.get(call.callId);
    if (waiter === undefined) return false;
    const { lane } = waiter;
    const { share, target } = lane;
    this.#waiters.delete(call.callId);
    lane.remove(waiter);
    target.waiting -= 1;
    share.waiting -= 1;
    if (share.waiting === 0) this.#shares.remove(share);
    else this.#shares.moved(share);
    if (lane.size > 0) return true;
    share.lanes.delete(target);
    const lanes = this.#lanes.get(target);
    lanes?.remove(lane);
    if (lanes?.first === undefined) this.#lanes.delete(target);
    return true;
  }

  /** The caller has got a permit or given one back; to be told while calls of it wait. */
  heldChanged(share: CallerShare): void {
    this.#shares.moved(share);
    for (const [target, lane] of share.lanes) this.#lanes.get(target)?.moved(lane);
  }

  /**
   * Takes out the call that a free permit is for, among those of functions below `maxPerFunction`; null: there is none.
   * Looks at one lane for each function that is waited for, however many calls and callers wait.
   */
  next(maxPerFunction: number): Call | null {
    let best: Lane | null = null;
    for (const [target, { first }] of this.#lanes) {
      if (first === undefined || target.inFlight >= maxPerFunction) continue;
      if (best === null || isServedBefore(first, best)) best = first;
    }
    if (best?.first == null) return null;
    const { call } = best.first;
    this.remove(call);
    return call;
  }

  /**
   * The call that has to give its place to a new one of `share` and `target` when all are taken; null: the new one has
   * no better claim. The caller with the most waiting calls gives the last one of its longest lane, so that neither a
   * caller nor a function can fill the queue. A caller that has no fewer than that makes room among its own functions.
   */
  lastOfLargest(share: CallerShare, target: FunctionState): Call | null {
    const largest = this.#shares.first;
    if (largest === undefined) return null;
    const isSmaller =
      share.waiting + 1 < largest.waiting ||
      (share.waiting + 1 === largest.waiting && share.held < largest.held);
    if (isSmaller) return longestLane(largest)?.last?.call ?? null;
    const longest = longestLane(share);
    const ownSize = share.lanes.get(target)?.size ?? 0;
    return longest !== null && ownSize + 1 < longest.size ? (longest.last?.call ?? null) : null;
  }
}

function longestLane(share: CallerShare): Lane | null {
  let longest: Lane | null = null;
  for (const lane of share.lanes.values()) if (longest === null || lane.size > longest.size) longest = lane;
  return longest;
}
