// The two helpers that tests need around the checker: read the execution log that fixtures write, and fail with
// every finding in words. Knows the checker and nothing of the test runner.

import { checkHistory } from "./check-history.js";
import type { History, Judgement, WorkerEvent } from "./events.js";

/** Returns the judgement of a good history; throws an Error that lists the findings of any other. */
export function expectHistory(history: History): Judgement {
  const judgement = checkHistory(history);
  const { findings } = judgement;
  if (findings.length === 0) return judgement;
  const shown = findings.slice(0, 50).map((f) => `  ${f.guarantee} ${f.verdict}: ${f.ref}: ${f.message}`);
  if (findings.length > shown.length) shown.push(`  … and ${String(findings.length - shown.length)} more`);
  throw new Error(`The history breaks guarantees in ${String(findings.length)} places:\n${shown.join("\n")}`);
}

/**
 * Reads an execution log: lines `key pid start|end atMs`. An unfinished last line, as a killed process leaves it, is
 * dropped; any other line that is not of this form throws an Error with its number.
 */
export function parseExecutionLog(text: string): WorkerEvent[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line, index) => {
    const [, key, pid, kind, atMs] = /^(\S+) (\d+) (start|end) (\d+(?:\.\d+)?)$/.exec(line) ?? [];
    if (key === undefined || (kind !== "start" && kind !== "end")) {
      throw new Error(
        `Line ${String(index + 1)} of the execution log is not "key pid start|end atMs": ${line}`,
      );
    }
    return { kind, key, pid: Number(pid), atMs: Number(atMs) };
  });
}
