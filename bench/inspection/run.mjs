// Whether anything is paid for inspection while nobody watches. `npm run bench:inspection -- --help`.

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drive, endWithChildren, installIfNeeded, machineLine, progress, wrongUse } from "../harness.mjs";
import { table } from "../page.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const help = `npm run bench:inspection [-- options]

  --quick               three short pairs, to see that everything works
  --out <dir>           default bench/results

stdout holds the page, stderr the progress. Exit code 1 when a measurement failed, 2 for wrong use; falling short is
printed, and is no failure. A full run writes inspection-<date>-<host kind>.json, a quick one quick.inspection.json.
`;

const { isQuick, outDir } = readOptions();
installIfNeeded();
endWithChildren();

const failures = [];
const pairs = [];
for (let index = 0; index < (isQuick ? 3 : 21); index += 1) {
  const order = index % 2 === 0 ? [false, true] : [true, false];
  const found = new Map();
  for (const wasWatched of order) found.set(wasWatched, await measure(wasWatched));
  const [never, left] = [found.get(false), found.get(true)];
  if (never === null || left === null) continue;
  const ratio = left.perSecond / never.perSecond;
  pairs.push({ never: never.perSecond, left: left.perSecond, ratio, toldMeanwhile: left.toldMeanwhile });
  progress(`pair ${String(index + 1)}  ${ratio.toFixed(3)}`);
}
const ratios = pairs.map(({ ratio }) => ratio).sort((a, b) => a - b);
const [lower, middle, upper] = [0.25, 0.5, 0.75].map(quantile);
const run = { machine: machineLine(), isQuick, pairs, verdicts: judge(), failures };
process.stdout.write(page());
writeResults();
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure(wasWatched) {
  const task = { wasWatched, ms: isQuick ? 300 : 1500 };
  const answer = await drive(resolve(here, "measure.mjs"), task, 60_000);
  if (answer.error === undefined) return answer.figures;
  failures.push({ ...task, error: answer.error });
  progress(`${wasWatched ? "left" : "never watched"}  failed: ${answer.error}`);
  return null;
}

function quantile(share) {
  if (ratios.length === 0) return null;
  const at = (ratios.length - 1) * share;
  const [below, above] = [ratios[Math.floor(at)], ratios[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

function judge() {
  const told = pairs.length === 0 ? null : Math.max(...pairs.map(({ toldMeanwhile }) => toldMeanwhile));
  return [
    {
      what: "calls a second: watched and left, over never watched (median)",
      value: middle,
      bound: `1 within the quartiles, ${shown(lower)} to ${shown(upper)}`,
      isKept: middle !== null && lower <= 1 && upper >= 1,
    },
    { what: "told while nobody watched", value: told, bound: "0", isKept: told === 0 },
  ];
}

function page() {
  const { cpu, cores, node, platform, date } = run.machine;
  const rows = run.verdicts.map(({ what, value, bound, isKept }) => [
    what,
    shown(value),
    bound,
    isKept ? "kept" : "short",
  ]);
  return [
    `Inspection: ${cpu}, ${cores} cores, Node ${node}, ${platform} (${date}), ${String(pairs.length)} pairs`,
    table(["set out for", "value", "limit", "verdict"], rows),
    "",
  ].join("\n\n");
}

function shown(value) {
  return value === null ? "-" : value.toFixed(3);
}

function writeResults() {
  const { date, platform, cores } = run.machine;
  const name = isQuick ? "quick.inspection.json" : `inspection-${date}-${platform}-${cores}-cores.json`;
  mkdirSync(outDir, { recursive: true });
  writeFileSync(resolve(outDir, name), `${JSON.stringify(run, null, 2)}\n`);
  progress(`Written: ${resolve(outDir, name)}`);
}

function readOptions() {
  const flag = { type: "boolean", default: false };
  try {
    const { values } = parseArgs({ options: { quick: flag, help: flag, out: { type: "string" } } });
    if (values.help) {
      process.stdout.write(help);
      process.exit(0);
    }
    return { isQuick: values.quick, outDir: resolve(values.out ?? resolve(here, "../results")) };
  } catch (error) {
    return wrongUse(error.message);
  }
}
