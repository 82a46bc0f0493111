// Spawn breakers of pools that are not in service: tripped while a pool starts, stops or waits for its turn, and what a
// restart by strategy makes of one that is open. Over the real charts.

import { describe, expect, test } from "@jest/globals";
import type { SupervisorEmitted } from "../../../src/machines/supervisor/events.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { createSupervisorRig, type SupervisorRig } from "./rig.js";

failOnXstateWarnings();

const two = ["a", "b"].map((name) => ({ name, workers: 1 }));
const outlook = (rig: SupervisorRig, name: string) => rig.tables.at(-1)?.pools.get(name)?.outlook;
const starts = (rig: SupervisorRig, name: string) =>
  rig.asked.filter((what) => what.startsWith(`start ${name}`)).length;
const trip = (rig: SupervisorRig, pool: string) => {
  rig.send({ type: "breaker.trip", pool });
};
const reset = (rig: SupervisorRig, pool: string) => {
  rig.send({ type: "breaker.reset", pool });
  rig.clock.advance(0);
};
/** "breaker.opened b", … */
const breakerEvents = (rig: SupervisorRig) =>
  rig.emitted
    .filter((event): event is Extract<SupervisorEmitted, { picture: unknown }> => "picture" in event)
    .map(({ type, pool }) => `${type} ${pool}`);
const tripped = expect.objectContaining({
  reason: "breaker-open",
  why: "starts no workers, because it was tripped on request",
  breaker: expect.objectContaining({ state: "forcedOpen" }),
});

const running = (): SupervisorRig => {
  const rig = createSupervisorRig(two, { strategy: "rest_for_one" });
  rig.bringUp("a:1");
  rig.bringUp("b:1");
  expect(rig.state).toBe("running");
  return rig;
};

/** The worker of a ended unasked, and that of b has been stopped for it. */
const fallen = (rig: SupervisorRig): SupervisorRig => {
  rig.end("a:1");
  rig.end("b:1", 0);
  rig.clock.advance(0);
  return rig;
};

describe("a restart by strategy", () => {
  test("leaves a tripped breaker as it is: nothing is started until it is reset", () => {
    const rig = running();
    trip(rig, "b");
    fallen(rig);
    expect([rig.breakerState("b"), outlook(rig, "b")]).toEqual(["forcedOpen", tripped]);
    rig.bringUp("a:1");
    rig.clock.advance(3_600_000);
    expect([starts(rig, "b"), rig.poolState("b"), outlook(rig, "b")]).toEqual([1, "held", tripped]);
    reset(rig, "b");
    expect([starts(rig, "b"), outlook(rig, "b")]).toEqual([2, null]);
    rig.bringUp("b:1");
    expect(rig.poolState("b")).toBe("serving.flowing");
    expect(breakerEvents(rig)).toEqual(["breaker.opened b", "breaker.closed b"]);
  });

  test("closes one that is open, and says so; what counted before still does", () => {
    const rig = running();
    for (let n = 0; n < 11; n++) {
      rig.end("b:1");
      rig.clock.advance(5000);
      if (n < 10) rig.bringUp("b:1");
    }
    expect(rig.breakerState("b")).toBe("open");
    rig.end("a:1");
    expect(rig.emitted.at(-1)).toMatchObject({
      type: "breaker.closed",
      pool: "b",
      picture: { why: "the strategy has it started anew" },
    });
    expect(outlook(rig, "b")).toBeNull();
    rig.clock.advance(0);
    rig.bringUp("a:1");
    rig.clock.advance(0);
    rig.bringUp("b:1");
    expect(rig.poolState("b")).toBe("serving.flowing");
    rig.end("b:1");
    expect(breakerEvents(rig)).toEqual(["breaker.opened b", "breaker.closed b", "breaker.opened b"]);
  });

  test("finds a breaker that was tripped while its pool was being stopped, or waited for its turn", () => {
    const rig = running();
    rig.end("a:1");
    expect(rig.poolState("b")).toBe("stopping");
    trip(rig, "b");
    expect(outlook(rig, "b")).toEqual(tripped);
    rig.end("b:1", 0);
    rig.clock.advance(0);
    reset(rig, "b");
    expect([rig.poolState("b"), outlook(rig, "b")]).toEqual(["idle", null]);
    trip(rig, "b");
    rig.bringUp("a:1");
    rig.clock.advance(0);
    expect([rig.poolState("b"), starts(rig, "b"), outlook(rig, "b")]).toEqual(["held", 1, tripped]);
    expect(breakerEvents(rig)).toEqual(["breaker.opened b", "breaker.closed b", "breaker.opened b"]);
  });

  test("of a pool that is held already holds it on", () => {
    const rig = running();
    trip(rig, "b");
    fallen(rig);
    rig.bringUp("a:1");
    rig.clock.advance(0);
    rig.end("a:1");
    rig.clock.advance(100);
    rig.bringUp("a:1");
    rig.clock.advance(0);
    expect([rig.poolState("b"), outlook(rig, "b")]).toEqual(["held", tripped]);
    reset(rig, "b");
    expect(starts(rig, "b")).toBe(2);
  });
});

describe("a breaker that is tripped during the start", () => {
  test("lets come what is on its way, and holds after that", () => {
    const rig = createSupervisorRig([{ name: "a", workers: 1 }]);
    trip(rig, "a");
    expect([rig.breakerState("a"), breakerEvents(rig)]).toEqual(["forcedOpen", ["breaker.opened a"]]);
    rig.bringUp("a:1");
    expect([rig.state, rig.poolState("a")]).toEqual(["running", "serving.tripped"]);
    rig.end("a:1");
    rig.clock.advance(3_600_000);
    expect([starts(rig, "a"), outlook(rig, "a")]).toEqual([1, tripped]);
  });

  test("and reset before it is complete holds nothing", () => {
    const rig = createSupervisorRig([{ name: "a", workers: 1 }]);
    trip(rig, "a");
    reset(rig, "a");
    rig.bringUp("a:1");
    expect(rig.poolState("a")).toBe("serving.flowing");
    expect(outlook(rig, "a")).toMatchObject({ reason: "no-worker" });
    expect(breakerEvents(rig)).toEqual(["breaker.opened a", "breaker.closed a"]);
  });

  test("holds a pool whose turn has not come", () => {
    const rig = createSupervisorRig(two, { strategy: "rest_for_one" });
    trip(rig, "b");
    rig.bringUp("a:1");
    expect([rig.state, rig.poolState("b"), starts(rig, "b")]).toEqual(["starting", "held", 0]);
    reset(rig, "b");
    rig.bringUp("b:1");
    expect([rig.state, rig.poolState("b")]).toEqual(["running", "serving.flowing"]);
  });

  test("does not stand in the way of a stop", () => {
    const rig = createSupervisorRig(two, { strategy: "rest_for_one" });
    trip(rig, "b");
    rig.bringUp("a:1");
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.end("a:1", 0);
    expect([rig.state, rig.errors, rig.clock.timerCount]).toEqual(["stopped", [], 0]);
  });
});
