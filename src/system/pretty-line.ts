// A line of the log as people read it on a terminal, and whether they want colours. Otherwise pure; nothing that is
// written in a line moves a cursor, or looks like another line.

import { createColors } from "picocolors";
import { escapeControls } from "../actors/worker-output.js";
import type { LogFields, LogLevel } from "../log.js";

export interface LineParts {
  readonly level: unknown;
  /** ISO text; its time of day is shown, which is UTC. */
  readonly time: unknown;
  readonly message: unknown;
  /** Undefined: the supervisor itself. */
  readonly worker: unknown;
  readonly fields: LogFields;
}

/** NO_COLOR counts when it holds something (https://no-color.org). Whether there is a terminal at all is another question. */
export const isColourWanted = (process.env["NO_COLOR"] ?? "") === "";

/** "10:02:11 warn  app:1 │ message  key=value", without an end. */
export function prettyLine({ level, time, message, worker, fields }: LineParts, isColoured: boolean): string {
  const colors = createColors(isColoured);
  const levelColors = { debug: colors.dim, info: colors.green, warn: colors.yellow, error: colors.red };
  const { stack, pid, generation, stream, ...rest } = fields;
  const name = String(level);
  const paint = name in levelColors ? levelColors[name as LogLevel] : colors.white;
  const who = worker === undefined ? "" : `${colors.cyan(textOf(worker))} │ `;
  const shown = Object.entries(rest).map(([key, value]) =>
    colors.dim(` ${escapeControls(key)}=${textOf(value)}`),
  );
  const trace = typeof stack === "string" ? colors.dim(goingOn(`\n${stack}`)) : "";
  return `${colors.dim(String(time).slice(11, 19))} ${paint(name.padEnd(5))} ${who}${goingOn(String(message))}${shown.join("")}${trace}`;
}

/** Lines after the first are marked, so that none looks like a line of the log. */
function goingOn(text: string): string {
  return text.split("\n").map(escapeControls).join("\n  │ ");
}

function textOf(value: unknown): string {
  // What JSON does not know, a log may hold all the same.
  const text = typeof value === "string" ? value : (toText(value) ?? String(value));
  return escapeControls(text);
}

function toText(value: unknown): string | undefined {
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}
