// What the suite needs of whoever is under test: bytes both ways, and for a process its end. How it is started is
// the business of whoever runs the suite.

import type { ByteDuplex } from "../../transport/duplex.js";

export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface Subject {
  /** Not attached yet. */
  readonly duplex: ByteDuplex;
  /** The end of the process; undefined where none is watched. */
  readonly exited?: Promise<Ending>;
  /** Memory that the process occupies now; undefined where that cannot be seen. */
  rssBytes?(): number | undefined;
  /** What it has printed on stderr, its end at least. */
  stderrTail?(): string;
  /** Ends everything that was started; resolves when it is gone. */
  destroy(): Promise<void>;
}

/** Starts one; rejects when it cannot be started or does not connect. Every scenario has its own. */
export type StartSubject = () => Promise<Subject>;
