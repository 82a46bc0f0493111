// The path generator and its runner on a small model: a door that locks itself when it was tried too often.

import { describe, expect, test } from "@jest/globals";
import { assign, createMachine, type SnapshotFrom } from "xstate";
import { createTestModel } from "xstate/graph";
import {
  everyTransition,
  testEveryTransition,
  type ModelSubject,
  type TransitionPair,
} from "../../src/testing/index.js";

type DoorEvent = { type: "door.tried" } | { type: "door.opened" } | { type: "door.closed" };

const model = createMachine({
  types: {} as { context: { tries: number }; events: DoorEvent },
  initial: "shut",
  context: { tries: 0 },
  states: {
    shut: {
      on: {
        "door.tried": [
          { guard: ({ context }) => context.tries === 1, target: "locked", actions: "rings" },
          { actions: assign({ tries: ({ context }) => context.tries + 1 }) },
        ],
        "door.opened": { target: "open", actions: assign({ tries: 0 }) },
      },
    },
    open: { on: { "door.closed": "shut" } },
    locked: { type: "final" },
  },
});

class Door {
  state: "shut" | "open" | "locked" = "shut";
  tries = 0;
  rings = 0;

  constructor(readonly forgets = true) {}

  try(): void {
    if (this.state !== "shut" || ++this.tries < 2) return;
    this.state = "locked";
    this.rings += 1;
  }

  open(): void {
    if (this.state !== "shut") return;
    this.state = "open";
    if (this.forgets) this.tries = 0;
  }

  close(): void {
    if (this.state === "open") this.state = "shut";
  }
}

function subjectOf(door: Door): ModelSubject<typeof model> {
  const isAsModel = ({ state }: { state: SnapshotFrom<typeof model> }): void => {
    expect(door.state).toBe(state.value);
    if (door.state !== "locked") expect(door.tries).toBe(state.context.tries);
  };
  return {
    events: {
      "door.tried": () => door.try(),
      "door.opened": () => door.open(),
      "door.closed": () => door.close(),
    },
    states: { shut: isAsModel, open: isAsModel, locked: isAsModel },
  };
}

const shown = ({ state, event }: TransitionPair): string => `${state} ${event}`;

