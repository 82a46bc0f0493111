// When calls run out of time: entries in buckets of a few milliseconds, one platform timer for the earliest.
// Knows nothing of calls beyond "has a time, wants to hear of it"; adding and removing are O(1).

import { maxTimerMs, type Clock, type TimerHandle } from "../time.js";

/** Width of a bucket: deadlines are met within this much, never early. */
const bucketMs = 5;

/** What can expire. The four link fields belong to `Deadlines` alone. */
export class Expiring {
  bucket: Bucket | null = null;
  previous: Expiring | null = null;
  next: Expiring | null = null;
}

interface Bucket {
  readonly index: number;
  first: Expiring | null;
}

export class Deadlines<Entry extends Expiring> {
  readonly #clock: Clock;
  readonly #onExpired: (entry: Entry) => void;
  readonly #buckets = new Map<number, Bucket>();
  #timer: TimerHandle = null;
  #timerIndex = Infinity;

  constructor(clock: Clock, onExpired: (entry: Entry) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Has `entry` expire at `atMs` of the clock; an entry that is already in is moved. */
  add(entry: Entry, atMs: number): void {
    this.remove(entry);
    if (atMs === Infinity) return;
    const index = Math.ceil(atMs / bucketMs);
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) this.#buckets.set(index, (bucket = { index, first: null }));
    entry.bucket = bucket;
    entry.next = bucket.first;
    if (bucket.first !== null) bucket.first.previous = entry;
    bucket.first = entry;
    if (index < this.#timerIndex) this.#arm(index);
  }

  remove(entry: Entry): void {
    const bucket = entry.bucket;
    if (bucket === null) return;
    if (entry.previous === null) bucket.first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== null) entry.next.previous = entry.previous;
    entry.bucket = entry.previous = entry.next = null;
    // The timer stays armed: under load that is one timer per default deadline, not one per call.
    if (bucket.first === null) this.#buckets.delete(bucket.index);
  }

  /** Gives the timer back; entries still in expire never. */
  dispose(): void {
    this.#disarm();
    this.#buckets.clear();
  }

  #arm(index: number): void {
    this.#disarm();
    this.#timerIndex = index;
    const delayMs = Math.min(Math.ceil(index * bucketMs - this.#clock.now()), maxTimerMs);
    this.#timer = this.#clock.setTimeout(() => this.#expire(), Math.max(delayMs, 0));
  }

  #disarm(): void {
    if (this.#timerIndex === Infinity) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timerIndex = Infinity;
  }

  #expire(): void {
    this.#timerIndex = Infinity;
    const dueIndex = Math.floor(this.#clock.now() / bucketMs);
    // Whoever hears of an expiry may add and remove entries, so the due buckets are found before any is told.
    const due = [...this.#buckets.values()].filter((bucket) => bucket.index <= dueIndex);
    for (const bucket of due.sort((a, b) => a.index - b.index)) {
      while (bucket.first !== null) {
        const entry = bucket.first as Entry;
        this.remove(entry);
        this.#onExpired(entry);
      }
    }
    let earliest = Infinity;
    for (const index of this.#buckets.keys()) if (index < earliest) earliest = index;
    if (earliest < this.#timerIndex) this.#arm(earliest);
  }
}
