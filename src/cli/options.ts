// The options that commands share, and how their texts become values. Pure but for reading what the user points at.

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { highestMaxInFlight } from "../config/defaults.js";
import type { LinkKind } from "../config/types.js";
import { fromJson } from "../contract/json.js";
import { messageOf } from "../errors.js";
import { chartFormats, type ChartFormat } from "../inspector/formats.js";
import type { LogLevel } from "../log.js";
import { UsageError } from "./exit.js";
import { type TemplateName, templateNames } from "./init/manifest.js";

export interface CommonOptions {
  readonly socket?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly logLevel: LogLevel;
}

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export function parseLogLevel(value: string): LogLevel {
  const level = logLevels.find((known) => known === value);
  if (level === undefined)
    throw new UsageError(
      `--log-level is ${JSON.stringify(value)}, but must be one of ${logLevels.join(", ")}.`,
    );
  return level;
}

/** @throws UsageError unless the text is a number of milliseconds, or "Infinity". */
export function parseTimeout(value: string): number {
  const timeoutMs = Number(value);
  if (value.trim() === "" || Number.isNaN(timeoutMs)) {
    throw new UsageError(`--timeout is ${JSON.stringify(value)}, but must be a number of milliseconds.`);
  }
  return timeoutMs;
}

/** A deadline for calls that name none. @throws UsageError unless it is above 0, or "Infinity". */
export function parseDefaultTimeout(value: string): number {
  const timeoutMs = parseTimeout(value);
  if (timeoutMs > 0) return timeoutMs;
  throw new UsageError(`--timeout is ${value}, but must be a number of milliseconds above 0, or Infinity.`);
}

export function parseMaxConcurrency(value: string): number {
  const count = /^\d+$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= highestMaxInFlight) return count;
  const expected = `a whole number from 1 to ${String(highestMaxInFlight)}`;
  throw new UsageError(`--max-concurrency is ${JSON.stringify(value)}, but must be ${expected}.`);
}

/** The number of a call; beyond 2^53 as a bigint. */
export function parseRequestId(value: string): number | bigint {
  if (!/^\d{1,20}$/.test(value))
    throw new UsageError(
      `The number of a call is ${JSON.stringify(value)}, but must be a whole number, such as 42.`,
    );
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}

/** Milliseconds to wait, 0 or more. */
export function parseDrain(value: string): number {
  const drainMs = value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isFinite(drainMs) && drainMs >= 0) return drainMs;
  throw new UsageError(
    `--drain is ${JSON.stringify(value)}, but must be a number of milliseconds, 0 or more.`,
  );
}

/** How many lines. */
export function parseTail(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new UsageError(
    `--tail is ${JSON.stringify(value)}, but must be a whole number of lines, 0 or more, such as 20.`,
  );
}

/** Milliseconds to wait for a worker under test, above 0. */
export function parsePatience(value: string): number {
  const patienceMs = value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isFinite(patienceMs) && patienceMs > 0) return patienceMs;
  throw new UsageError(
    `--patience is ${JSON.stringify(value)}, but must be a number of milliseconds above 0.`,
  );
}

/** A port of the loopback interface. */
export function parsePort(value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Infinity;
  if (port <= 65_535) return port;
  throw new UsageError(`--port is ${JSON.stringify(value)}, but must be a whole number from 0 to 65535.`);
}

export function parseTemplate(value: string): TemplateName {
  const template = templateNames.find((known) => known === value);
  if (template !== undefined) return template;
  throw new UsageError(
    `--template is ${JSON.stringify(value)}, but must be one of ${templateNames.join(", ")}.`,
  );
}

/** The page of an inspector. */
export function parseInspector(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new UsageError(
    `--inspector is ${JSON.stringify(value)}, but must be the address of a page, such as ${statelyPage}.`,
  );
}

export const statelyPage = "https://stately.ai/inspect";

export function parseLink(value: string): LinkKind {
  if (value === "inherit" || value === "socket") return value;
  throw new UsageError(`--link is ${JSON.stringify(value)}, but must be inherit or socket.`);
}

/** The form in which a chart is shown. */
export function parseChartFormat(value: string): ChartFormat {
  const format = chartFormats.find((known) => known === value);
  if (format !== undefined) return format;
  throw new UsageError(
    `--format is ${JSON.stringify(value)}, but must be one of ${chartFormats.join(", ")}.`,
  );
}

/** "name:value", gathered over repeats. */
export function parseHeader(
  value: string,
  before: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  const colon = value.indexOf(":");
  if (colon < 1) throw new UsageError(`--header is ${JSON.stringify(value)}, but must look like name:value.`);
  return [...before, [value.slice(0, colon).trim(), value.slice(colon + 1).trim()]];
}

/** "user" or "user:role,role". */
export function parseAuth(value: string): { userId: string; roles: string[] } {
  const [userId = "", roles = ""] = value.split(/:(.*)/s);
  if (userId === "")
    throw new UsageError(`--auth is ${JSON.stringify(value)}, but must look like user:role,role.`);
  return { userId, roles: roles.split(",").filter((role) => role !== "") };
}

/** Params as given: JSON text, "-" for standard input, "@file" for a file; nothing for none. */
export async function readParams(given: string | undefined): Promise<unknown> {
  if (given === undefined) return undefined;
  const isFile = given.startsWith("@");
  const source =
    given === "-" ? "Standard input" : isFile ? `The file ${given.slice(1)}` : "The text given as params";
  let json: string;
  try {
    json =
      given === "-" ? await text(process.stdin) : isFile ? await readFile(given.slice(1), "utf8") : given;
  } catch (error) {
    throw new UsageError(`${source} cannot be read: ${messageOf(error)}.`);
  }
  try {
    return fromJson(json);
  } catch (error) {
    throw new UsageError(
      `${source} is not JSON: ${messageOf(error)}. Names and texts need double quotes, as in '{"name":"Ada"}'.`,
    );
  }
}
