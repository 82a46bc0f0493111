// What `splice dev` shows, in one of two ways: a screen, or plain lines where there is no terminal.

import { isatty } from "node:tty";
import type { Log, LogLevel } from "../../log.js";
import type { EmbeddedSplice } from "../../system/embedded-splice.js";
import { createLog } from "../../system/log.js";

export interface View {
  /** Takes what the supervisor logs, and what is to be said besides. */
  readonly log: Log;
  /** It runs from now on. */
  serving(splice: EmbeddedSplice): void;
  /** It does not start, for this reason, and an edit is waited for. */
  waiting(error: string): void;
  /** It is tried again. */
  retrying(): void;
  /** A worker waits for a debugger at `url`. */
  debugger(worker: string, url: string): void;
  close(): void;
}

export interface PlainOptions {
  readonly level: LogLevel;
  /** Lines are JSON. */
  readonly isJson: boolean;
}

const stderrFd = 2;

/** Each thing once, as a line on stderr. */
export function openPlainView({ level, isJson }: PlainOptions): View {
  const log = createLog({ level, isPretty: !isJson, isColoured: isatty(stderrFd) });
  return {
    log,
    serving: () => undefined,
    waiting: (error) => {
      log.error(`It does not start; an edit is waited for. ${error}`);
    },
    retrying: () => {
      log.info("starting again");
    },
    debugger: () => undefined,
    close: () => undefined,
  };
}
