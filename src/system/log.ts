// The log as it is written: one JSON object a line, or a coloured line for people when stderr is a terminal.

import pino from "pino";
import type { Log, LogFields, LogLevel } from "../log.js";
import { createLineWriter } from "./log-writer.js";
import { isColourWanted, prettyLine } from "./pretty-line.js";

export interface LogOptions {
  readonly level: LogLevel;
  /** Default: process.stderr, pretty when it is a terminal. */
  readonly write?: ((line: string) => void) | undefined;
  readonly isPretty?: boolean | undefined;
  /** Of pretty lines. Default: true unless NO_COLOR is set, which has the last word. */
  readonly isColoured?: boolean | undefined;
}

export function createLog(options: LogOptions): Log {
  const { isPretty = process.stderr.isTTY } = options;
  const write =
    options.write ??
    createLineWriter(process.stderr, (lost, reason) => {
      const lines = lost === 1 ? "1 log line was" : `${String(lost)} log lines were`;
      log.warn(`${lines} lost, since stderr could not be written to: ${reason}`);
    });
  const isColoured = (options.isColoured ?? true) && isColourWanted;
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      // Fields come from functions of all kinds. Only their wrapper is looked at for what resembles a request, a
      // response or an error.
      formatters: {
        level: (label) => ({ level: label }),
        log: (wrapper) => (isWrapper(wrapper) ? wrapper.fields : wrapper),
      },
      serializers: { err: (value: unknown) => value },
    },
    { write: isPretty ? (line: string) => write(prettyLineOf(line, isColoured)) : write },
  );
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      logger[level]({ fields: unmistakable(fields) }, "%s", message);
    };
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return log;
}

function isWrapper(value: object): value is { readonly fields: Record<string, unknown> } {
  return "fields" in value;
}

/** Names that the line itself has, and those that every object has, get a mark behind them. */
function unmistakable(fields: LogFields): LogFields {
  if (!Object.keys(fields).some(isTaken)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [isTaken(name) ? `${name}_` : name, value]),
  );
}

function isTaken(name: string): boolean {
  return name === "level" || name === "time" || name === "message" || name in Object.prototype;
}

/** As prettyLine, of a line as it is written for machines. */
function prettyLineOf(json: string, isColoured: boolean): string {
  const { level, time, message, worker, ...fields } = JSON.parse(json) as Record<string, unknown>;
  return `${prettyLine({ level, time, message, worker, fields }, isColoured)}\n`;
}
