// The log, remembered: passes every line on to where it is written, and keeps the last ones for whoever reads
// splice.logs. Keeps what the log itself lets through, so that both say the same.

import type { LogLine } from "../contract/reserved-streams.js";
import { describeValue } from "../errors.js";
import type { Log, LogFields, LogLevel } from "../log.js";
import { toWellFormed } from "../protocol/text.js";
import { encodeValue } from "../protocol/values.js";
import type { Clock } from "../time.js";
import { Feed } from "./feed.js";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export class LogBook implements Log {
  /** Encoded LogLines. */
  readonly lines = new Feed();
  readonly debug = this.#at("debug");
  readonly info = this.#at("info");
  readonly warn = this.#at("warn");
  readonly error = this.#at("error");
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #lowest: number;

  /** `level` is the lowest that `log` writes. */
  constructor(log: Log, clock: Clock, level: LogLevel) {
    this.#log = log;
    this.#clock = clock;
    this.#lowest = levels.indexOf(level);
  }

  #at(level: LogLevel): (message: string, fields?: LogFields) => void {
    return (message, fields) => {
      this.#log[level](message, fields);
      if (levels.indexOf(level) < this.#lowest) return;
      const { worker, ...rest } = fields ?? {};
      this.lines.push(
        encodeLine({
          atMs: this.#clock.wallMs(),
          level,
          worker: typeof worker === "string" ? worker : null,
          message,
          fields: rest,
        }),
      );
    };
  }
}

export function encodeLine(line: LogLine): Uint8Array {
  try {
    return encodeValue(line);
  } catch {
    const { atMs, level, worker, message, fields } = line;
    return encodeValue({
      atMs,
      level,
      worker: worker === null ? null : toWellFormed(worker),
      message: toWellFormed(message),
      fields: Object.fromEntries(Object.entries(fields).map(carried)),
    });
  }
}

/** A log takes whatever it is given, a value does not: what cannot be carried becomes text. */
function carried([name, value]: readonly [string, unknown]): readonly [string, unknown] {
  try {
    encodeValue({ [name]: value });
    return [name, value];
  } catch {
    const text = typeof value === "string" ? value : describeValue(value);
    return [name === "__proto__" ? `${name}_` : toWellFormed(name), toWellFormed(text)];
  }
}
