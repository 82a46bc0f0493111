// What main thread and guard thread share: the data the thread starts with, the messages between the two, and the
// memory that says which function runs. Starts nothing and watches nothing.

export interface GuardData {
  /** The descriptor of the guard link; from its start on the thread owns it. */
  readonly fd: number;
  /** Absolute path of the bundle of functions, whose source map lies beside it; empty while that is not known. */
  readonly functionsFile: string;
  readonly memory: SharedArrayBuffer;
  /** One moment on both clocks: `performance.now()` of the main thread, and the clock that all threads share. */
  readonly at: { readonly mainMs: number; readonly sharedNs: bigint };
}

/** `watching`: from now on the end of the supervisor ends this process. `ping`: is the main loop alive? */
export type FromGuard = { readonly type: "watching" } | { readonly type: "ping" };

/**
 * `file`: the bundle of functions, where the thread was started before that was known. `functions`: the names that the
 * numbers in the memory stand for, in order.
 */
export type ToGuard =
  | { readonly type: "pong" }
  | { readonly type: "file"; readonly functionsFile: string }
  | { readonly type: "functions"; readonly names: readonly string[] };

const memoryBytes = 16;

/**
 * What the main thread writes down as it goes, for a moment in which it can be asked no more. One number and one
 * time: a write costs less than anything else in a call.
 */
export class RunningMemory {
  readonly shared: SharedArrayBuffer;
  readonly #time: Float64Array;
  readonly #running: Int32Array;

  constructor(shared = new SharedArrayBuffer(memoryBytes)) {
    this.shared = shared;
    this.#time = new Float64Array(shared, 0, 1);
    this.#running = new Int32Array(shared, 8, 1);
  }

  /** When the main loop was last seen going, in its own milliseconds; 0 while nobody notes it. */
  get aliveAtMs(): number {
    return this.#time[0] ?? 0;
  }

  set aliveAtMs(ms: number) {
    this.#time[0] = ms;
  }

  /** The number of the function that was started and has not returned yet; -1 when there is none. */
  get running(): number {
    return Atomics.load(this.#running, 0) - 1;
  }

  set running(index: number) {
    Atomics.store(this.#running, 0, index + 1);
  }
}
