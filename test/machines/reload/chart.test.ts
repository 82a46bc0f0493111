// The reload manager by itself: where each event leads from each state, what is asked of whom, and how it is told.

import { describe, expect, test } from "@jest/globals";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { createReloadRig, events, offered, stateNames, ways, type ReloadStateName } from "./rig.js";

failOnXstateWarnings();

/** Where each event leads from each state; "." stays. */
const chart = `
             request      changed      built     same      unbuilt   ready      broken       failed       promoted  ended     drained
watching     building     building     .         .         .         .          .            .            .         .         .
building     .            .            starting  watching  watching  .          .            .            .         .         .
starting     rollingBack  rollingBack  .         .         .         promoting  rollingBack  rollingBack  .         .         .
queueing     rollingBack  rollingBack  .         .         .         .          .            rollingBack  .         .         promoting
promoting    .            .            .         .         .         .          .            rollingBack  retiring  .         .
retiring     building     building     .         .         .         .          .            .            .         .         watching
rollingBack  .            .            .         .         .         .          .            .            .         watching  .
`;
const [head = [], ...rows] = chart
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));
const cells = rows.flatMap(([state = "", ...targets]) =>
  targets.map((target, column) => [state as ReloadStateName, head[column] ?? "", target] as const),
);

test("the table names every state and every event", () => {
  expect(rows.map(([state]) => state)).toEqual([...stateNames]);
  expect(head).toEqual(Object.keys(events));
  expect(cells).toHaveLength(rows.length * head.length);
});

test.each(cells)("%s, %s: %s", (state, name, target) => {
  const rig = ways[state]();
  expect(rig.state).toBe(state);
  rig.send(events[name as keyof typeof events]);
  expect(rig.state).toBe(target === "." ? state : target);
  expect([rig.status, rig.errors]).toEqual(["active", []]);
});

describe("a reload", () => {
  test("is built, started, promoted and told once, with how it compares and how long it took", () => {
    const rig = createReloadRig();
    rig.changed();
    rig.clock.advance(20);
    rig.built(events.built);
    rig.clock.advance(100);
    rig.send(offered("f", "g"), events.promoted);
    expect(rig.asked).toEqual([
      "watch app",
      "build 2 beside 1",
      "end build 2",
      "start 2",
      "promote additive",
    ]);
    const told = {
      pool: "app",
      from: 1,
      to: 2,
      verdict: "additive",
      breaks: [],
      durationMs: 120,
      error: null,
    };
    expect(rig.outcomes).toEqual([told]);
    rig.send(events.drained);
    expect([rig.state, rig.outcomes.length]).toEqual(["watching", 1]);
  });

  test("of what runs already starts nothing", () => {
    const rig = ways.building();
    rig.built(events.same);
    expect(rig.asked).not.toContain("start 2");
    expect(rig.outcomes).toMatchObject([{ from: 1, to: 1, verdict: "unchanged", error: null }]);
  });

  test("that cannot be built leaves all as it was, and its number free", () => {
    const rig = ways.building();
    rig.built(events.unbuilt);
    const error = "It does not compile.";
    expect(rig.outcomes).toMatchObject([{ from: 1, to: 1, verdict: null, error }]);
    rig.send(events.request);
    expect(rig.asked.at(-1)).toBe("build 2 beside 1");
  });

  test("whose build fails inside the supervisor is told as that", () => {
    const rig = createReloadRig({ failing: "build" });
    rig.send(events.request);
    const error = "It could not be built: the build failed inside the supervisor.";
    expect(rig.outcomes).toMatchObject([{ from: 1, to: 1, verdict: null, error }]);
    expect([rig.state, rig.errors]).toEqual(["watching", []]);
  });

  test("that fails once it was started is told when no process of it is left, and its number is not used again", () => {
    const rig = ways.rollingBack();
    expect([rig.asked.at(-1), rig.outcomes]).toEqual(["abandon", []]);
    rig.send(events.ended);
    expect(rig.outcomes).toMatchObject([{ from: 1, to: 1, error: "It cannot be had." }]);
    rig.send(events.request);
    expect(rig.asked.at(-1)).toBe("build 3 beside 1");
  });

  test("can be asked for where its files cannot be watched, which is told", () => {
    const rig = createReloadRig({ failing: "watcher" });
    rig.send(events.request, events.built, events.ready, events.promoted);
    expect(rig.asked[0]).toBe("unwatched");
    expect([rig.state, rig.errors]).toEqual(["retiring", []]);
  });

  test("after one that failed tells no more of that", () => {
    const rig = ways.rollingBack();
    rig.send(events.ended, events.request, events.built, events.ready, events.promoted);
    expect(rig.outcomes.at(-1)).toMatchObject({ from: 1, to: 3, error: null });
  });
});