describe("testEveryTransition", () => {
  test("walks every pair of a state and an event, those that nothing comes of too", async () => {
    const coverage = await testEveryTransition(model, { subject: () => subjectOf(new Door()) });
    // Shut after no and one try, open, locked; the last is over.
    expect(coverage.states).toBe(4);
    expect(coverage.reachable.length).toBe(9);
    expect(coverage.covered.map(shown).sort()).toEqual(coverage.reachable.map(shown).sort());
  });

  test("finds what the shortest paths pass by, and names the way to it", async () => {
    const forgetful = (): ModelSubject<typeof model> => subjectOf(new Door(false));
    const shipped = createTestModel(model);
    for (const path of shipped.getShortestPaths()) {
      const { events, states } = forgetful();
      const asShipped = Object.entries(states).map(([name, compare]) => [
        name,
        (state: SnapshotFrom<typeof model>) => compare({ state, event: null, before: null, actions: [] }),
      ]);
      await path.test({ events: events as never, states: Object.fromEntries(asShipped) });
    }
    await expect(testEveryTransition(model, { subject: forgetful })).rejects.toThrow(
      /After .*door.tried.* the model is in .*, and its subject is not:/,
    );
  });

  test("goes on to where it shows what was remembered wrongly", async () => {
    /** It shows whether it is locked, and nothing else. */
    const opaque = () => {
      const door = new Door(false);
      const isLocked = (wanted: boolean) => () => expect(door.state === "locked").toBe(wanted);
      return {
        ...subjectOf(door),
        states: { shut: isLocked(false), open: isLocked(false), locked: isLocked(true) },
      };
    };
    await testEveryTransition(model, { subject: opaque });
    const seen = testEveryTransition(model, { subject: opaque, endIn: ({ value }) => value === "locked" });
    await expect(seen).rejects.toThrow(/^After .*"door.opened".* the model is in "shut"/);
  });

  test("says what the model names in a step, at the beginning too", async () => {
    const steps: string[] = [];
    const subject = (): ModelSubject<typeof model> => ({
      events: {
        "door.tried": () => undefined,
        "door.opened": () => undefined,
        "door.closed": () => undefined,
      },
      states: {
        shut: ({ event, before }) => {
          if (event === null) expect(before).toBeNull();
        },
        open: () => undefined,
        locked: ({ event, before, state, actions }) => {
          steps.push(JSON.stringify([before?.value, event?.type, state.value, ...actions]));
        },
      },
    });
    await testEveryTransition(model, { subject });
    expect(steps).toEqual([JSON.stringify(["shut", "door.tried", "locked", "rings"])]);
  });

  test("tries the cases it is given, in the states they are given for", async () => {
    const only = await testEveryTransition(model, {
      subject: () => subjectOf(new Door()),
      cases: (state) => (state.value === "shut" ? [{ type: "door.opened" as const }] : []),
    });
    expect(only.covered.map(shown)).toEqual(['"shut" {"tries":0} {"type":"door.opened"}']);
  });

  test("rejects an event without a handler, and a state without an assertion", async () => {
    const deafSubject = (): ModelSubject<typeof model> => {
      const { events, states } = subjectOf(new Door());
      const { "door.closed": _, ...others } = events;
      return { events: others as never, states };
    };
    const deaf = testEveryTransition(model, { subject: deafSubject });
    await expect(deaf).rejects.toThrow(
      /^After {"type":"door.*"} comes {"type":"door.closed"}, and the model's event door.closed has no handler/,
    );
    const blind = testEveryTransition(model, {
      subject: () => ({ ...subjectOf(new Door()), states: { shut: () => undefined } }),
    });
    await expect(blind).rejects.toThrow(
      /^After {"type":"door.*} the model's state "(open|locked)" has no assertion/,
    );
  });

  test("rejects a model that has no end, and one that waits by itself", async () => {
    const counter = createMachine({
      types: {} as { context: { n: number }; events: { type: "one.more" } },
      context: { n: 0 },
      on: { "one.more": { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    });
    const endless = testEveryTransition(counter, {
      subject: () => ({ events: { "one.more": () => undefined }, states: {} }),
      limit: 50,
    });
    await expect(endless).rejects.toThrow(
      /^The model has more edges than the limit of 50. After {"type":"one.more"}, .* it is in {} {"n":50}, /,
    );
    const waiting = createMachine({ initial: "a", states: { a: { after: { 10: "b" } }, b: {} } });
    const late = testEveryTransition(waiting, { subject: () => ({ events: {}, states: {} }) });
    await expect(late).rejects.toThrow("not supported");
  });

  test("refuses an endIn that is true of no state", async () => {
    const walk = testEveryTransition(model, {
      subject: () => subjectOf(new Door()),
      endIn: ({ value }) => (value as string) === "lokced",
    });
    await expect(walk).rejects.toThrow(/endIn is true of none of the 4 states .*"shut" {"tries":0}/);
  });

  test.each([
    ["nothing", undefined, "it was undefined"],
    ["a subject without states", { events: {} }, "its states undefined"],
  ])("says what subject has to return when that is %s", async (_, subject, found) => {
    const walk = testEveryTransition(model, { subject: () => subject as never });
    await expect(walk).rejects.toThrow("The function subject has to return { events, states }");
    await expect(walk).rejects.toThrow(found);
  });

  type Held = Set<string> | Map<string, number> | bigint | number;
  const kinds: readonly [kind: string, first: Held, then: Held][] = [
    ["a Set", new Set(), new Set(["a"])],
    ["a Map", new Map(), new Map([["a", 1]])],
    ["a bigint", 1n, 2n],
    ["a number that JSON has not", NaN, Infinity],
  ];
  test.each(kinds)("tells states apart by %s in their context", async (_, first, then) => {
    const holder = createMachine({
      types: {} as { context: { held: Held }; events: { type: "next"; big: bigint } },
      initial: "only",
      states: { only: {} },
      context: { held: first },
      on: { next: { actions: assign({ held: then }) } },
    });
    const { states, covered } = await testEveryTransition(holder, {
      subject: () => ({ events: { next: () => undefined }, states: { only: () => undefined } }),
      cases: [{ type: "next", big: 5n }],
    });
    expect([states, covered.length]).toEqual([2, 2]);
  });

  test("refuses by name what cannot be told apart", async () => {
    class Counter {
      #count = 0;
      add(): number {
        return ++this.#count;
      }
    }
    const opaque = createMachine({ context: { counter: new Counter() }, on: { "one.more": {} } });
    const walk = testEveryTransition(opaque, { subject: () => ({ events: {}, states: {} }) as never });
    await expect(walk).rejects.toThrow('holds Counter as "counter", of which nothing can be read');
  });

  test("ends every subject, also one that is not as the model says", async () => {
    let begun = 0;
    let ended = 0;
    const subject = (forgets: boolean) => () => {
      begun += 1;
      return { ...subjectOf(new Door(forgets)), end: () => void (ended += 1) };
    };
    const { paths } = await testEveryTransition(model, { subject: subject(true) });
    await testEveryTransition(model, { subject: subject(false) }).catch(() => undefined);
    expect(begun).toBeGreaterThan(paths);
    expect(ended).toBe(begun);
  });
});

test("everyTransition serves a model of xstate/graph", () => {
  const paths = createTestModel(model).getPaths(everyTransition);
  const edges = new Set(
    paths.flatMap(({ steps }) =>
      steps.slice(1).map(({ event }, at) => `${JSON.stringify(steps[at]?.state)} ${event.type}`),
    ),
  );
  // Of each state the events that it names: shut twice two, open one.
  expect(edges.size).toBe(5);
  expect(paths.length).toBeLessThan(5);
});
