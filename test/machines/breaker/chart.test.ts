import { describe, expect, test } from "@jest/globals";
import { cooldownOf } from "../../../src/machines/breaker/cooldown.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { createBreakerRig, events, type Word } from "./rig.js";

failOnXstateWarnings();

/** Where each event leads from each state; "." stays. `time` is the end of the open time, "-" where there is none. */
const chart = `
            trip        reset   crossed  quarantined  started  succeeded  failed  abandoned  time
closed      forcedOpen  .       open     open         .        .          .       .          -
open        forcedOpen  closed  .        open         .        .          .       .          waiting
waiting     forcedOpen  closed  open     open         probing  closed     open    .          -
probing     forcedOpen  closed  open     open         .        closed     open    waiting    -
forcedOpen  .           closed  .        .            .        .          .       .          -
`;
const ways: Record<string, readonly (Word | number)[]> = {
  closed: [],
  open: ["crossed"],
  waiting: ["crossed", 1000],
  probing: ["crossed", 1000, "started"],
  forcedOpen: ["trip"],
};
const [head = [], ...rows] = chart
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));
const cells = rows.flatMap(([state = "", ...targets]) =>
  targets.map((target, column) => [state, head[column] ?? "", target] as const),
);

test("the table names every state and every event", () => {
  expect(rows.map(([state]) => state)).toEqual(Object.keys(ways));
  expect(head).toEqual([...Object.keys(events), "time"]);
});

describe("transitions", () => {
  test.each(cells)("%s, %s: %s", (state, name, target) => {
    const rig = createBreakerRig();
    rig.say(...(ways[state] ?? []));
    expect(rig.state).toBe(state);
    if (name !== "time") {
      rig.say(name as Word);
    } else if (target === "-") {
      rig.say(86_400_000);
    } else {
      rig.say(999);
      expect(rig.state).toBe(state);
      rig.say(1);
    }
    expect(rig.state).toBe(target === "." || target === "-" ? state : target);
  });
});

describe("what it says", () => {
  const told = (rig: ReturnType<typeof createBreakerRig>) => rig.reports.map(({ type }) => type);

  test("each change of state once, with the reason, since when, and when a probe will pass", () => {
    const rig = createBreakerRig();
    rig.say("crossed", "crossed", 1000, "started", "abandoned", "started", "succeeded");
    expect(told(rig)).toEqual(["breaker.opened", "breaker.halfOpened", "breaker.closed"]);
    const wallMs = 1_700_000_000_000;
    const base = { reason: "breaker-open", why: "too many calls failed" };
    expect(rig.reports.map(({ picture }) => picture)).toEqual([
      { ...base, state: "open", sinceWallMs: wallMs + 50, probeAtMs: 1050 },
      { ...base, state: "halfOpen", sinceWallMs: wallMs + 1050, probeAtMs: null },
      {
        state: "closed",
        reason: "breaker-open",
        why: "its probe succeeded",
        sinceWallMs: wallMs + 1050,
        probeAtMs: null,
      },
    ]);
    expect(rig.reports.every(({ name }) => name === "math.add")).toBe(true);
  });

  test("nothing of a reset while it is closed, and one opening however often it is tripped", () => {
    const rig = createBreakerRig();
    rig.say("reset", "trip", "trip");
    expect(told(rig)).toEqual(["breaker.opened"]);
    expect(rig.picture).toMatchObject({
      state: "forcedOpen",
      why: "it was tripped on request",
      probeAtMs: null,
    });
    rig.say("reset");
    expect(rig.reports.at(-1)).toMatchObject({ type: "breaker.closed", picture: { why: "it was reset" } });
    expect(rig.clock.timerCount).toBe(0);
  });
});

describe("a quarantine", () => {
  test("lasts as long as it says, and as long again when its probe fails", () => {
    const rig = createBreakerRig();
    rig.say("quarantined", 699);
    expect([rig.state, rig.picture.reason]).toEqual(["open", "quarantined"]);
    rig.say(1, "started", "failed");
    expect(rig.picture).toMatchObject({ reason: "quarantined", why: "the probe failed", probeAtMs: 1450 });
    rig.say(700);
    expect(rig.state).toBe("waiting");
  });

  test("takes the place of an ordinary opening with a time of its own, and no ordinary one takes its place", () => {
    const rig = createBreakerRig();
    rig.say("crossed", 900, "quarantined");
    expect(rig.picture).toMatchObject({ reason: "quarantined", probeAtMs: 1650 });
    rig.say(100, "crossed", "quarantined");
    expect(rig.picture).toMatchObject({ reason: "quarantined", probeAtMs: 1650 });
    expect(rig.reports).toHaveLength(2);
    rig.say(600, "succeeded", "crossed");
    expect(rig.picture).toMatchObject({ reason: "breaker-open", probeAtMs: 2650 });
  });
});

describe("the open time", () => {
  const policy = { cooldownMs: 100, maxCooldownMs: 500 };

  test("doubles with each opening in a row, up to its bound", () => {
    expect([0, 1, 2, 3, 4, 2000].map((row) => cooldownOf(policy, row))).toEqual([
      100, 200, 400, 500, 500, 500,
    ]);
    expect(cooldownOf({ cooldownMs: 100, maxCooldownMs: 100 }, 7)).toBe(100);
  });

  test("begins anew once the breaker has closed, by a probe or by a reset", () => {
    const rig = createBreakerRig(policy);
    const openMs = () => (rig.picture.probeAtMs ?? 0) - rig.clock.now();
    rig.say("crossed");
    expect(openMs()).toBe(100);
    rig.say(100, "started", "failed");
    expect(openMs()).toBe(200);
    rig.say(200, "crossed");
    expect(openMs()).toBe(400);
    rig.say(400, "started", "succeeded", "crossed");
    expect(openMs()).toBe(100);
    rig.say(100, "failed", "reset", "crossed");
    expect(openMs()).toBe(100);
  });
});
