// What `splice dev` shows on a terminal, from the Status, the last reload and the log. Pure: a picture and a size in,
// lines out, never more and never wider than there is room for.

import { createColors } from "picocolors";
import type { LogLine } from "../../contract/reserved-streams.js";
import type { Status } from "../../contract/status.js";
import type { LogLevel } from "../../log.js";
import { prettyLine } from "../../system/pretty-line.js";
import { durationText, functionTable, workerTable } from "../status-text.js";
import { fit, wrap } from "./lay-out.js";

export interface LastReload {
  readonly pool: string;
  readonly generation: number;
  /** Null: it was refused or failed. */
  readonly verdict: string | null;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

export interface Picture {
  /** Of the project, absolute. */
  readonly folder: string;
  /** Null until it runs. */
  readonly status: Status | null;
  /** Why it does not start, while it waits for an edit. */
  readonly startError: string | null;
  readonly callsPerSecond: number;
  readonly lastReload: LastReload | null;
  /** Where debuggers can be attached, as sentences. */
  readonly debuggers: readonly string[];
  readonly lines: readonly LogLine[];
  /** Lines of the log below it are not shown. */
  readonly level: LogLevel;
  readonly hasKeys: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

type Colors = ReturnType<typeof createColors>;

export function dashboardLines(picture: Picture, size: Size, isColoured: boolean): readonly string[] {
  const colors = createColors(isColoured);
  const { columns, rows } = size;
  const error = picture.startError ?? picture.status?.reload.lastError ?? null;
  const head = headOf(picture, colors);
  const foot = footOf(picture, colors);
  const room = rows - head.length - 1;
  const isTall = rows >= 14;
  const errorLines = isTall && error !== null ? errorPanel(error, columns, Math.floor(room / 2), colors) : [];
  const tables = isTall ? tablesOf(picture, Math.floor((room - errorLines.length) / 2), colors) : [];
  const left = room - errorLines.length - tables.length - 1;
  const log = logLines(picture, error, columns, colors).slice(-Math.max(0, left));
  const body = [...head, ...errorLines, ...tables, "", ...log];
  const blank = Array.from({ length: Math.max(0, rows - 1 - body.length) }, () => "");
  return [...body.slice(0, Math.max(0, rows - 1)), ...blank, foot].map((line) => fit(line, columns));
}

function headOf(picture: Picture, colors: Colors): readonly string[] {
  const { folder, status, startError, debuggers } = picture;
  const state =
    status === null
      ? startError === null
        ? colors.yellow("starting")
        : colors.red("does not start; waiting for an edit")
      : paintState(status, colors);
  const about =
    status === null
      ? []
      : [`up ${durationText(status.uptimeMs)}`, `pid ${String(status.pid)}`, socketText(status, folder)];
  return [
    [`${colors.bold("splice dev")} ${folder.slice(folder.lastIndexOf("/") + 1)}`, state, ...about].join("  "),
    ...(status === null
      ? []
      : [callsLine(status, picture.callsPerSecond, colors), reloadLine(picture, status, colors)]),
    ...(status === null ? [] : troubleLines(status, colors)),
    ...debuggers.map((sentence) => colors.cyan(sentence)),
  ];
}

function socketText({ socket }: Status, folder: string): string {
  return socket?.startsWith(`${folder}/`) === true ? socket.slice(folder.length + 1) : (socket ?? "");
}

function paintState({ state }: Status, colors: Colors): string {
  if (state === "running") return colors.green(state);
  return state === "failed" ? colors.red(state) : colors.yellow(state);
}

function callsLine({ calls }: Status, perSecond: number, colors: Colors): string {
  const bad = (count: number, what: string): string => {
    const text = `${String(count)} ${what}`;
    return count === 0 ? text : colors.red(text);
  };
  return (
    `calls   ${perSecond.toFixed(perSecond > 0 && perSecond < 10 ? 1 : 0)}/s, ` +
    [
      `${String(calls.total)} in all`,
      bad(calls.failed, "failed"),
      bad(calls.timedOut, "timed out"),
      bad(calls.rejected, "rejected"),
      `${String(calls.active)} active`,
    ].join(", ")
  );
}

function reloadLine({ lastReload, nowMs }: Picture, { pools, reload }: Status, colors: Colors): string {
  const generations = pools.map(({ name, generation }) => `${name} ${String(generation)}`).join(", ");
  const under = reload.state === "watching" || reload.state === "retiring" ? "" : reload.state;
  const isMended = reload.lastError === null;
  const last = lastReload === null ? "none yet" : outcomeText(lastReload, isMended, nowMs, colors);
  return `reload  ${under === "" ? last : colors.yellow(`${under} …`)}  generation ${generations}`;
}

function outcomeText(
  { pool, generation, verdict, atMs }: LastReload,
  isMended: boolean,
  nowMs: number,
  colors: Colors,
): string {
  const ago = `${durationText(Math.max(0, nowMs - atMs)).replace(/\.\d/, "")} ago`;
  if (verdict !== null) return colors.green(`${pool} ${verdict} ${ago}`);
  if (isMended) return `${pool} failed ${ago}, mended since`;
  return colors.red(`${pool} failed ${ago}, generation ${String(generation)} serves on`);
}

/** Pools and functions that a breaker keeps from calls. */
function troubleLines({ pools, functions }: Status, colors: Colors): readonly string[] {
  const shut = [
    ...pools.map(({ name, breaker }) => ({ what: `pool ${name} starts no worker`, breaker })),
    ...functions.map(({ name, breaker }) => ({ what: `${name} is refused`, breaker })),
  ].flatMap(({ what, breaker }) => {
    if (breaker === null || breaker.state === "closed") return [];
    const when =
      breaker.retryAfterMs === null ? "" : `, tried again in ${durationText(breaker.retryAfterMs)}`;
    return [`${what}: breaker ${breaker.state}${when}`];
  });
  return shut.map((line) => colors.red(line));
}

function errorPanel(error: string, columns: number, room: number, colors: Colors): readonly string[] {
  const whole = error
    .trimEnd()
    .split("\n")
    .flatMap((line) => wrap(line, columns));
  const lines = whole.length <= room ? whole : whole.filter((line) => line !== "");
  const shown =
    lines.length <= room
      ? lines
      : [...lines.slice(0, room - 1), `… ${String(lines.length - room + 1)} more lines`];
  return ["", ...shown.map((line) => colors.red(line))];
}

/** Workers and functions in `room` lines; functions that were called stay longest. */
function tablesOf({ status }: Picture, room: number, colors: Colors): readonly string[] {
  if (status === null) return [];
  const workers = workerTable(status);
  const most = Math.max(2, Math.floor(room / 2));
  const shownWorkers = capped(workers, Math.min(workers.length, most), "workers");
  const left = room - shownWorkers.length - 2;
  if (left < 2) return ["", ...painted(shownWorkers, colors)];
  const { functions } = status;
  const busiest = [...functions].sort((a, b) => b.calls - a.calls).slice(0, left - 2);
  const chosen = functions.length < left ? functions : functions.filter((each) => busiest.includes(each));
  const rest = functions.length - chosen.length;
  const more = rest === 0 ? [] : [`… ${String(rest)} more functions`];
  const shown = functions.length === 0 ? [] : ["", ...painted(functionTable(chosen), colors), ...more];
  return ["", ...painted(shownWorkers, colors), ...shown];
}

function capped(lines: readonly string[], room: number, what: string): readonly string[] {
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `… ${String(lines.length - room + 1)} more ${what}`];
}

function painted([head = "", ...rows]: readonly string[], colors: Colors): readonly string[] {
  return [colors.dim(head), ...rows];
}

function logLines(
  { lines, level }: Picture,
  error: string | null,
  columns: number,
  colors: Colors,
): readonly string[] {
  const shown = lines.filter((line) => levels.indexOf(line.level) >= levels.indexOf(level));
  return shown.flatMap((line) => entryLines(line, error, columns, colors));
}

function entryLines(
  { atMs, level, worker, message, fields }: LogLine,
  error: string | null,
  columns: number,
  colors: Colors,
): readonly string[] {
  // What the panel above shows is not said twice.
  const told = error !== null && message.endsWith(error) ? message.slice(0, -error.length).trim() : message;
  // What the supervisor's own lines name besides is on the screen already.
  const rest = worker === null ? {} : fields;
  const time = new Date(atMs).toISOString();
  const text = prettyLine({ level, time, message: told, worker: worker ?? undefined, fields: rest }, false);
  const paint = { debug: colors.dim, info: (line: string) => line, warn: colors.yellow, error: colors.red }[
    level
  ];
  return text
    .split("\n")
    .flatMap((line) => wrap(line, columns))
    .map(paint);
}

function footOf({ hasKeys, level, status }: Picture, colors: Colors): string {
  const isStopping = status !== null && status.state !== "running";
  const quit = isStopping ? "quit now" : "quit";
  if (!hasKeys) return colors.dim(`Ctrl-C ${quit}`);
  return colors.dim(`r reload  c clear  l log level: ${level}  q ${quit}`);
}
