// Kills, overloads and pesters the contenders in turn, and says what their callers got. `npm run bench:faults -- --help`.

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drive, endWithChildren, installIfNeeded, machineLine, progress, wrongUse } from "../harness.mjs";
import { contenders } from "./contenders.mjs";
import { page } from "./page.mjs";
import { judge } from "./verdicts.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const measurements = ["death", "recovery", "kill-loop", "overload", "hostile", "guard"];
const help = `npm run bench:faults [-- options]

  --quick               few repeats, to see that everything works; the figures are rough
  --only <a,b>          only these contenders: ${Object.keys(contenders).join(", ")}
  --measure <a,b>       only these measurements: ${measurements.join(", ")}
  --out <dir>           default bench/results

stdout holds the page, stderr the progress. Exit code 1 when a measurement failed, 2 for wrong use; falling short is
printed, and is no failure. A full run writes faults-<date>-<host kind>.json, a quick one quick.faults.json, and one of
a part partial.faults.json.
`;

const { isQuick, isWhole, only, measure, outDir } = readOptions();
installIfNeeded();
endWithChildren();

const results = {};
const failures = [];
for (const name of measure) {
  const { contenders: able } = await import(`./measurements/${name}.mjs`);
  for (const contender of able.filter((one) => only.includes(one))) {
    const task = { measurement: name, contender, isQuick };
    const answer = await drive(resolve(here, "measure.mjs"), task, 300_000, ["--expose-gc"]);
    const where = `${name.padEnd(10)} ${contender.padEnd(18)}`;
    if (answer.error === undefined) {
      (results[name] ??= {})[contender] = answer;
      progress(`${where} done`);
    } else {
      failures.push({ ...task, error: answer.error });
      progress(`${where} failed: ${answer.error}`);
    }
  }
}
const run = { machine: machineLine(), isQuick, results, verdicts: judge(results), failures };
process.stdout.write(page(run));
writeResults();
process.exitCode = failures.length === 0 ? 0 : 1;

function writeResults() {
  const { date, platform, cores } = run.machine;
  const whole = `faults-${date}-${platform}-${String(cores)}-cores.json`;
  const name = isQuick ? "quick.faults.json" : isWhole ? whole : "partial.faults.json";
  mkdirSync(outDir, { recursive: true });
  writeFileSync(resolve(outDir, name), `${JSON.stringify(run, null, 2)}\n`);
  progress(`Written: ${resolve(outDir, name)}`);
}

function readOptions() {
  const { values } = parse();
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const chosen = (given, all, noun) =>
    given === undefined
      ? all
      : given.split(",").map((name) => {
          if (all.includes(name)) return name;
          return wrongUse(`There is no ${noun} ${JSON.stringify(name)}; there are ${all.join(", ")}.`);
        });
  return {
    isQuick: values.quick,
    isWhole: values.only === undefined && values.measure === undefined,
    only: chosen(values.only, Object.keys(contenders), "contender"),
    measure: chosen(values.measure, measurements, "measurement"),
    outDir: resolve(values.out ?? resolve(here, "../results")),
  };
}

function parse() {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  try {
    return parseArgs({ options: { quick: flag, help: flag, only: text, measure: text, out: text } });
  } catch (error) {
    return wrongUse(error.message);
  }
}
