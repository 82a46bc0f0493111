// docs/reliability/mutants.md: the introduction, and the table of what is planted and which tests find it.

import { readFileSync } from "node:fs";
import { patchOf, readMutants } from "../../test/mutants/table.mjs";

export function mutantsPage() {
  const intro = readFileSync(new URL("mutants-intro.md", import.meta.url), "utf8");
  const rows = readMutants().map((mutant) => {
    const tests = Object.entries(mutant.killedBy).map(
      ([file, titles]) => `\`${file}\`: ${titles.map(quoted).join(", ")}`,
    );
    return `| ${mutant.name} | ${mutant.plants} | ${changedFiles(mutant).join(", ")} | ${tests.join("<br>")} |`;
  });
  return [
    intro,
    "| mutant | what is planted | where | found by |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function changedFiles(mutant) {
  const patch = readFileSync(patchOf(mutant), "utf8");
  return [...patch.matchAll(/^\+\+\+ b\/(.+)$/gm)].map(([, file]) => `\`${file}\``);
}

function quoted(title) {
  return `“${title.replaceAll("|", "\\|")}”`;
}
