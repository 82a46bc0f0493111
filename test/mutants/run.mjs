// Plants known defects into a copy of the source, one at a time, and demands that the tests named for each turn red by
// an assertion of their own. `npm run mutants -- --help`. Changes nothing in this folder; leaves nothing behind.

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Lane } from "./lane.mjs";
import { isOfProcess, readMutants, testsOf } from "./table.mjs";

const help = `npm run mutants [-- [options] [names]]

  names    only these mutants: whole names, or the number of a defect (U7)
  --list   the names, and what each plants; runs nothing
  --json   the verdicts as JSON

stdout holds the verdicts, stderr the progress. Exit code 1 when a mutant survived or a test was red without one, 2 for
wrong use.
`;

const { names, isList, isJson } = readOptions();
const all = readMutants();
const isMeant = (name, meant) => name === meant || name.startsWith(`${meant}-`);
const chosen = all.filter(({ name }) => names.length === 0 || names.some((meant) => isMeant(name, meant)));
const strangers = names.filter((meant) => !all.some(({ name }) => isMeant(name, meant)));
if (strangers.length > 0) wrongUse(`No mutant is called ${strangers.join(" or ")}; --list shows them all.`);
if (isList) {
  for (const { name, plants } of chosen) process.stdout.write(`${name.padEnd(32)} ${plants}\n`);
  process.exit(0);
}

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "sm-")));
const lanes = [];
const startedAtMs = performance.now();
for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
]) {
  process.once(signal, () => {
    for (const lane of lanes) lane.kill();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
    process.exit(exitCode);
  });
}
try {
  process.exitCode = await main();
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}

async function main() {
  const count = Math.min(2, availableParallelism(), chosen.length);
  for (let at = 0; at < count; at++) lanes.push(new Lane(join(scratch, String(at))));
  progress("building, and running the tests without a mutant …");
  await Promise.all(lanes.map((lane) => lane.prepare()));
  const tests = chosen.flatMap(testsOf);
  const shares =
    lanes.length === 1 ? [tests] : [tests.filter(isOfProcess), tests.filter((one) => !isOfProcess(one))];
  const green = (await Promise.all(shares.map((share, at) => lanes[at].run(share)))).flat();
  const reds = green.filter(({ outcome }) => outcome !== "passed");
  for (const { file, test, outcome, why } of reds)
    progress(`${file}: "${test}" is ${outcome} without a mutant. ${why}`);
  if (reds.length > 0) return 1;
  const queue = [...chosen];
  const verdicts = [];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const beganAtMs = performance.now();
        const verdict = await lane.judge(mutant);
        verdicts.push({ ...verdict, seconds: Math.round((performance.now() - beganAtMs) / 100) / 10 });
        progress(`${mutant.name.padEnd(32)} ${verdict.killed ? "killed" : "NOT KILLED"}`);
      }
    }),
  );
  const inOrder = chosen.map(({ name }) => verdicts.find((verdict) => verdict.name === name));
  report(inOrder);
  return inOrder.every(({ killed }) => killed) ? 0 : 1;
}

function report(verdicts) {
  if (isJson) return void process.stdout.write(`${JSON.stringify(verdicts, null, 2)}\n`);
  for (const { name, killed, seconds, why, tests } of verdicts) {
    const ending = killed ? "killed" : "NOT KILLED";
    process.stdout.write(
      `${name.padEnd(32)} ${ending.padEnd(10)} ${seconds.toFixed(1).padStart(5)} s  ${why}\n`,
    );
    for (const { file, test, outcome, why: reason } of tests)
      process.stdout.write(`    ${outcome.padEnd(9)} ${file}: ${test}\n              ${reason}\n`);
  }
  const survivors = verdicts.filter(({ killed }) => !killed).length;
  const seconds = String(Math.round((performance.now() - startedAtMs) / 1000));
  process.stdout.write(`${String(verdicts.length)} mutants, ${String(survivors)} not killed, ${seconds} s\n`);
}

function progress(line) {
  process.stderr.write(`${line}\n`);
}

function wrongUse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: "boolean" }, list: { type: "boolean" }, help: { type: "boolean" } },
    });
    if (values.help) {
      process.stdout.write(help);
      process.exit(0);
    }
    return { names: positionals, isList: values.list === true, isJson: values.json === true };
  } catch (error) {
    return wrongUse(`${error.message}\n\n${help}`);
  }
}
