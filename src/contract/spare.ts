// How a worker that was booted before it was needed is told what it runs: the words that supervisor and worker share.

/** The argument in place of all that tells one worker of a pool from another. */
export const spareFlag = "--spare";

/** Comes on stdin, as JSON, up to its end: what it would have been started with. */
export interface SpareOrders {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}
