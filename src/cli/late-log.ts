// A log that takes lines before there is one to write them: they wait, in order, until the real log is provided.
// It lets `serve` start its workers first and load the logger while they boot.

import type { Log, LogFields, LogLevel } from "../log.js";

export interface LateLog extends Log {
  /** Writes what has waited; from now on lines go straight through. */
  provide(log: Log): void;
}

export function createLateLog(): LateLog {
  let real: Log | null = null;
  let waiting: (readonly [level: LogLevel, message: string, fields: LogFields | undefined])[] = [];
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (real === null) waiting.push([level, message, fields]);
      else real[level](message, fields);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    provide: (log) => {
      real = log;
      for (const [level, message, fields] of waiting) log[level](message, fields);
      waiting = [];
    },
  };
}
