// The catalogue has every machine there is, and what stands there in words leaves nothing out that a chart names.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { catalogue } from "../../src/machines/catalogue.js";
import { readChart, statesOf, transitionId } from "../../src/machines/chart.js";
import { inWords, outsiders } from "../../src/machines/notes.js";

const folder = join(import.meta.dirname, "../../src/machines");
const sentence = /^[A-Z[][^]{10,}\.$/;

test("has every folder of src/machines that holds a chart, by its name", () => {
  const folders = readdirSync(folder).filter((name) => existsSync(join(folder, name, "machine.ts")));
  expect(catalogue.map(({ name }) => name as string).sort()).toEqual(folders.sort());
  for (const { name, machine } of catalogue) expect(machine.id).toBe(name);
});

describe.each(catalogue)("the notes on $name", ({ name, machine, notes }) => {
  const { implementations } = machine;
  const states = statesOf(readChart(machine));
  const transitions = states.flatMap((state) => state.transitions);

  test("say what it is in sentences", () => {
    const texts = [notes.summary, notes.place, ...Object.values(notes.events).map(({ means }) => means)];
    for (const text of texts) expect(text).toMatch(/^[A-Z][^]{8,}\.$/);
    for (const text of Object.values(notes.actors)) expect(text).toMatch(sentence);
  });

  test("have each of its guards, and no other", () => {
    expect(Object.keys(notes.guards).sort()).toEqual(Object.keys(implementations.guards).sort());
    const asked = transitions.flatMap(({ guard }) =>
      guard === null || guard.startsWith("in ") ? [] : [guard],
    );
    expect([...new Set(asked)].sort()).toEqual(Object.keys(notes.guards).sort());
  });

  test("have each of its delays, and no other", () => {
    expect(Object.keys(notes.delays).sort()).toEqual(Object.keys(implementations.delays).sort());
    const waited = transitions.flatMap(({ trigger }) => (trigger.kind === "after" ? [trigger.name] : []));
    expect([...new Set(waited)].sort()).toEqual(Object.keys(notes.delays).sort());
  });

  test("have each of its actors, and no other", () => {
    expect(Object.keys(notes.actors).sort()).toEqual(Object.keys(implementations.actors).sort());
  });

  test("name as senders what sends: machines that know it, or one from outside", () => {
    for (const { from } of Object.values(notes.events)) {
      for (const sender of from) {
        if (sender in outsiders) continue;
        expect(catalogue.map((each) => each.name)).toContain(sender);
        const other = catalogue.find((each) => each.name === sender);
        expect([name in (other?.notes.actors ?? {}), sender in notes.actors]).toContain(true);
      }
    }
  });
});

describe.each(catalogue)("the chart of $name, read", ({ machine }) => {
  const chart = readChart(machine);

  test("has every state and every transition once, as the machine has them", () => {
    const states = statesOf(chart);
    const ids = states.flatMap(({ transitions }) => transitions.map(({ id }) => id));
    const real = states.flatMap(({ id }) => {
      const node = machine.getStateNodeById(id);
      const candidates = [...node.transitions, ["", node.always ?? []] as const];
      return candidates.flatMap(([type, each]) => each.map((_, index) => transitionId(id, type, index)));
    });
    expect([...ids].sort()).toEqual([...real].sort());
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("names only states that there are", () => {
    const ids = new Set(statesOf(chart).map(({ id }) => id));
    for (const { kind, initial, states, transitions } of statesOf(chart)) {
      if (kind === "compound") expect(states.map(({ key }) => key)).toContain(initial);
      for (const { target } of transitions) if (target !== null) expect(ids).toContain(target);
    }
  });
});

test("a time is said in the largest unit that holds it whole", () => {
  expect([50, 1500, 10_000, 90_000, 300_000].map(inWords)).toEqual([
    "50 ms",
    "1500 ms",
    "10 s",
    "90 s",
    "5 min",
  ]);
});
