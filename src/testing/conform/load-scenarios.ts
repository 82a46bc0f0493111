// Reads the scenarios that come with the package, and checks that they are scenarios: a verb that nobody knows must not
// pass for a rule that holds.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Scenario, type Side, type Step, verbs } from "./scenario.js";

export const scenarioFolder = fileURLToPath(new URL("../../../spec/scenarios/", import.meta.url));

interface ScenarioFile {
  readonly topic: string;
  readonly side: Side;
  /** Of scenarios that name none. */
  readonly section: string;
  readonly scenarios: readonly (Omit<Scenario, "section"> & { readonly section?: string })[];
}

/** All of them, by topic in the order of the file names. Throws for one that is not well formed. */
export async function loadScenarios(folder = scenarioFolder): Promise<readonly Scenario[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const loaded = await Promise.all(
    files.map(async (file) => {
      const { topic, side, section, scenarios } = JSON.parse(
        await readFile(join(folder, file), "utf8"),
      ) as ScenarioFile;
      return scenarios.map((scenario) => {
        const named: Scenario = { section, ...scenario, side, name: `${topic}/${scenario.name}` };
        checkSteps(named.steps, named.name);
        return named;
      });
    }),
  );
  return loaded.flat();
}

function checkSteps(steps: readonly Step[], name: string): void {
  for (const step of steps) {
    const found = verbs.filter((verb) => verb in step);
    if (found.length !== 1)
      throw new Error(`The scenario ${name} has a step that is none: ${JSON.stringify(step)}.`);
    if ("repeat" in step) checkSteps(step.steps, name);
  }
}
