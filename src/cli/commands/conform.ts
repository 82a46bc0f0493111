// splice conform: plays the scenarios of the protocol with a worker program, and says rule by rule which hold.

import type { LinkKind } from "../../config/types.js";
import { loadScenarios } from "../../testing/conform/load-scenarios.js";
import { runSuite } from "../../testing/conform/run-suite.js";
import { createWorkerProcesses } from "../conform/worker-processes.js";
import { ruleLines, summaryLines } from "../conform/report-text.js";
import { exitCodes, UsageError } from "../exit.js";
import { interruptible, unlessAborted } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";
import { splitWords } from "../words.js";

export interface ConformCommandOptions extends CommonOptions {
  readonly link?: LinkKind;
  readonly only?: string;
  readonly patience?: number;
}

/** Longer than any worker takes to start or to answer; only a broken rule takes so long. */
const defaultPatienceMs = 5000;
/** How long is waited for what must not come: a worker that sends too much does so at once. */
const quietMs = 200;
/** Most scenarios wait; a few at a time keep two cores busy. */
const jobs = 4;

/** Resolves with the exit code: 1 when a rule is broken. */
export async function runConform(workerCommand: string, options: ConformCommandOptions): Promise<number> {
  const { link = "inherit", only, patience: patienceMs = defaultPatienceMs, json: isJson = false } = options;
  const command = splitWords(workerCommand, "The worker command");
  const all = await loadScenarios();
  const scenarios = all.filter(({ side, name }) => side === "worker" && name.includes(only ?? ""));
  if (scenarios.length === 0)
    throw new UsageError(`--only is ${JSON.stringify(only)}, but no rule's name has that in it.`);
  return interruptible(async (signal) => {
    const processes = createWorkerProcesses(command, link, patienceMs);
    try {
      const suite = runSuite({
        side: "worker",
        link,
        scenarios,
        start: processes.start,
        patienceMs,
        quietMs,
        jobs,
        onRule: (rule) => {
          if (!isJson && !signal.aborted) process.stdout.write(`${ruleLines(rule).join("\n")}\n`);
        },
      });
      const report = await unlessAborted(signal, suite);
      if (isJson) process.stdout.write(`${String(toJson({ command, link, ...report }))}\n`);
      else process.stdout.write(`${summaryLines(report).join("\n")}\n`);
      return report.ok ? exitCodes.ok : exitCodes.failed;
    } finally {
      await processes.close();
    }
  });
}
