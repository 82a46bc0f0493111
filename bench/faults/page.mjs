// The page of a fault run as text: a table for each measurement, what was kept, what was left behind. Pure.

import { table } from "../page.mjs";
import { contenders } from "./contenders.mjs";

const titles = {
  death: "A worker is killed with calls under way: when do their callers know?",
  recovery: "The only worker is killed: when does the next call succeed?",
  "kill-loop": "One of two workers is killed twice a second: which calls are lost?",
  overload: "Three times as many calls as can be served",
  hostile: "A good client beside 170 hostile ones",
  guard: "The guard thread of a worker: what it costs",
};
/** Heads of the columns by figure; what is not here is in the JSON alone. */
const heads = {
  p50Ms: "p50 ms",
  p99Ms: "p99 ms",
  answered: "answered",
  never: "never",
  nodeMs: "node ms",
  timesNode: "x node",
  calls: "calls",
  lostWithVictim: "lost with it",
  lostOfOthers: "lost besides",
  neverAnswered: "never answered",
  ranTwice: "ran twice",
  peakPerSecond: "peak/s",
  servedShare: "served",
  refused: "refused",
  idleP99Ms: "idle p99 ms",
  refusedP99Ms: "refusal p99 ms",
  refusedTimesIdle: "x idle",
  recoveryMs: "recovery ms",
  aloneP99Ms: "alone p99 ms",
  besideP99Ms: "beside p99 ms",
  p99Ratio: "p99 x",
  p50Ratio: "p50 x",
  failed: "failed",
  descriptorsMore: "descriptors +",
  residentMib: "RSS MiB by round",
  pssMib: "PSS MiB",
  pssMibMore: "of it the guard",
  startMs: "start ms",
  startRatio: "x without",
  cpuMsMore: "CPU ms +",
};

export function page({ machine, results, verdicts, failures }) {
  const parts = [
    `Splice under faults, beside its peers: ${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node}, ${machine.platform} (${machine.date})`,
  ];
  for (const [name, found] of Object.entries(results)) {
    const figures = Object.keys(heads).filter((figure) =>
      Object.values(found).some((one) => figure in one.figures),
    );
    const body = Object.entries(found).map(([contender, one]) => [
      contenders[contender].title,
      ...figures.map((figure) => shown(one.figures[figure])),
    ]);
    parts.push(`${titles[name]}\n\n${table(["", ...figures.map((figure) => heads[figure])], body)}`);
  }
  const left = Object.entries(results).flatMap(([name, found]) =>
    Object.entries(found).map(([contender, { more }]) => [
      `${name}, ${contenders[contender].title}`,
      ...["descriptors", "timers", "handles", "heapMib"].map((figure) => shown(more[figure])),
    ]),
  );
  const leftHead = ["", "descriptors", "timers", "handles", "heap MiB"];
  parts.push(`Held by the calling process after it, more than before\n\n${table(leftHead, left)}`);
  const short = verdicts.filter(({ verdict }) => verdict === "short");
  parts.push(`${String(verdicts.length - short.length)} of ${String(verdicts.length)} limits kept.`);
  for (const { measurement, of, what, value, limit, floor } of short) {
    const bound = limit === undefined ? `at least ${String(floor)}` : `at most ${String(limit)}`;
    parts.push(`Short: ${measurement}, ${contenders[of].title}: ${what}: ${shown(value)}, ${bound}.`);
  }
  for (const { measurement, contender } of failures) parts.push(`Failed: ${measurement}, ${contender}.`);
  return `${parts.join("\n\n")}\n`;
}

function shown(value) {
  if (value === null || value === undefined) return "-";
  if (Array.isArray(value)) return value.map((one) => one.toFixed(0)).join(" ");
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