describe("what would break callers", () => {
  test("is ended again, with what it would break and how that can be allowed", () => {
    const rig = ways.starting();
    rig.send(events.broken, events.ended);
    expect(rig.asked).not.toContain("promote breaking");
    const [outcome] = rig.outcomes;
    expect(outcome).toMatchObject({ from: 1, to: 1, verdict: "breaking", breaks: ["f is gone"] });
    expect(outcome?.error).toBe(
      "It would break callers: f is gone. Allow that with reload.allowBreaking or --allow-breaking.",
    );
  });

  test("is promoted where that is allowed, and is told all the same", () => {
    const rig = ways.starting({ policy: { allowsBreaking: true } });
    rig.send(events.broken, events.promoted);
    expect(rig.asked).toContain("promote breaking");
    expect(rig.outcomes).toMatchObject([{ to: 2, verdict: "breaking", breaks: ["f is gone"], error: null }]);
  });
});

describe("the last but one", () => {
  test("is waited for, so that never more than three generations have processes", () => {
    const rig = ways.queueing();
    expect(rig.asked.filter((what) => what.startsWith("promote"))).toEqual(["promote identical"]);
    rig.send(events.drained);
    expect(rig.asked.at(-1)).toBe("promote identical");
    rig.send(events.promoted);
    expect(rig.outcomes).toMatchObject([
      { from: 1, to: 2 },
      { from: 2, to: 3 },
    ]);
  });

  test("is not waited for where somebody is in a hurry", () => {
    expect(ways.queueing({ policy: { isHurried: true } }).asked.at(-1)).toBe("hurry");
    expect(ways.queueing().asked).not.toContain("hurry");
  });

  test.each<[string, ReloadStateName]>([
    ["build", "building"],
    ["start", "starting"],
  ])("may be gone before that: during the %s", (_what, state) => {
    const rig = ways.retiring();
    rig.send(events.request, ...(state === "starting" ? [events.built] : []));
    rig.send(events.drained);
    expect(rig.state).toBe(state);
    rig.send(events.built, events.ready);
    expect(rig.state).toBe("promoting");
  });
});

describe("a change", () => {
  test("during a build begins that anew, and the old one is ended", () => {
    const rig = ways.building();
    rig.changed();
    expect(rig.asked.slice(1)).toEqual(["build 2 beside 1", "end build 2", "build 2 beside 1"]);
  });

  test.each<ReloadStateName>(["starting", "queueing"])(
    "while it is %s ends what was started; the next begins once that is gone, with a number of its own",
    (state) => {
      const rig = ways[state]();
      const told = rig.outcomes.length;
      const [last = ""] = rig.asked.filter((what) => what.startsWith("start")).slice(-1);
      const number = Number(last.split(" ")[1]);
      rig.changed();
      expect([rig.state, rig.asked.at(-1)]).toEqual(["rollingBack", "abandon"]);
      rig.send(events.ended);
      expect(rig.asked.at(-1)).toBe(`build ${String(number + 1)} beside ${String(number - 1)}`);
      expect(rig.outcomes.length).toBe(told);
      if (state === "queueing") rig.send(events.drained);
      rig.send(events.built, events.ready, events.promoted);
      expect(rig.outcomes.at(-1)).toMatchObject({ from: number - 1, to: number + 1, error: null });
    },
  );

  test("while it is promoted begins a further reload when that is done", () => {
    const rig = ways.promoting();
    rig.changed();
    rig.send(events.promoted);
    expect([rig.state, rig.asked.at(-1)]).toEqual(["building", "build 3 beside 2"]);
    expect(rig.outcomes).toMatchObject([{ from: 1, to: 2 }]);
  });

  test("while it is rolled back begins the next, and only that is told", () => {
    const rig = ways.rollingBack();
    rig.changed();
    rig.send(events.ended);
    expect([rig.state, rig.outcomes]).toEqual(["building", []]);
    rig.built(events.same);
    expect(rig.outcomes).toMatchObject([{ from: 1, to: 1, verdict: "unchanged", error: null }]);
  });

  test("a failure that comes with it is not told either", () => {
    const rig = ways.starting();
    rig.changed();
    rig.send(events.failed, events.ended);
    expect([rig.state, rig.outcomes]).toEqual(["building", []]);
  });
});
