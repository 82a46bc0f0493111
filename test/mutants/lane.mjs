// A copy of the tree in which mutants are planted one after the other, and tests are run alone. Knows how a test has
// ended: passed, by an assertion, by its time, or by anything else; what that means for a mutant is in `judge`.

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { isOfProcess, patchOf, patternOf, testsOf } from "./table.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** What no killing test reads, and what is made anew. */
const leftOut = new Set([".git", ".splice", "node_modules", "dist", "modules", "coverage", "bench"]);
/** More than any of the tests takes, its own time limits included. */
const runTimeoutMs = 180_000;

export class Lane {
  #scratch;
  #folder;
  /** Where tests put their files: with the rest, so that nothing of a test that was cut off stays. */
  #temporary;
  #child = null;

  /** Everything is made in `scratch`, whose name is short: there are sockets in it. */
  constructor(scratch) {
    this.#scratch = scratch;
    this.#folder = join(scratch, "tree");
    this.#temporary = join(scratch, "t");
  }

  async prepare() {
    mkdirSync(this.#temporary, { recursive: true });
    cpSync(root, this.#folder, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !leftOut.has(relative(root, path)),
    });
    symlinkSync(join(root, "node_modules"), join(this.#folder, "node_modules"));
    const { exitCode, output } = await this.#build();
    if (exitCode !== 0) throw new Error(`The tree does not build without a mutant:\n${output}`);
  }

  /** Ends what runs now, with all it started. */
  kill() {
    if (this.#child !== null) killGroup(this.#child.pid);
  }

  /** Whether every test that is named for the mutant turned red by an assertion, and how each ended. */
  async judge(mutant) {
    const { name } = mutant;
    const planted = await this.#patch(mutant);
    if (planted.exitCode !== 0)
      return { name, killed: false, why: `the patch does not apply: ${planted.output}`, tests: [] };
    try {
      const built = await this.#build();
      if (built.exitCode !== 0)
        return { name, killed: false, why: `it does not compile: ${built.output}`, tests: [] };
      const tests = await this.run(testsOf(mutant));
      return { name, killed: tests.every(({ outcome }) => outcome === "assertion"), why: "", tests };
    } finally {
      await this.#patch(mutant, "--reverse");
    }
  }

  /** Runs these tests and no others: how each ended, and the first line of why. */
  async run(tests) {
    const ofProject = { unit: tests.filter((one) => !isOfProcess(one)), process: tests.filter(isOfProcess) };
    const ended = [];
    for (const [project, some] of Object.entries(ofProject))
      if (some.length > 0) ended.push(...(await this.#jest(project, some)));
    return ended;
  }

  async #jest(project, tests) {
    const outputFile = join(this.#scratch, "result.json");
    rmSync(outputFile, { force: true });
    const flags = ["--ci", "--runInBand", "--forceExit", "--silent", "--json", `--outputFile=${outputFile}`];
    const { output } = await this.#node(
      ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning", "node_modules/jest/bin/jest.js"],
      [...flags, `--cacheDirectory=${join(this.#scratch, "cache")}`, "--selectProjects", project],
      ["--testNamePattern", [...new Set(tests.map(({ test }) => patternOf(test)))].join("|")],
      ["--runTestsByPath", ...new Set(tests.map(({ file }) => file))],
    );
    let suites = [];
    try {
      suites = JSON.parse(readFileSync(outputFile, "utf8")).testResults;
    } catch {
      return tests.map((one) => ({
        ...one,
        outcome: "error",
        why: `Jest gave no result: ${output.slice(-1000)}`,
      }));
    }
    return tests.map((one) => ({ ...one, ...endOf(one, suites, this.#folder) }));
  }

  async #build() {
    const compiled = await this.#node(["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
    return compiled.exitCode === 0 ? this.#node(["scripts/bundle.mjs"]) : compiled;
  }

  #patch(mutant, ...flags) {
    return this.#spawn("git", ["apply", "--whitespace=nowarn", ...flags, patchOf(mutant)]);
  }

  #node(...args) {
    return this.#spawn(process.execPath, args.flat());
  }

  #spawn(program, args) {
    return new Promise((resolve, reject) => {
      // A repository around the scratch folder would have git look for the files there.
      const env = {
        ...process.env,
        NO_COLOR: "1",
        TMPDIR: this.#temporary,
        GIT_CEILING_DIRECTORIES: this.#scratch,
      };
      const child = spawn(program, args, {
        cwd: this.#folder,
        env,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      this.#child = child;
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk) => (output += String(chunk)));
      const timer = setTimeout(() => killGroup(child.pid), runTimeoutMs);
      child.once("error", reject);
      child.once("exit", (exitCode) => {
        clearTimeout(timer);
        this.#child = null;
        // Whatever a broken supervisor has left.
        killGroup(child.pid);
        resolve({ exitCode, output });
      });
    });
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

/** Of a title that stands for several tests: an assertion that failed, else the first that failed otherwise, else passed. */
function endOf({ file, test }, suites, folder) {
  const suite = suites.find(({ name }) => name === join(folder, file));
  if (suite === undefined) return { outcome: "error", why: "Jest knows no such file." };
  const pattern = new RegExp(patternOf(test));
  const found = suite.assertionResults.filter(
    ({ fullName, status }) => pattern.test(fullName) && status !== "pending",
  );
  if (found.length === 0)
    return { outcome: "error", why: firstLine(suite.message) || "There is no such test." };
  const ends = found.filter(({ status }) => status !== "passed").map(endOfFailed);
  return ends.find(({ outcome }) => outcome === "assertion") ?? ends[0] ?? { outcome: "passed", why: "" };
}

/** How `expect` begins, the history checker, a property, and the helpers that wait for a cause or for a refusal. */
const ownWords = [
  "expect(",
  "The history breaks guarantees",
  "Property failed",
  "Waited in vain until ",
  "Waited for ",
  "It was not refused",
  "The start was meant to be refused",
];

function endOfFailed({ failureDetails, failureMessages }) {
  const why = firstLine(failureMessages[0] ?? "");
  const isAssertion =
    failureDetails.some((detail) => detail.matcherResult !== undefined) ||
    ownWords.some((words) => why.startsWith(`Error: ${words}`));
  if (isAssertion) return { outcome: "assertion", why };
  return { outcome: /Exceeded timeout of/.test(why) ? "timeout" : "error", why };
}

function firstLine(text) {
  const lines = text.split("\n").map((line) => line.trim());
  const told = lines.filter((line) => line !== "" && !line.startsWith("at "));
  return told.slice(0, 4).join(" ").slice(0, 200);
}
