// What a function may know about the call it serves: the Context type alone. How it is filled is the worker's
// business; this file knows neither wire nor process.

/** Fields of a log line; anything that is no string is written as JSON. */
export type ContextLogFields = Readonly<Record<string, unknown>>;

/** Log lines of one call: the supervisor writes them with the worker's name, the request id and the function. */
export interface ContextLog {
  debug(message: string, fields?: ContextLogFields): void;
  info(message: string, fields?: ContextLogFields): void;
  warn(message: string, fields?: ContextLogFields): void;
  error(message: string, fields?: ContextLogFields): void;
}

/** Who calls, as the host asserted it. */
export interface ContextAuth {
  readonly userId: string;
  readonly roles: readonly string[];
}

/** The second argument of every function, and what `currentContext()` returns while one runs. */
export interface Context {
  /** The full name the function was called by: "math.add". */
  readonly functionName: string;
  /** The supervisor's number of this call. */
  readonly requestId: number | bigint;
  /** Low 64 bits of the caller's trace id; generated when the caller sent none, stable for the call. */
  readonly traceId: number | bigint;
  /** The caller's span id; generated when the caller sent none, stable for the call. */
  readonly spanId: number | bigint;
  /** Pairs in the order sent; repeats are kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Null when the caller named nobody. */
  readonly auth: ContextAuth | null;
  /** `auth.userId`, or null when the caller named nobody. */
  readonly userId: string | null;
  /** Milliseconds until the deadline, never below 0; Infinity when there is none. */
  readonly remainingMs: number;
  /** True as soon as the caller cancelled or the deadline passed. */
  readonly isCancelled: boolean;
  /** Aborts at the moment `isCancelled` becomes true: hand it to fetch, timers, queries. */
  readonly signal: AbortSignal;
  /**
   * What the caller gives as the call's input, as it comes; empty when it gives none. Read once: the caller sends no
   * faster than it is read. Throws a SpliceError when the caller's input threw (2000, with its message), and 2002 when
   * the call is cancelled. Leaving the loop, or never reading, does not end the call.
   */
  readonly input: AsyncIterable<unknown>;
  readonly log: ContextLog;
  /** The first header of that name, whatever its case; undefined when there is none. */
  header(name: string): string | undefined;
  /** True when `auth` has exactly this role. */
  hasRole(role: string): boolean;
}
