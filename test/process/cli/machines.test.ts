// splice machines as a process: what it lists, the forms in which it shows one, and what it says about a name that is none.

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createMachine, type AnyStateMachine } from "xstate";
import { catalogue } from "../../../src/machines/catalogue.js";
import { readChart } from "../../../src/machines/chart.js";
import { Project } from "./run-cli.js";

let project: Project;

beforeEach(async () => {
  // No functions and no configuration: charts need neither.
  project = await Project.make({});
});

afterEach(async () => {
  await project.clean();
});

async function outputOf(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await project.run(["machines", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe("without a name", () => {
  test("lists each machine in a line, with a sentence", async () => {
    const lines = (await outputOf()).trimEnd().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(catalogue.map(({ name }) => name));
    for (const line of lines) expect(line).toMatch(/^\w+ +\d+ states? +[A-Z].*\.$/);
  });

  test("with --json lists them with the paths of their states", async () => {
    const listed = JSON.parse(await outputOf("--json"));
    expect(listed.find(({ name }: { name: string }) => name === "breaker")).toEqual({
      name: "breaker",
      summary: expect.stringMatching(/^A circuit breaker/),
      states: ["closed", "open", "halfOpen", "halfOpen.waiting", "halfOpen.probing", "forcedOpen"],
    });
  });

  test("a picture of all of them is wrong use", async () => {
    const { code, stderr } = await project.run(["machines", "--format", "svg"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/say which.*machines worker/),
    });
  });
});

describe("with a name", () => {
  test.each(catalogue.map(({ name, machine }) => [name, machine] as const))(
    "%s as JSON makes the same chart again",
    async (name, machine) => {
      const again = createMachine(JSON.parse(await outputOf(name, "--format", "json"))) as AnyStateMachine;
      const shape = (of: AnyStateMachine): unknown =>
        JSON.parse(JSON.stringify(readChart(of), (key, value) => (key === "actions" ? undefined : value)));
      expect(shape(again)).toEqual(shape(machine));
    },
  );

  test("gives a Mermaid diagram where no form is asked for, and JSON for --json", async () => {
    expect(await outputOf("call")).toBe(await outputOf("call", "--format", "mermaid"));
    expect(await outputOf("call")).toMatch(/^stateDiagram-v2\n/);
    expect(await outputOf("call", "--json")).toBe(await outputOf("call", "--format", "json"));
  });

  test("gives a picture that stands by itself", async () => {
    const svg = await outputOf("worker", "--format", "svg");
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/);
    expect(svg).not.toMatch(/href=|<script|url\(/);
  });
});

describe("wrong use ends with 2 and a sentence", () => {
  test.each([
    ["a name that is near one", ["wrker"], 'There is no machine "wrker". Did you mean "worker"?'],
    ["a name that is near none", ["flux"], /no machine "flux"\. There are supervisor, pool, .* and call\./],
    ["a form that is none", ["worker", "--format", "png"], /"png".*mermaid, json, svg/],
    ["two forms at once", ["worker", "--format", "svg", "--json"], /leave one of them out/],
  ])("%s", async (_, args, sentence) => {
    const { code, stderr } = await project.run(["machines", ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
  });
});
