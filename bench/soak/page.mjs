// The page of a soak as text: what each shape saw, and each criterion with its verdict. Pure.

import { table } from "../page.mjs";
import { median } from "../targets.mjs";
import { isRed } from "./verdicts.mjs";

/** Of the processors' time. */
const muchOfOthers = 0.1;

const figureHead = [
  "shape",
  "calls",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "supervisor's lag p99, max ms",
  "worker's",
  "client's",
  "RSS first, most, last MiB",
  "worker's",
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
  const busy = Object.entries(results).flatMap(([shape, { attempts }]) => {
    const share = Math.max(0, ...(attempts.at(-1).rounds ?? []).map(({ vitals }) => vitals.othersShare ?? 0));
    return share > muchOfOthers ? [`${shape} ${String(Math.round(share * 100))} %`] : [];
  });
  if (busy.length > 0)
    parts.push(
      `The machine did something else besides, and latencies say little: ${busy.join(", ")} of its time.`,
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

/** Medians of the rounds. */
function figureRow(titles) {
  return ([shape, { attempts }]) => {
    const { rounds } = attempts.at(-1);
    if (rounds === undefined) return [];
    const middle = (pick) => median(rounds.map((round) => pick(round) ?? null));
    const lag = (of) =>
      ["p99Ms", "maxMs"].map((name) => short(middle(({ vitals }) => vitals[of]?.loopDelay[name]))).join(", ");
    const resident = (of) =>
      ["first", "most", "last"]
        .map((name) => whole(middle(({ vitals }) => vitals[of]?.residentMib[name])))
        .join(" ");
    return [
      [
        `${shape} ${titles[shape]}`,
        whole(middle(({ figures }) => figures.calls)),
        ...["p50Ms", "p99Ms", "p999Ms"].map((name) => short(middle(({ figures }) => figures[name]))),
        ...["supervisor", "worker", "client"].map(lag),
        ...["supervisor", "worker"].map(resident),
        short(middle(({ vitals }) => vitals.cpuSecondsPer1000Calls)),
        short(
          middle(({ figures, vitals }) => {
            const { voluntarySwitches } = vitals.supervisor.more;
            return voluntarySwitches === null ? null : voluntarySwitches / figures.calls;
          }),
        ),
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
