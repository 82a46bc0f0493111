// Simulated time: one queue of events, each at its time, equal ones in random order, and randomness that comes from
// one seed, split by who asks. Knows nothing of what is simulated.

import type { Clock, Random } from "../../../src/time.js";
import { maxTimerMs } from "../../../src/time.js";

/** Whose an event is: what has died gets none any more, what stands still gets them when it goes on. */
export class Owner {
  isGone = false;
  #isStopped = false;
  /** Told when it goes on. */
  readonly onGo: (() => void)[] = [];
  readonly #sim: Sim;
  readonly #held: SimEvent[] = [];

  constructor(
    sim: Sim,
    readonly name: string,
  ) {
    this.#sim = sim;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** What fell due meanwhile happens now, in its order. */
  go(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    for (const tell of this.onGo) tell();
    for (const event of this.#held.splice(0)) this.#sim.again(event);
  }

  hold(event: SimEvent): void {
    this.#held.push(event);
  }
}

export interface SimEvent {
  atMs: number;
  tie: number;
  readonly what: string;
  readonly owner: Owner;
  /** Null: called off, or over. */
  run: (() => void) | null;
}

const setRealImmediate = setImmediate;

const turnsAtOnce = 64;

/**
 * Turns of the platform's queue. Between any two all ticks and promises have their way; several are asked for at once, since
 * a whole round of the platform's loop for each event would cost more.
 */
class Turns {
  #due = 0;
  #resolve: (() => void) | null = null;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#due > 0) return;
      this.#due = turnsAtOnce;
      for (let n = 0; n < turnsAtOnce; n++) setRealImmediate(this.#turn);
    });
  }

  readonly #turn = (): void => {
    this.#due -= 1;
    const resolve = this.#resolve;
    this.#resolve = null;
    resolve?.();
  };
}

const turns = new Turns();

const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/** A time as two words, for the hash. */
const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);

export class Sim {
  nowMs = 0;
  /** Events that have happened. */
  events = 0;
  /** Whose event is happening, with all that follows from it before the next. */
  current: Owner | null = null;
  /** Told after each event. */
  afterEvent: () => void = () => undefined;
  readonly #heap: SimEvent[] = [];
  readonly #ties: Random;
  readonly #lines: (readonly [atMs: number, line: string])[] = [];
  readonly #keptLines: number;
  #lineCount = 0;
  #hash = fnvOffset;
  #failure: { readonly error: unknown } | null = null;

  /** Of the trace the last `keptLines` are kept. */
  constructor(
    readonly seed: number,
    keptLines = 200,
  ) {
    this.#keptLines = keptLines;
    this.#ties = this.random("ties");
  }

  /** Numbers in [0, 1) that depend on the seed and that name alone: who draws more shifts nobody else's. */
  random(name: string): Random {
    let state = (hashOf(name) ^ Math.imul(this.seed, 0x9e3779b1)) >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    };
  }

  after(delayMs: number, what: string, owner: Owner, run: () => void): SimEvent {
    const event = { atMs: this.nowMs + Math.max(0, delayMs), tie: this.#ties(), what, owner, run };
    this.#push(event);
    return event;
  }

  again(event: SimEvent): void {
    event.atMs = this.nowMs;
    this.#push(event);
  }

  /** The platform's clock as `owner` has it; `latenessMs` is drawn for each timer. */
  clockOf(owner: Owner, latenessMs: () => number): Clock {
    return {
      now: () => this.nowMs,
      wallMs: () => 1_700_000_000_000 + this.nowMs,
      // As Node has it: never at once.
      setTimeout: (callback, delayMs) =>
        this.after(Math.min(Math.max(delayMs, 1), maxTimerMs) + latenessMs(), "timer", owner, callback),
      clearTimeout: (handle) => {
        if (typeof handle === "object" && handle !== null) (handle as SimEvent).run = null;
      },
    };
  }

  /** A line of the trace. */
  note(line: string): void {
    scratch[0] = this.nowMs;
    let hash = Math.imul(this.#hash ^ (words[0] ?? 0), fnvPrime);
    hash = Math.imul(hash ^ (words[1] ?? 0), fnvPrime);
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), fnvPrime);
    this.#hash = Math.imul(hash ^ line.length, fnvPrime);
    const place = this.#keptLines === Infinity ? this.#lineCount : this.#lineCount % this.#keptLines;
    this.#lines[place] = [this.nowMs, line];
    this.#lineCount += 1;
  }

  /** Ends the run with an error, wherever it was found. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  get traceHash(): number {
    return this.#hash >>> 0;
  }

  /** The last lines of the trace, oldest first. */
  get trace(): readonly string[] {
    const newest = this.#lineCount % this.#keptLines || 0;
    const ordered =
      this.#lineCount <= this.#keptLines
        ? this.#lines
        : [...this.#lines.slice(newest), ...this.#lines.slice(0, newest)];
    return ordered.map(([atMs, line]) => `${atMs.toFixed(3)} ${line}`);
  }

  /** What is still to happen to those that are not gone. */
  pending(): SimEvent[] {
    return this.#heap.filter(({ run, owner }) => run !== null && !owner.isGone);
  }

  /** Lets events happen until `isDone`, or there is none up to `untilMs`, which is the time then. */
  async run(untilMs: number, maxEvents: number, isDone: () => boolean = () => false): Promise<void> {
    while (!isDone()) {
      const event = this.#heap[0];
      if (event === undefined || event.atMs > untilMs) break;
      this.#pop();
      const { owner, run } = event;
      if (run === null || owner.isGone) continue;
      if (owner.isStopped) {
        owner.hold(event);
        continue;
      }
      if (++this.events > maxEvents)
        throw new Error(`More than ${String(maxEvents)} events: something goes round in circles.`);
      this.nowMs = Math.max(this.nowMs, event.atMs);
      event.run = null;
      this.current = owner;
      if (event.what !== "timer") this.note(`${owner.name} ${event.what}`);
      run();
      // All that follows in this turn: ticks, and promises that have settled.
      await turns.next();
      this.afterEvent();
      this.current = null;
      if (this.#failure !== null) throw this.#failure.error;
    }
    if (untilMs !== Infinity && !isDone()) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [first, second] = [heap[left], heap[left + 1]];
      if (first === undefined) break;
      const isSecond = second !== undefined && isBefore(second, first);
      const least = isSecond ? second : first;
      if (!isBefore(least, last)) break;
      heap[at] = least;
      at = isSecond ? left + 1 : left;
    }
    heap[at] = last;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}

function hashOf(text: string): number {
  let hash = fnvOffset;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), fnvPrime);
  return hash;
}
