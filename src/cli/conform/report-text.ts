// The verdict on a worker as a person reads it: a line for each rule, and under a broken one what went and came. Pure.

import type { RuleReport, SuiteReport } from "../../testing/conform/run-suite.js";

const marks = { held: "✓", broken: "✗", skipped: "–" } as const;

/** Lines without their ends. */
export function ruleLines({ name, rule, section, outcome, reason, failure }: RuleReport): readonly string[] {
  const why = reason === null ? "" : `   (${reason})`;
  const lines = [`${marks[outcome]} ${name}  ${rule}${why}`];
  if (failure === null) return lines;
  lines.push(
    `    protocol  ${section}`,
    `    expected  ${failure.expected}`,
    `    but       ${failure.came}`,
    ...failure.frames.map((frame) => `      ${frame}`),
  );
  if (failure.stderr.trim() !== "")
    lines.push(
      "    stderr",
      ...failure.stderr
        .trim()
        .split("\n")
        .map((line) => `      ${line}`),
    );
  return lines;
}

export function summaryLines({ held, broken, skipped, capabilities, rules }: SuiteReport): readonly string[] {
  const lines = ["", `${String(held)} rules hold, ${String(broken)} broken, ${String(skipped)} not tried.`];
  if (capabilities === null) lines.push("The worker did not get ready, so most rules could not be tried.");
  const needed = new Set(
    rules.flatMap(({ reason }) => (reason?.startsWith("needs ") === true ? [reason.slice(6)] : [])),
  );
  if (needed.size > 0)
    lines.push(
      `To try more rules, export ${[...new Set([...needed].flatMap((names) => names.split(", ")))].join(", ")}.`,
    );
  return lines;
}
