// Runs the contenders in rotation and says where Splice stands. `npm run bench -- --help` lists the options.

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { caseNamed, cases as allCases } from "./cases.mjs";
import { chart } from "./chart.mjs";
import { contenders as allContenders } from "./contenders/index.mjs";
import { drive, endWithChildren, installIfNeeded, machineLine, progress, wrongUse } from "./harness.mjs";
import { page, whole } from "./page.mjs";
import { judge, median } from "./targets.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const help = `npm run bench [-- options]

  --quick               one short round, to see that everything works; the figures are rough
  --only <a,b>          only these contenders: ${allContenders.map(({ name }) => name).join(", ")}
  --case <a,b>          only these cases: ${allCases.map(({ name }) => name).join(", ")}
  --rounds <n>          default 3, quick 1
  --measure-ms <ms>     default 2000, quick 500
  --warmup-ms <ms>      default 1000, quick 200
  --out <dir>           default bench/results

stdout holds the page, stderr the progress. Exit code 1 when a contender failed or answered wrongly, 2 for wrong use.
A full run writes <date>-<host kind>.json and latest.svg, a quick one quick.*, one with --only or --case partial.*.
`;

const { settings, contenders, cases, outDir } = readOptions();
installIfNeeded();
endWithChildren();

const samples = Object.fromEntries(cases.map(({ name }) => [name, {}]));
const starts = { nodeMs: [], serveMs: [] };
const failures = [];
const measuresStart = contenders.some(({ name }) => name === "splice-supervisor");
const total = settings.rounds * (cases.length * contenders.length + (measuresStart ? 1 : 0));
let done = 0;
for (let round = 0; round < settings.rounds; round += 1) {
  // Each round begins with another contender, so that nobody always follows the same neighbour's heat.
  const shift = Math.round((round * contenders.length) / settings.rounds);
  const order = [...contenders.slice(shift), ...contenders.slice(0, shift)];
  for (const one of cases) for (const contender of order) await measure(round, one, contender);
  if (measuresStart) await measureStart(round);
}

const results = Object.fromEntries(
  cases.map(({ name }) => [
    name,
    Object.fromEntries(
      contenders.map((contender) => [contender.name, summary(samples[name][contender.name])]),
    ),
  ]),
);
const start =
  starts.serveMs.length === 0
    ? null
    : { median: { nodeMs: median(starts.nodeMs), serveMs: median(starts.serveMs) }, ...starts };
const run = {
  machine: machineLine(),
  settings,
  cases,
  contenders,
  results,
  start,
  targets: judge(results, start),
  failures,
};
process.stdout.write(page(run));
writeResults(run);
for (const failure of failures) progress(failure.error);
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure(round, one, contender) {
  const { warmupMs, measureMs } = settings;
  const task = { contender: contender.name, case: one.name, warmupMs, measureMs };
  const answer = await drive(resolve(here, "drive.mjs"), task, warmupMs + measureMs + 60_000);
  done += 1;
  const where = `${String(done).padStart(3)}/${String(total)}  round ${String(round + 1)}  ${one.name.padEnd(11)}  ${contender.name.padEnd(17)}`;
  if (answer.error !== undefined) {
    failures.push({ round, ...task, error: `${contender.name}, ${one.name}: ${answer.error}` });
    progress(`${where}  failed`);
    return;
  }
  const found = (samples[one.name][contender.name] ??= { note: answer.note, rounds: [] });
  found.rounds.push(answer.figures);
  progress(`${where}  ${whole(answer.figures.callsPerSecond).padStart(9)} calls/s`);
}

async function measureStart(round) {
  const answer = await drive(resolve(here, "start.mjs"), { repeats: settings.startRepeats }, 120_000);
  done += 1;
  const where = `${String(done).padStart(3)}/${String(total)}  round ${String(round + 1)}  start        splice serve     `;
  if (answer.error !== undefined) {
    failures.push({ round, error: `start: ${answer.error}` });
    progress(`${where}  failed`);
    return;
  }
  starts.nodeMs.push(...answer.nodeMs);
  starts.serveMs.push(...answer.serveMs);
  progress(`${where}  ${whole(median(answer.serveMs)).padStart(9)} ms`);
}

function summary(found) {
  if (found === undefined) return { note: "", median: null, rounds: [] };
  const names = Object.keys(found.rounds[0]);
  return {
    ...found,
    median: Object.fromEntries(names.map((name) => [name, median(found.rounds.map((one) => one[name]))])),
  };
}

function writeResults(run) {
  const { date, platform, cores } = run.machine;
  const isWhole = contenders.length === allContenders.length && cases.length === allCases.length;
  const kind = settings.isQuick ? "quick" : isWhole ? null : "partial";
  const json = resolve(outDir, `${kind ?? `${date}-${platform}-${String(cores)}-cores`}.json`);
  const svg = resolve(outDir, `${kind ?? "latest"}.svg`);
  mkdirSync(outDir, { recursive: true });
  writeFileSync(json, `${JSON.stringify(run, null, 2)}\n`);
  writeFileSync(svg, chart(run));
  progress(`Written: ${json} and ${svg}`);
}

function readOptions() {
  const { values } = parse();
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const isQuick = values.quick;
  const number = (name, fallback) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isInteger(value) || value < 1)
      wrongUse(`--${name} is ${JSON.stringify(values[name])}, but must be a whole number from 1 on.`);
    return value;
  };
  return {
    settings: {
      isQuick,
      rounds: number("rounds", isQuick ? 1 : 3),
      measureMs: number("measure-ms", isQuick ? 500 : 2000),
      warmupMs: number("warmup-ms", isQuick ? 200 : 1000),
      startRepeats: isQuick ? 2 : 5,
    },
    contenders: values.only === undefined ? allContenders : values.only.split(",").map(contenderNamed),
    cases: values.case === undefined ? allCases : values.case.split(",").map(namedCase),
    outDir: resolve(values.out ?? resolve(here, "results")),
  };
}

function parse() {
  const text = { type: "string" };
  const options = { quick: { type: "boolean", default: false }, help: { type: "boolean", default: false } };
  for (const name of ["only", "case", "rounds", "measure-ms", "warmup-ms", "out"]) options[name] = text;
  try {
    return parseArgs({ options });
  } catch (error) {
    return wrongUse(error.message);
  }
}

function contenderNamed(name) {
  const found = allContenders.find((one) => one.name === name);
  const names = allContenders.map((one) => one.name).join(", ");
  return found ?? wrongUse(`There is no contender ${JSON.stringify(name)}; there are ${names}.`);
}

function namedCase(name) {
  try {
    return caseNamed(name);
  } catch (error) {
    return wrongUse(error.message);
  }
}
