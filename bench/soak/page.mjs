// The page of a soak as text: what each shape saw, and each criterion with its verdict. Pure.

import { table } from "../page.mjs";
import { isRed } from "./verdicts.mjs";

const figureHead = [
  "shape",
  "calls",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "lag p99, max ms",
  "worker's lag",
  "RSS MiB",
  "worker's RSS",
  "CPU s/1000",
  "switches/call",
];

export function page({ machine, repeats, isQuick, titles, results, verdicts, regressions }) {
  const { cpu, cores, node, platform, date } = machine;
  const rounds = isQuick ? "a second of each shape" : `${String(repeats)} of each shape`;
  const parts = [
    `Soak: ${cpu}, ${String(cores)} cores, Node ${node}, ${platform} (${date}); ${rounds}`,
    table(figureHead, Object.entries(results).flatMap(figureRow(titles))),
    table(
      ["shape", "criterion", "value", "bound", "verdict"],
      verdicts.map(({ shape, what, value, limit, floor, verdict }) => {
        const bound = limit === undefined ? `>= ${String(floor)}` : `<= ${String(limit)}`;
        return [shape, what, short(value), bound, verdict];
      }),
      2,
    ),
  ];
  for (const { shape, what, value, before } of regressions)
    parts.push(
      `Worse by a fifth than the last stored: ${shape}, ${what}: ${short(value)}, was ${short(before)}.`,
    );
  for (const [shape, { attempts }] of Object.entries(results)) {
    const { error } = attempts.at(-1);
    if (error !== undefined) parts.push(`Failed: ${shape}: ${error.trim()}`);
    else if (attempts.length > 1)
      parts.push(`${shape} was run twice: the first time it ${whyAgain(attempts[0])}.`);
  }
  const red = Object.entries(results).filter(([, { attempts }]) => isRed(attempts.at(-1)));
  const green = Object.keys(results).length - red.length;
  parts.push(
    `${String(green)} of ${String(green + red.length)} shapes green${list(red.map(([shape]) => shape))}.`,
  );
  return `${parts.join("\n\n")}\n`;
}

function figureRow(titles) {
  return ([shape, { attempts }]) => {
    const round = attempts.at(-1).rounds?.[0];
    if (round === undefined) return [];
    const { figures, vitals } = round;
    const { supervisor, worker } = vitals;
    const lag = (side) =>
      side === undefined ? "-" : `${short(side.loopDelay.p99Ms)}, ${short(side.loopDelay.maxMs)}`;
    const resident = (side) =>
      side === undefined
        ? "-"
        : ["first", "most", "last"].map((name) => whole(side.residentMib[name])).join(" ");
    const switches = supervisor.more.voluntarySwitches;
    return [
      [
        `${shape} ${titles[shape]}`,
        String(figures.calls),
        ...["p50Ms", "p99Ms", "p999Ms"].map((name) => short(figures[name])),
        lag(supervisor),
        lag(worker),
        resident(supervisor),
        resident(worker),
        short(vitals.cpuSecondsPer1000Calls),
        switches === null ? "-" : short(switches / figures.calls),
      ],
    ];
  };
}

function whyAgain({ error, verdicts }) {
  if (error !== undefined) return "failed";
  const short = verdicts.filter(({ verdict }) => verdict === "short").map(({ what }) => what);
  return `fell short in ${short.join("; ")}`;
}

function list(names) {
  return names.length === 0 ? "" : `; red: ${names.join(", ")}`;
}

function whole(value) {
  return value === null ? "-" : String(Math.round(value));
}

function short(value) {
  if (value == null) return "-";
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
