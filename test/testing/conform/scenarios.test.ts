// What spec/scenarios promises of itself: every step is one, every rule is named once and says where the protocol has it,
// and what a scenario asks of a function is a function that the guide tells people to export.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { messageCode } from "../../../src/protocol/messages.js";
import { loadScenarios } from "../../../src/testing/conform/load-scenarios.js";
import type { Scenario } from "../../../src/testing/conform/scenario.js";
import { read } from "../../docs/markdown.js";

let scenarios: readonly Scenario[] = [];

beforeAll(async () => {
  scenarios = await loadScenarios();
});

describe("the scenarios", () => {
  test("there are some for both sides, and no side has two of one name", () => {
    for (const side of ["worker", "supervisor"]) {
      const names = scenarios.filter((scenario) => scenario.side === side).map(({ name }) => name);
      expect(names.length).toBeGreaterThan(50);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("a rule is a sentence, and its section is one of docs/reference/protocol.md", () => {
    const page = read("docs/reference/protocol.md");
    for (const { rule, section } of scenarios) {
      expect(rule).toMatch(/^[A-Z].*\.$/);
      const [heading = "", paragraph] = section.split(": ");
      expect(page).toContain(`\n## ${heading}\n`);
      if (paragraph !== undefined) expect(page).toMatch(new RegExp(`^\\*\\*${paragraph}\\.?\\*\\* `, "m"));
    }
  });

  test("every message that is sent or expected is one", () => {
    for (const { steps } of scenarios)
      for (const type of typesIn(steps)) expect(messageCode).toHaveProperty(type);
  });

  test("what they need of a worker is in the guide and in the scenarios' README", () => {
    const needed = new Set(scenarios.flatMap(({ needs = [] }) => needs));
    for (const name of needed) {
      expect(read("docs/guides/worker-other-language.md")).toContain(`\`${name}\``);
      expect(read("spec/scenarios/README.md")).toContain(`\`${name}\``);
    }
  });

  test("what calls a function says that it needs it", () => {
    for (const { name, steps, needs = [] } of scenarios) {
      const called = new Set(JSON.stringify(steps).match(/conform\.\w+/g) ?? []);
      called.delete("conform.none");
      expect([name, [...called].sort()]).toEqual([name, [...needs].sort()]);
    }
  });
});

test("a verb that there is none of is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ss-"));
  const file = {
    topic: "t",
    side: "worker",
    section: "Frames",
    scenarios: [{ name: "n", rule: "R.", steps: [{ repeat: 2, steps: [{ expects: "Handshake" }] }] }],
  };
  await writeFile(join(folder, "t.json"), JSON.stringify(file));
  await expect(loadScenarios(folder)).rejects.toThrow(
    'The scenario t/n has a step that is none: {"expects":"Handshake"}.',
  );
  await rm(folder, { recursive: true });
});

function typesIn(steps: readonly unknown[]): readonly string[] {
  const text = JSON.stringify(steps);
  return [...text.matchAll(/"(?:send|expect|quiet|never)":(?:"(\w+)"|\[([^\]]*)\])/g)].flatMap(
    ([, one, several = ""]) => (one === undefined ? several.replaceAll('"', "").split(",") : [one]),
  );
}
