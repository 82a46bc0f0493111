// What calls to a pool have to expect that waits for another one, whose workers do not come. Over the real charts.

import { describe, expect, test } from "@jest/globals";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { cooldown, createSupervisorRig, type PlanOfTest, type SupervisorRig } from "./rig.js";

failOnXstateWarnings();

const outlook = (rig: SupervisorRig, name: string) => rig.tables.at(-1)?.pools.get(name)?.outlook;

function running(strategy: "rest_for_one" | "one_for_all", change: Partial<PlanOfTest> = {}): SupervisorRig {
  const rig = createSupervisorRig(
    ["a", "b", "c"].map((name) => ({ name, workers: 1, ...(name === "a" ? change : {}) })),
    { strategy },
  );
  for (const name of ["a", "b", "c"]) rig.bringUp(`${name}:1`);
  expect(rig.state).toBe("running");
  return rig;
}

/** Ends the worker of a until its breaker is open; the others have stopped for it. */
function crashed(rig: SupervisorRig): SupervisorRig {
  for (let n = 0; n < 11; n++) {
    rig.end("a:1");
    for (const name of ["c:1", "b:1"]) if (rig.workerState(name) === "stopping") rig.end(name, 0);
    rig.clock.advance(5000);
    if (n < 10) rig.bringUp("a:1");
  }
  expect(rig.breakerState("a")).toBe("open");
  return rig;
}

const waitsForA = expect.objectContaining({
  reason: "breaker-open",
  why: expect.stringMatching(
    /^waits for pool a, which starts no workers, because its workers ended 11 times within 60000 ms/,
  ),
  retryAtMs: expect.any(Number),
  breaker: expect.objectContaining({ state: "open" }),
});

describe.each(["rest_for_one", "one_for_all"] as const)("under %s", (strategy) => {
  test("pools that wait for one with an open breaker are refused at once, with its name and reason", () => {
    const rig = crashed(running(strategy));
    for (const name of ["b", "c"]) expect(outlook(rig, name)).toEqual(waitsForA);
  });

  test("their calls may wait again while a worker of it is tried, and are told when that failed", () => {
    const rig = crashed(running(strategy));
    rig.clock.advance(cooldown.cooldownMs);
    expect([outlook(rig, "a"), outlook(rig, "b"), outlook(rig, "c")]).toEqual([null, null, null]);
    rig.end("a:1");
    expect(outlook(rig, "b")).toMatchObject({ why: expect.stringContaining("waits for pool a, which") });
    rig.clock.advance(2 * cooldown.cooldownMs);
    rig.bringUp("a:1");
    rig.clock.advance(0);
    expect([outlook(rig, "b"), outlook(rig, "c")]).toEqual([null, null]);
    rig.bringUp("b:1");
    rig.bringUp("c:1");
    expect([rig.poolState("b"), rig.poolState("c")]).toEqual(["serving.flowing", "serving.flowing"]);
  });
});

test("one that is still being stopped is refused as well", () => {
  const rig = running("rest_for_one");
  for (let n = 0; n < 11; n++) {
    rig.end("a:1");
    rig.clock.advance(5000);
    if (n < 10) rig.bringUp("a:1");
  }
  expect(rig.poolState("c")).not.toMatch(/^serving/);
  expect(outlook(rig, "c")).toEqual(waitsForA);
});

test("one that waits for a pool which was tripped by hand says so", () => {
  const rig = running("one_for_all");
  rig.send({ type: "breaker.trip", pool: "a" });
  rig.end("b:1");
  rig.end("c:1", 0);
  rig.end("a:1", 0);
  rig.clock.advance(0);
  rig.bringUp("b:1");
  expect(rig.poolState("a")).toBe("held");
  expect(outlook(rig, "c")).toMatchObject({
    reason: "breaker-open",
    why: "waits for pool a, which starts no workers, because it was tripped on request",
    retryAtMs: null,
  });
});

test("one that waits for a pool whose workers are gone for good says so", () => {
  const rig = running("one_for_all", { restartType: "temporary" });
  rig.end("c:1");
  rig.end("b:1", 0);
  rig.end("a:1", 0);
  rig.clock.advance(0);
  expect(outlook(rig, "b")).toBeNull();
  rig.end("a:1");
  expect(outlook(rig, "b")).toEqual({
    reason: "no-worker",
    why: "waits for pool a, which has no worker, and none is due to start",
    retryAtMs: null,
  });
});

test("under one_for_one nobody waits for another", () => {
  const rig = createSupervisorRig(["a", "b"].map((name) => ({ name, workers: 1 })));
  rig.bringUp("a:1");
  rig.bringUp("b:1");
  rig.send({ type: "breaker.trip", pool: "a" });
  rig.end("a:1");
  rig.end("b:1");
  expect([outlook(rig, "a")?.reason, outlook(rig, "b")]).toEqual(["breaker-open", null]);
});
