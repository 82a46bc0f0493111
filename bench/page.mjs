// The page of a run as text: one table per case, memory and start times, and what was reached of what was set out for.
// Pure.

import { cases as allCases } from "./cases.mjs";
import { contenders as allContenders } from "./contenders/index.mjs";

const thin = " ";

export function page({ machine, settings, cases, contenders, results, start, targets }) {
  const parts = [
    `Splice beside its peers: ${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node}, ${machine.platform} (${machine.date})`,
    `One worker each; medians of ${count(settings.rounds, "round")} of ${String(settings.measureMs)} ms after ${String(settings.warmupMs)} ms of warming up. x = calls/s relative to that contender.`,
  ];
  for (const one of cases) parts.push(caseTable(one, contenders, results[one.name]));
  parts.push(memoryTable(cases, contenders, results));
  if (start !== null) parts.push(startLine(start));
  parts.push(targetTable(targets));
  return `${parts.join("\n\n")}\n`;
}

function caseTable({ title }, contenders, rows) {
  const rate = (name) => rows[name]?.median?.callsPerSecond;
  const times = (own, name) => (rate(name) === undefined ? "-" : (own / rate(name)).toFixed(2));
  const body = contenders.map(({ name, title: label }) => {
    const row = rows[name];
    if (row === undefined) return [label, "not run"];
    if (row.median === null) return [label, "failed"];
    const { callsPerSecond, p50Us, p99Us, cpuUsPerCall } = row.median;
    const peers = ["ipc-json", "piscina", "limit"].map((peer) => times(callsPerSecond, peer));
    return [
      label,
      whole(callsPerSecond),
      whole(p50Us),
      whole(p99Us),
      short(cpuUsPerCall),
      ...peers,
      row.note,
    ];
  });
  const head = [
    title,
    "calls/s",
    "p50 us",
    "p99 us",
    "CPU us/call",
    "x IPC json",
    "x Piscina",
    "x limit",
    "note",
  ];
  return table(head, body);
}

/** Of the first case that was run: what a contender weighs depends little on what it carries, until that is large. */
function memoryTable([first, ...others], contenders, results) {
  const large = others.find(({ name }) => name === "1mib-bytes");
  const shown = large === undefined ? [first] : [first, large];
  const head = [
    "memory and start",
    "processes",
    "start ms",
    ...shown.map(({ title }) => `PSS MiB: ${title}`),
  ];
  const body = contenders.map(({ name, title }) => {
    const medians = shown.map((one) => results[one.name][name]?.median ?? null);
    const mebibytes = medians.map((found) =>
      short(found === null || found.pssKib === null ? null : found.pssKib / 1024),
    );
    return [title, whole(medians[0]?.processes), whole(medians[0]?.startMs), ...mebibytes];
  });
  return table(head, body);
}

function startLine({ median: { serveMs, nodeMs } }) {
  return `splice serve: first call answered ${whole(serveMs)} ms after its start; node -e 0 takes ${whole(nodeMs)} ms.`;
}

function targetTable(targets) {
  const titleOf = (list, name) => list.find((one) => one.name === name)?.title ?? name;
  const body = targets.map(({ case: name, figure, of, to, floor, aim, ratio, lowerIsBetter, verdict }) => {
    const what = `${titleOf(allContenders, of)} / ${titleOf(allContenders, to)}`;
    const sign = lowerIsBetter ? "<=" : ">=";
    const measure = figure === "callsPerSecond" ? "calls/s" : figure === "p50Us" ? "p50" : figure;
    const where = `${titleOf(allCases, name)}, ${measure}`;
    return [
      where,
      what,
      ratio === null ? "-" : ratio.toFixed(2),
      `${sign} ${String(floor)}`,
      `${sign} ${String(aim)}`,
      verdict,
    ];
  });
  return table(["set out for", "ratio of", "ratio", "floor", "aim", "verdict"], body, 2);
}

/** The first `textColumns` columns are text, and the last where it is a note or a verdict; figures stand to the right. */
export function table(head, body, textColumns = 1) {
  const isText = (column) => column < textColumns || ["note", "verdict"].includes(head[column]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body].map((row) => (row[column] ?? "").length)),
  );
  const line = (row) =>
    row
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...body.map(line)].join("\n");
}

export function whole(value) {
  if (value == null) return "-";
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, thin);
}

function short(value) {
  if (value == null) return "-";
  return value >= 100 ? whole(value) : value.toFixed(1);
}

function count(number, noun) {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}
