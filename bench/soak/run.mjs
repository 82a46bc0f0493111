// Puts a supervisor under each shape of load in turn and holds what it saw against the baseline of the same run.
// `npm run soak -- --help`.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drive, endWithChildren, installIfNeeded, machineLine, progress, wrongUse } from "../harness.mjs";
import { page } from "./page.mjs";
import { isRed, judge, regressions } from "./verdicts.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const names = ["L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10"];
const help = `npm run soak [-- options]

  --shape <a,b>         only these shapes: ${names.join(", ")}
  --repeats <n>         run each shape so often and judge the median; default 1
  --quick               a second of each, to see that everything works; the figures are rough
  --json                the whole run as JSON on stdout, instead of the page
  --out <dir>           default bench/results

stdout holds the page, stderr the progress. A shape that falls short is run once more, and is red when it does so
again. Exit code 1 when a shape is red, 2 for wrong use; a quick run is 1 only when a shape could not be run. A full
run writes soak-<date>-<host kind>.json, a quick one quick.soak.json, and one of a part partial.soak.json.
`;

const { chosen, repeats, isQuick, isJson, outDir } = readOptions();
installIfNeeded();
endWithChildren();

const machine = machineLine();
const storedVerdicts = lastStored();
const shapes = Object.fromEntries(
  await Promise.all(chosen.map(async (name) => [name, await import(`./shapes/${name}.mjs`)])),
);
const results = {};
for (const name of chosen) results[name] = { attempts: await attempts(name) };
const verdicts = Object.values(results).flatMap((result) => result.attempts.at(-1).verdicts);
const run = {
  machine,
  repeats,
  isQuick,
  titles: Object.fromEntries(chosen.map((name) => [name, shapes[name].title])),
  results,
  verdicts,
  regressions: isQuick ? [] : regressions(verdicts, storedVerdicts),
};
process.stdout.write(isJson ? `${JSON.stringify(run)}\n` : page(run));
writeResults();
const last = Object.values(results).map((result) => result.attempts.at(-1));
process.exitCode = last.some(isQuick ? ({ error }) => error !== undefined : isRed) ? 1 : 0;

async function attempts(name) {
  const first = await attempt(name);
  if (isQuick || !isRed(first)) return [first];
  progress(`${name} falls short, and is run once more`);
  return [first, await attempt(name)];
}

async function attempt(name) {
  const rounds = [];
  for (let round = 1; round <= repeats; round += 1) {
    const { title, seconds } = shapes[name];
    const label = `${name.padEnd(3)} ${title.padEnd(22)}${repeats === 1 ? "" : ` ${String(round)} of ${String(repeats)}`}`;
    const task = { shape: name, isQuick };
    // Warm-up, baseline and start take 12 s.
    const expectedSeconds = isQuick ? 5 : seconds + 12;
    const timeoutMs = (2 * expectedSeconds + 60) * 1000;
    const answer = await ticking(
      label,
      expectedSeconds,
      drive(resolve(here, "measure.mjs"), task, timeoutMs),
    );
    if (answer.error !== undefined) {
      progress(`${label}  failed: ${answer.error}`);
      return { error: answer.error, verdicts: [] };
    }
    rounds.push(answer);
    progress(`${label}  ${isRed({ verdicts: judge(name, [answer], process.platform) }) ? "short" : "kept"}`);
  }
  return { rounds, verdicts: judge(name, rounds, process.platform) };
}

/** On a terminal the line says how far it is. */
async function ticking(label, expectedSeconds, promise) {
  if (!process.stderr.isTTY) return promise;
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += 1;
    process.stderr.write(`\r\u001b[K${label}  ${String(seconds)} s of about ${String(expectedSeconds)}`);
  }, 1000);
  const answer = await promise;
  clearInterval(timer);
  process.stderr.write("\r\u001b[K");
  return answer;
}

/** The criteria of the newest full run of a machine like this one. */
function lastStored() {
  const kind = new RegExp(`^soak-.*-${machine.platform}-${String(machine.cores)}-cores\\.json$`);
  mkdirSync(outDir, { recursive: true });
  const newest = readdirSync(outDir)
    .filter((name) => kind.test(name))
    .sort()
    .at(-1);
  return newest === undefined ? [] : JSON.parse(readFileSync(resolve(outDir, newest), "utf8")).verdicts;
}

function writeResults() {
  const { date, platform, cores } = machine;
  const whole = `soak-${date}-${platform}-${String(cores)}-cores.json`;
  const name = isQuick ? "quick.soak.json" : chosen.length === names.length ? whole : "partial.soak.json";
  writeFileSync(resolve(outDir, name), `${JSON.stringify(run, null, 2)}\n`);
  progress(`Written: ${resolve(outDir, name)}`);
}

function readOptions() {
  const { values } = parse();
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const count = Number(values.repeats ?? 1);
  if (!Number.isInteger(count) || count < 1)
    wrongUse(`--repeats is ${JSON.stringify(values.repeats)}, but must be a whole number from 1 on.`);
  const asked = values.shape?.split(",") ?? names;
  for (const name of asked)
    if (!names.includes(name))
      wrongUse(`There is no shape ${JSON.stringify(name)}; there are ${names.join(", ")}.`);
  return {
    chosen: names.filter((name) => asked.includes(name)),
    repeats: count,
    isQuick: values.quick,
    isJson: values.json,
    outDir: resolve(values.out ?? resolve(here, "../results")),
  };
}

function parse() {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  const options = { shape: text, repeats: text, out: text, quick: flag, json: flag, help: flag };
  try {
    return parseArgs({ options });
  } catch (error) {
    return wrongUse(error.message);
  }
}
