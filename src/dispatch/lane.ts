// The calls of one caller to one function that wait for a permit, oldest first. Adding, and removing from anywhere, is
// O(1). Knows neither limits nor other lanes.

import type { Call } from "./call.js";
import type { CallerShare } from "./caller-share.js";
import type { FunctionState } from "./function-state.js";
import type { HeapItem } from "./heap.js";

/** A waiting call and its neighbours in its lane. */
export class Waiter {
  previous: Waiter | null = null;
  next: Waiter | null = null;

  constructor(
    readonly call: Call,
    readonly lane: Lane,
  ) {}
}

export class Lane implements HeapItem {
  heapIndex = -1;
  first: Waiter | null = null;
  last: Waiter | null = null;
  size = 0;

  constructor(
    readonly share: CallerShare,
    readonly callerId: number,
    readonly target: FunctionState,
  ) {}

  push(call: Call): Waiter {
    const waiter = new Waiter(call, this);
    waiter.previous = this.last;
    if (this.last === null) this.first = waiter;
    else this.last.next = waiter;
    this.last = waiter;
    this.size += 1;
    return waiter;
  }

  remove(waiter: Waiter): void {
    if (waiter.previous === null) this.first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === null) this.last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    this.size -= 1;
  }
}
