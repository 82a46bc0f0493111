// Lines onto a stream that may fail: a full disk, a pipe that nobody reads any more. Whatever happens there, lines are
// lost and counted, and the program goes on. Knows nothing of what a line says.

import type { Writable } from "node:stream";
import { messageOf } from "../errors.js";

/** Hangs on the stream, so that all copies of this package in one process listen once. */
const isHeard = Symbol.for("splice.log.isHeard");

/**
 * What writes a line. When it works again after `lost` lines it calls `onRegained`, which may write: what is
 * written there counts as `lost` lines should it be lost too.
 */
export function createLineWriter(
  stream: Writable,
  onRegained: (lost: number, reason: string) => void,
): (line: string) => void {
  let lost = 0;
  let reason = "";
  let countsAs = 1;

  function regained(): void {
    if (lost === 0) return;
    countsAs = lost;
    lost = 0;
    try {
      onRegained(countsAs, reason);
    } finally {
      countsAs = 1;
    }
  }

  return (line) => {
    const lines = countsAs;
    const lose = (error: unknown): void => {
      lost += lines;
      reason = messageOf(error);
    };
    try {
      hear(stream);
      stream.write(line, (error) => {
        if (error) lose(error);
        else regained();
      });
    } catch (error) {
      lose(error);
    }
  };
}

/** An error that nobody listens for would end the program. It reaches the callback of its write as well. */
function hear(stream: Writable): void {
  if (Object.hasOwn(stream, isHeard)) return;
  Object.defineProperty(stream, isHeard, { value: true });
  stream.on("error", () => undefined);
}
