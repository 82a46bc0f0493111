import { describe, expect, test } from "@jest/globals";
import { createMachine, type AnyStateMachine } from "xstate";
import { toMermaid } from "../../src/inspector/mermaid.js";
import { catalogue, type CatalogueEntry } from "../../src/machines/catalogue.js";
import { readChart, statesOf } from "../../src/machines/chart.js";

const noNotes = { summary: "", place: "", events: {}, emits: {}, guards: {}, delays: {}, actors: {} };

function entryOf(machine: AnyStateMachine, notes: Partial<CatalogueEntry["notes"]> = {}): CatalogueEntry {
  return { name: "call", machine, notes: { ...noNotes, ...notes } };
}

/** The path of the states around each line, by the braces; a line that is a brace's own counts as within it. */
function placesOf(diagram: string): readonly (readonly [line: string, within: readonly string[]])[] {
  const around: string[] = [];
  return diagram.split("\n").map((raw) => {
    const line = raw.trim();
    if (line === "}") around.pop();
    const place = [line, [...around]] as const;
    const opened = /^state ".*" as (\w+) \{$/.exec(line)?.[1];
    if (opened !== undefined) around.push(opened);
    return place;
  });
}

describe.each(catalogue)("the diagram of $name", (entry) => {
  const diagram = toMermaid(entry);
  const places = placesOf(diagram);
  const states = statesOf(readChart(entry.machine));
  const idOf = (id: string): string => id.replaceAll(".", "_");

  test("begins as one, and closes what it opens", () => {
    expect(diagram.split("\n")[0]).toBe("stateDiagram-v2");
    expect(places.at(-1)).toEqual(["", []]);
    expect(diagram.match(/\{$/gm) ?? []).toHaveLength(diagram.match(/^\s*\}$/gm)?.length ?? 0);
  });

  test("has every state within those around it", () => {
    for (const { id } of states) {
      const declared = places.filter(([line]) => new RegExp(`^state ".*" as ${idOf(id)}( \\{)?$`).test(line));
      const around = id
        .split(".")
        .slice(0, -1)
        .map((_, index, keys) => idOf(keys.slice(0, index + 1).join(".")));
      expect([id, declared.map(([, within]) => within)]).toEqual([id, [around]]);
    }
  });

  // Mermaid puts a state where it is named last.
  test("names each state last where it belongs", () => {
    for (const { id } of states) {
      const naming = places.filter(([line]) => /^(?:state|note) |-->| : /.test(line));
      const named = naming.filter(([line]) =>
        new RegExp(`\\b${idOf(id)}\\b`).test(line.replace(/ : .*| ".*"/, "")),
      );
      const around = id
        .split(".")
        .slice(0, -1)
        .map((_, index, keys) => idOf(keys.slice(0, index + 1).join(".")));
      expect([id, named.at(-1)?.[1]]).toEqual([id, around]);
    }
  });

  test("has every transition that leads elsewhere, and one beginning for each state with states", () => {
    const leading = states.flatMap(({ transitions }) =>
      transitions.filter(
        ({ target, source, isReentering }) => target !== null && (target !== source || isReentering),
      ),
    );
    const arrows = places.filter(([line]) => line.includes("-->")).map(([line]) => line);
    const own = arrows.filter((line) => !line.includes("[*]"));
    const ends = (from: string, to: string | null): string => `${idOf(from)} ${idOf(to ?? "")}`;
    expect(
      own.map((line) => line.replace(/ : .*/, "").replace("__any", "").replace(" -->", "")).sort(),
    ).toEqual(leading.map(({ source, target }) => ends(source, target)).sort());
    const compounds = states.filter(({ kind }) => kind === "compound");
    expect(arrows.filter((line) => line.startsWith("[*]"))).toHaveLength(compounds.length);
  });

  test("has labels without what would end them", () => {
    for (const [line] of places) {
      const label = /^\S+(?: --> \S+)? : (.*)$/.exec(line)?.[1];
      if (label !== undefined) expect(label.replace(/#\d+;/g, "")).not.toMatch(/[#:;"<>{}]/);
    }
  });
});

test("regions are parted, and each stands under its name", () => {
  const machine = createMachine({
    id: "p",
    type: "parallel",
    states: { a: { initial: "x", states: { x: {} } }, b: { initial: "y", states: { y: {} } } },
  });
  const lines = toMermaid(entryOf(machine))
    .split("\n")
    .map((line) => line.trim());
  expect(lines.filter((line) => line === "--")).toHaveLength(1);
  expect(lines.indexOf('state "a" as p_a {')).toBeLessThan(lines.indexOf("--"));
  expect(lines.indexOf("--")).toBeLessThan(lines.indexOf('state "b" as p_b {'));
});

test("what means something to Mermaid is written by its number", () => {
  const machine = createMachine({
    id: "m",
    initial: "a",
    states: { a: { on: { go: { guard: "odd", target: "b" } } }, b: { type: "final" } },
  } as never);
  const diagram = toMermaid(entryOf(machine, { guards: { odd: 'x: y; "z" #1 <b>' } }));
  expect(diagram).toContain("m_a --> m_b : go, if x#58; y#59; #34;z#34; #35;1 #60;b#62;");
  expect(diagram).toContain("m_b --> [*]");
});

test("what leads from a state to one within it starts at a mark in it", () => {
  const machine = createMachine({
    id: "m",
    initial: "a",
    on: { trip: ".b" },
    states: { a: {}, b: {} },
  } as never);
  const diagram = toMermaid(entryOf(machine));
  expect(diagram).toContain('state "any state" as m__any');
  expect(diagram).toContain("m__any --> m_b : trip");
});
