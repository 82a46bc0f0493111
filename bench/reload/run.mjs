// How soon an edit is live, beside what people restart servers with; what callers lose by that; and what two hundred edits
// leave behind. `npm run bench:reload -- --help`.

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drive, endWithChildren, installIfNeeded, machineLine, progress, wrongUse } from "../harness.mjs";
import { table } from "../page.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const help = `npm run bench:reload [-- options]

  --quick               three edits of each, to see that everything works
  --out <dir>           default bench/results

stdout holds the page, stderr the progress. Exit code 1 when a measurement failed, 2 for wrong use; falling short is
printed, and is no failure. A full run writes reload-<date>-<host kind>.json, a quick one quick.reload.json.
`;

/** From the write of the file to the first call that is answered by it, half of the edits. */
const mostP50Ms = 120;
/** Of what there was before two hundred edits. */
const mostGrowth = 1.15;

const { isQuick, outDir } = readOptions();
installIfNeeded();
endWithChildren();
const { contenders } = await import("./contenders.mjs");

const failures = [];
const results = { edit: {}, loss: {}, flat: {} };
for (const contender of Object.keys(contenders)) {
  await measure({ what: "edit", contender, edits: isQuick ? 3 : 40 });
  await measure({ what: "loss", contender, edits: isQuick ? 3 : 20 });
}
await measure({ what: "flat", contender: "splice-dev", edits: isQuick ? 3 : 200 });
const run = { machine: machineLine(), isQuick, results, verdicts: judge(), failures };
process.stdout.write(page());
writeResults();
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure(task) {
  const answer = await drive(resolve(here, "measure.mjs"), task, 900_000);
  const where = `${task.what.padEnd(5)} ${task.contender}`;
  if (answer.error === undefined) {
    results[task.what][task.contender] = answer.figures;
    progress(`${where}  ${JSON.stringify(answer.figures)}`);
    return;
  }
  failures.push({ ...task, error: answer.error });
  progress(`${where}  failed: ${answer.error}`);
}

function judge() {
  const rows = [];
  const say = (what, figure, is, most) => {
    if (is !== undefined) rows.push({ what, figure, is, most, isKept: is <= most });
  };
  for (const contender of ["splice-dev", "splice-watch"]) {
    say(contender, "edit to first call on new code, p50 in ms", results.edit[contender]?.p50Ms, mostP50Ms);
    say(contender, "calls lost", results.loss[contender]?.lost, 0);
  }
  const flat = results.flat["splice-dev"];
  if (flat === undefined) return rows;
  const { before, after, edits } = flat;
  const over = `over ${String(edits)} edits`;
  say("splice-dev", `processes ${over}`, after.processes - before.processes, 0);
  say("splice-dev", `descriptors ${over}`, after.descriptors - before.descriptors, 0);
  say("splice-dev", `memory ${over}, times`, after.pssMib / before.pssMib, mostGrowth);
  return rows;
}

function page() {
  const { cpu, cores, node, platform, date } = run.machine;
  const number = (value, digits = 0) => (value === undefined ? "-" : value.toFixed(digits));
  const rows = Object.entries(contenders).map(([name, { title }]) => {
    const edit = results.edit[name];
    const loss = results.loss[name];
    return [
      title,
      number(edit?.p50Ms),
      number(edit?.p90Ms),
      number(edit?.worstMs),
      number(loss?.calls),
      number(loss?.lost),
    ];
  });
  const verdicts = run.verdicts.map(({ what, figure, is, most, isKept }) => [
    what,
    figure,
    number(is, 2),
    String(most),
    isKept ? "kept" : "NOT kept",
  ]);
  return [
    `Edits that go live: ${cpu}, ${String(cores)} cores, Node ${node}, ${platform} (${date})`,
    "A folder of fifty modules; from the write of one file to the first answer of the new code. Lost: calls of ten clients without an answer while twenty edits went live.",
    table(["", "p50 ms", "p90 ms", "worst ms", "calls", "lost"], rows),
    table(["", "set out for", "is", "at most", ""], verdicts),
  ]
    .join("\n\n")
    .concat("\n");
}

function writeResults() {
  const { date, platform, cores } = run.machine;
  const name = isQuick ? "quick.reload.json" : `reload-${date}-${platform}-${String(cores)}-cores.json`;
  mkdirSync(outDir, { recursive: true });
  writeFileSync(resolve(outDir, name), `${JSON.stringify(run, null, 2)}\n`);
  progress(`Written: ${resolve(outDir, name)}`);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        out: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(help);
      process.exit(0);
    }
    return { isQuick: values.quick, outDir: resolve(values.out ?? resolve(here, "../results")) };
  } catch (error) {
    return wrongUse(error.message);
  }
}
