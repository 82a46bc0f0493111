// A Status as a person reads it: two lines about the whole, a table of workers, a table of functions. Pure.

import type { FunctionStatus, Status } from "../contract/status.js";

/** Lines without their ends. */
export function statusLines(status: Status): readonly string[] {
  const { state, pid, version, uptimeMs, socket, calls, pools, functions } = status;
  const lines = [
    [state, `pid ${pid}`, `up ${durationText(uptimeMs)}`, `splice ${version}`, socket ?? "no socket"].join(
      "  ",
    ),
    "calls  " +
      [
        `${calls.total} in all`,
        `${calls.ok} ok`,
        `${calls.failed} failed`,
        `${calls.timedOut} timed out`,
        `${calls.cancelled} cancelled`,
        `${calls.rejected} rejected`,
        `${calls.late} late`,
        `${calls.active} active`,
      ].join(", "),
  ];
  for (const rows of [workerTable(status), functionTable(functions)])
    if (rows.length > 1) lines.push("", ...rows);
  const tripped = pools.filter(({ breaker }) => breaker.state !== "closed");
  if (tripped.length > 0) {
    const rows = tripped.map(({ name, breaker }) => [name, breaker.state, timeText(breaker.retryAfterMs)]);
    lines.push("");
    lines.push(...table(["pool that starts no worker", "breaker", "tried in"], rows));
  }
  const shut = functions.filter(({ breaker }) => breaker !== null && breaker.state !== "closed");
  if (shut.length > 0) {
    const rows = shut.map(({ name, breaker }) => [
      name,
      breaker?.state ?? "",
      timeText(breaker?.retryAfterMs ?? null),
    ]);
    lines.push("");
    lines.push(...table(["refused function", "breaker", "tried in"], rows));
  }
  return lines;
}

/** A head, and a line for each worker. */
export function workerTable({ pools }: Status): readonly string[] {
  const rows = pools
    .flatMap((pool) => pool.workers)
    .map((worker) => [
      worker.id,
      worker.state,
      worker.pid === null ? "-" : String(worker.pid),
      String(worker.generation),
      String(worker.inFlight),
      String(worker.calls),
      worker.rssBytes === null ? "-" : `${(worker.rssBytes / 1_048_576).toFixed(0)} MiB`,
      `${worker.lagMs.toFixed(0)} ms`,
      worker.pid === null ? "-" : durationText(worker.uptimeMs),
    ]);
  return table(["worker", "state", "pid", "gen", "in flight", "calls", "memory", "lag", "up"], rows);
}

/** A head, and a line for each of them. */
export function functionTable(functions: readonly FunctionStatus[]): readonly string[] {
  const rows = functions.map((each) => [
    each.name,
    each.streaming ? `${each.pool} (stream)` : each.pool,
    String(each.inFlight),
    String(each.calls),
    String(each.failed),
    each.calls === 0 ? "-" : microsText(each.p50Us),
    each.calls === 0 ? "-" : microsText(each.p99Us),
  ]);
  return table(["function", "pool", "in flight", "calls", "failed", "p50", "p99"], rows);
}

function timeText(durationMs: number | null): string {
  return durationMs === null ? "-" : durationText(durationMs);
}

/** Texts to the left, everything after the second column to the right, as numbers are read. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

/** The two largest units: "3d 4h", "12m 5s", "0.4s". */
export function durationText(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < 10) return `${(durationMs / 1000).toFixed(1)}s`;
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3600) % 24}h`;
}

function microsText(micros: number): string {
  if (micros < 1000) return `${micros.toFixed(0)} us`;
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(1)} ms`;
  return `${(micros / 1_000_000).toFixed(2)} s`;
}
