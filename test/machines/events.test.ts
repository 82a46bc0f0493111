// All events of all machines, as their notes name them, held to one grammar. That the notes have no gap is the compiler's.

import { describe, expect, test } from "@jest/globals";
import type { AnyStateNode } from "xstate";
import { catalogue } from "../../src/machines/catalogue.js";
import type { EventSort } from "../../src/machines/notes.js";

const registry = catalogue.flatMap(({ notes: { events, emits } }) =>
  [...Object.entries(events), ...Object.entries(emits)].map(([name, { sort }]) => [name, sort] as const),
);

describe("the grammar", () => {
  const imperatives = new Set([
    "start",
    "stop",
    "kill",
    "accept",
    "refuse",
    "drain",
    "close",
    "add",
    "remove",
    "hold",
    "condemn",
    "trip",
    "reset",
    "reload",
    "request",
    "clear",
    "promote",
    "abandon",
    "hurry",
  ]);
  /** Participles that do not end in -ed, and the two words that say a state one has come to. */
  const irregular = new Set(["sent", "withdrawn", "ready", "draining", "worn"]);

  test.each(registry)("%s is a well-formed %s", (name, sort) => {
    expect(name).toMatch(/^[a-z]+\.[a-zA-Z]+$/);
    const word = name.split(".")[1] ?? "";
    expect([imperatives.has(word), word.endsWith("ed") || irregular.has(word)]).toEqual([
      sort === "command",
      sort === "fact",
    ]);
  });

  test("a name means one thing wherever it is used", () => {
    const sorts = new Map<string, EventSort>();
    for (const [name, sort] of registry) {
      expect([name, sorts.get(name) ?? sort]).toEqual([name, sort]);
      sorts.set(name, sort);
    }
  });
});

const nodes = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodes)];

describe.each(catalogue)("the $name machine", ({ machine, notes: { events: known } }) => {
  test("listens to events of its union and no others, and knows what to do with each of them", () => {
    const heard = new Set(nodes(machine.root).flatMap((node) => node.ownEvents));
    const own = [...heard].filter((type) => !type.startsWith("xstate."));
    expect(own.filter((type) => !(type in known))).toEqual([]);
    const unheard = Object.keys(known).filter((type) => !heard.has(type));
    // The worker's way to `ready` is told by its exports; the accepted handshake before it is a fact for the watcher.
    expect(unheard).toEqual([]);
  });

  test("has a bound on its iterations, and every state says what it is", () => {
    expect(machine.options.maxIterations).toBeLessThan(Infinity);
    for (const node of nodes(machine.root)) {
      if (node === machine.root) continue;
      const { description } = (node.meta ?? {}) as { description?: unknown };
      expect([node.id, description]).toEqual([node.id, expect.stringMatching(/^[A-Z][^]{10,}\.$/)]);
    }
  });

  test("answers for the failure of whatever it invokes", () => {
    for (const node of nodes(machine.root)) {
      for (const { id, onError } of node.invoke) {
        // Routers and breakers do nothing that can fail; were they to, the supervisor's own end is the answer.
        if (id !== "router" && id !== "breaker" && id !== "breakers")
          expect([id, onError]).toEqual([id, expect.anything()]);
      }
    }
  });
});
