// The log as it is written: one JSON object a line, or a coloured line for people when stderr is a terminal.

import pino from "pino";
import { createColors } from "picocolors";
import type { Log, LogFields, LogLevel } from "../log.js";

export interface LogOptions {
  readonly level: LogLevel;
  /** Default: process.stderr, pretty when it is a terminal. */
  readonly write?: ((line: string) => void) | undefined;
  readonly isPretty?: boolean | undefined;
}

export function createLog(options: LogOptions): Log {
  const { isPretty = process.stderr.isTTY } = options;
  const write = options.write ?? ((line: string) => process.stderr.write(line));
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: isPretty ? (line: string) => write(prettyLine(line)) : write },
  );
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      logger[level](fields, "%s", message);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

const colors = createColors(process.env["NO_COLOR"] === undefined);
const levelColors = { debug: colors.dim, info: colors.green, warn: colors.yellow, error: colors.red };

/** "10:02:11 warn  app:1 │ message  key=value" */
function prettyLine(json: string): string {
  const { level, time, message, worker, stack, pid, generation, stream, ...rest } = JSON.parse(
    json,
  ) as Record<string, unknown>;
  const name = String(level);
  const paint = name in levelColors ? levelColors[name as LogLevel] : colors.white;
  const who = worker === undefined ? "" : `${colors.cyan(textOf(worker))} │ `;
  const fields = Object.entries(rest).map(([key, value]) => colors.dim(` ${key}=${textOf(value)}`));
  const trace = typeof stack === "string" ? `\n${colors.dim(stack)}` : "";
  return `${colors.dim(String(time).slice(11, 19))} ${paint(name.padEnd(5))} ${who}${String(message)}${fields.join("")}${trace}\n`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
