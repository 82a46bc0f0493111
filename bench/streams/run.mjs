// Streams beside the limit, their memory, and how soon a stream that was dropped has given its slot back.
// `npm run bench:streams -- --help`.

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drive, endWithChildren, installIfNeeded, machineLine, progress, wrongUse } from "../harness.mjs";
import { table } from "../page.mjs";
import { median } from "../targets.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const help = `npm run bench:streams [-- options]

  --quick               one short round and a sixteenth of the gibibyte, to see that everything works
  --out <dir>           default bench/results

stdout holds the page, stderr the progress. Exit code 1 when a measurement failed, 2 for wrong use; falling short is
printed, and is no failure. A full run writes streams-<date>-<host kind>.json, a quick one quick.streams.json.
`;

const sizes = [64, 65_536];
const titles = { embedded: "Splice, embedded", supervisor: "Splice, through a supervisor" };
const limitOf = { embedded: "raw", supervisor: "raw-relay" };
/** Least share of the limit's chunks a second, by size. */
const floors = { embedded: { 64: 0.35, 65_536: 0.6 }, supervisor: { 64: 0.25, 65_536: 0.4 } };
const mostGrowthMib = 32;
const mostTimesCall = 5;

const { isQuick, outDir } = readOptions();
installIfNeeded();
endWithChildren();

const failures = [];
const rates = {};
for (let round = 0; round < (isQuick ? 1 : 3); round += 1) {
  for (const bytes of sizes) {
    for (const mode of ["raw", "embedded", "raw-relay", "supervisor"]) {
      const found = await measure({ what: "rate", mode, bytes, ms: isQuick ? 400 : 2000 });
      if (found !== null) ((rates[mode] ??= {})[bytes] ??= []).push(found.perSecond);
    }
  }
}
const slowReaders = {};
const cancels = {};
for (const mode of Object.keys(titles)) {
  const total = isQuick ? 2 ** 26 : 2 ** 30;
  slowReaders[mode] = await measure({ what: "slowReader", mode, bytes: 65_536, total });
  cancels[mode] = await measure({ what: "cancel", mode, repeats: isQuick ? 30 : 500 });
}
const run = { machine: machineLine(), isQuick, rates, slowReaders, cancels, verdicts: judge(), failures };
process.stdout.write(page());
writeResults();
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure(task) {
  const answer = await drive(resolve(here, "measure.mjs"), task, 300_000);
  const where = [task.what, task.mode, task.bytes ?? ""].join(" ");
  if (answer.error !== undefined) {
    failures.push({ ...task, error: answer.error });
    progress(`${where}  failed: ${answer.error}`);
    return null;
  }
  progress(`${where}  done`);
  return answer.figures;
}

function judge() {
  const rows = [];
  for (const [mode, title] of Object.entries(titles)) {
    for (const bytes of sizes) {
      const own = median(rates[mode]?.[bytes] ?? []);
      const limit = median(rates[limitOf[mode]]?.[bytes] ?? []);
      const value = own === null || limit === null ? null : own / limit;
      const floor = floors[mode][bytes];
      const what = `${title}: chunks of ${bytes} bytes a second, share of the limit`;
      rows.push({ what, value, bound: `>= ${floor}`, isKept: value !== null && value >= floor });
    }
    const growth = slowReaders[mode] === null ? null : Math.max(...slowReaders[mode].growthMib);
    rows.push({
      what: `${title}: growth of the process that grows most, a slow reader, MiB`,
      value: growth,
      bound: `<= ${mostGrowthMib}`,
      isKept: growth !== null && growth <= mostGrowthMib,
    });
    const times = cancels[mode] === null ? null : cancels[mode].freedP50Ms / cancels[mode].callP50Ms;
    rows.push({
      what: `${title}: from dropping a stream to its slot, p50, times a call's`,
      value: times,
      bound: `<= ${mostTimesCall}`,
      isKept: times !== null && times <= mostTimesCall,
    });
  }
  return rows;
}

function page() {
  const { cpu, cores, node, platform, date } = run.machine;
  const head = ["chunks a second", ...sizes.map((bytes) => `${bytes} bytes`)];
  const names = { raw: "the limit", ...titles, "raw-relay": "the limit, relayed" };
  const body = ["raw", "embedded", "raw-relay", "supervisor"].map((mode) => [
    names[mode],
    ...sizes.map((bytes) => shown(median(rates[mode]?.[bytes] ?? []))),
  ]);
  const verdicts = run.verdicts.map(({ what, value, bound, isKept }) => [
    what,
    value === null ? "-" : value.toFixed(2),
    bound,
    isKept ? "kept" : "short",
  ]);
  return [
    `Streams: ${cpu}, ${cores} cores, Node ${node}, ${platform} (${date})`,
    table(head, body),
    table(["set out for", "value", "limit", "verdict"], verdicts),
    "",
  ].join("\n\n");
}

function shown(value) {
  return value === null ? "-" : String(Math.round(value));
}

function writeResults() {
  const { date, platform, cores } = run.machine;
  const name = isQuick ? "quick.streams.json" : `streams-${date}-${platform}-${cores}-cores.json`;
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
