// A further generation of a pool beside the one that serves, over the real charts: promoted in one step, or ended without
// a trace, whatever happens to either meanwhile.

import { describe, expect, test } from "@jest/globals";
import { createSupervisorRig, drainMs, type RigOptions, type SupervisorRig } from "../supervisor/rig.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";

failOnXstateWarnings();

/** A pool of two that serves. Its members are app:1 and app:2. */
function serving(options: RigOptions = {}): SupervisorRig {
  const rig = createSupervisorRig([{ name: "app", workers: 2 }], options);
  rig.bringUp("app:1");
  rig.bringUp("app:2");
  return rig;
}

/** The processes of a further generation are being started; its members are app:1#3 and app:2#4. */
function starting(options: RigOptions = {}): SupervisorRig {
  const rig = serving(options);
  reload(rig);
  return rig;
}

function promoted(options: RigOptions = {}): SupervisorRig {
  const rig = starting(options);
  bringUpBoth(rig);
  return rig;
}

function reload(rig: SupervisorRig): void {
  rig.send({ type: "pool.reload", pool: "app" });
  rig.built("app", { type: "build.succeeded", isSame: false });
}

function bringUpBoth(rig: SupervisorRig, ...exported: string[]): void {
  rig.bringUp("app:1", ...exported);
  rig.bringUp("app:2", ...exported);
}

/** Of one member, whichever process of its place is the newest. */
function end(rig: SupervisorRig, ...members: string[]): void {
  for (const member of members) rig.endMember(member);
}

const told = (rig: SupervisorRig) => rig.emitted.map(({ type }) => type);
const outcomes = (rig: SupervisorRig) =>
  rig.emitted.flatMap((event) => (event.type === "reload.finished" ? [event.outcome] : []));
const lastOutcome = (rig: SupervisorRig) => outcomes(rig).at(-1);
const readyOf = (rig: SupervisorRig, pool = "app") => rig.tables.at(-1)?.pools.get(pool)?.ready ?? [];
const instancesOf = (rig: SupervisorRig, ...members: string[]) => members.map((id) => rig.instanceOf(id));
const candidateOf = (rig: SupervisorRig, pool = "app") => rig.poolContext(pool)?.candidate ?? null;
const starts = (rig: SupervisorRig) => rig.asked.filter((what) => what.startsWith("start ")).length;

describe("a promotion", () => {
  test("comes with the last worker: until then the old get every call, from then on the new do", () => {
    const rig = starting();
    expect([starts(rig), rig.reloadState("app")]).toEqual([4, "starting"]);
    rig.bringUp("app:1");
    expect(readyOf(rig)).toEqual(instancesOf(rig, "app:1", "app:2"));
    expect(candidateOf(rig)?.generation).toBe(2);
    const [before, events] = [rig.tables.length, rig.emitted.length];
    rig.bringUp("app:2");
    expect(readyOf(rig)).toEqual(instancesOf(rig, "app:1#3", "app:2#4"));
    // At no time was there nobody.
    expect(rig.tables.slice(before).every((table) => table.pools.get("app")?.ready.length !== 0)).toBe(true);
    expect(told(rig).slice(events)).toEqual([
      "worker.ready",
      "worker.ready",
      "generation.promoted",
      "reload.finished",
    ]);
    expect(lastOutcome(rig)).toMatchObject({ from: 1, to: 2, verdict: "identical", error: null });
    expect([candidateOf(rig), rig.poolContext("app")?.generation]).toEqual([null, 2]);
  });

  test("lets the old ones end their calls, and is over when they are gone", () => {
    const rig = promoted();
    expect([rig.workerState("app:1"), rig.workerState("app:2")]).toEqual(["draining", "draining"]);
    rig.sayTo("app:1", { type: "calls.drained" });
    expect(rig.workerState("app:1")).toBe("stopping");
    end(rig, "app:1");
    expect(told(rig)).not.toContain("generation.drained");
    rig.clock.advance(drainMs);
    expect(rig.workerState("app:2")).toBe("stopping");
    end(rig, "app:2");
    expect(told(rig).at(-1)).toBe("generation.drained");
    expect([...rig.members("app").keys()]).toEqual(["app:1#3", "app:2#4"]);
    expect([rig.reloadState("app"), starts(rig)]).toEqual(["watching", 4]);
  });

  test("is told as drained where no old worker has a process: they wait for the breaker, and are not started any more", () => {
    const rig = serving();
    rig.send({ type: "breaker.trip", pool: "app" });
    end(rig, "app:1", "app:2");
    reload(rig);
    bringUpBoth(rig);
    expect(told(rig).slice(-3)).toEqual(["generation.promoted", "generation.drained", "reload.finished"]);
    expect([...rig.members("app").keys()]).toEqual(["app:1#3", "app:2#4"]);
    expect(rig.reloadState("app")).toBe("watching");
  });

  test("ends the wait of an old worker that was to be started again", () => {
    const rig = serving();
    end(rig, "app:1");
    end(rig, "app:1");
    rig.bringUp("app:1");
    end(rig, "app:1");
    expect(rig.workerState("app:1")).toBe("backingOff");
    const before = starts(rig);
    reload(rig);
    bringUpBoth(rig);
    rig.clock.advance(86_400_000);
    end(rig, "app:2");
    expect(starts(rig)).toBe(before + 2);
    expect([...rig.members("app").keys()]).toEqual(["app:1#3", "app:2#4"]);
  });

  test("of what the supervisor finds unchanged is none: nothing is started", () => {
    const rig = serving();
    rig.send({ type: "pool.reload", pool: "app" });
    rig.built("app", { type: "build.succeeded", isSame: true });
    expect([starts(rig), lastOutcome(rig)?.verdict]).toEqual([2, "unchanged"]);
  });

  test("restarts of the new generation are of the new generation", () => {
    const rig = promoted();
    end(rig, "app:1#3");
    rig.clock.advance(0);
    expect(rig.members("app").get("app:1#3")).toMatchObject({ generation: 2, phase: "starting" });
    rig.bringUp("app:1");
    expect(readyOf(rig)).toEqual(instancesOf(rig, "app:2#4", "app:1#3"));
  });
});

describe("a candidate that fails", () => {
  test.each<[string, (rig: SupervisorRig) => void]>([
    ["before it is ready", (rig) => end(rig, "app:1#3")],
    [
      "after it was ready",
      (rig) => {
        rig.bringUp("app:1");
        end(rig, "app:1#3");
      },
    ],
    [
      "with all its workers at once",
      (rig) => {
        rig.bringUp("app:1");
        end(rig, "app:1#3", "app:2#4");
      },
    ],
  ])("%s is ended, and the old serve on as if nothing had been", (_when, fail) => {
    const rig = starting();
    const ready = readyOf(rig);
    fail(rig);
    end(rig, "app:2#4");
    expect(lastOutcome(rig)).toMatchObject({ from: 1, to: 1, verdict: null });
    expect(lastOutcome(rig)?.error).toBe(
      "The new generation cannot be had, because worker app:1 of it ended unasked with exit code 1.",
    );
    expect([candidateOf(rig), readyOf(rig)]).toEqual([null, ready]);
    expect([rig.breakerState("app"), rig.poolContext("app")?.window.endsAtMs]).toEqual(["closed", []]);
    rig.clock.advance(86_400_000);
    expect([starts(rig), rig.reloadState("app"), rig.errors]).toEqual([4, "watching", []]);
  });

  test("is told only when its last process is gone", () => {
    const rig = starting();
    end(rig, "app:1#3");
    expect([rig.workerState("app:2#4"), outcomes(rig)]).toEqual(["terminating", []]);
    end(rig, "app:2#4");
    expect(outcomes(rig)).toHaveLength(1);
  });

  test("is not promoted while one of its workers, ready before, is on its way out", () => {
    const rig = starting();
    rig.bringUp("app:1");
    // Its link is closed, and its process has not ended yet.
    rig.sayTo("app:1#3", { type: "link.closed", reason: "it closed its link" });
    rig.bringUp("app:2");
    expect([rig.workerState("app:1#3"), told(rig)]).toEqual([
      "disconnected",
      expect.not.arrayContaining(["generation.promoted"]),
    ]);
    expect(readyOf(rig)).toEqual(instancesOf(rig, "app:1", "app:2"));
    end(rig, "app:1#3", "app:2#4");
    expect(lastOutcome(rig)?.error).toMatch(/worker app:1 of it/);
  });

  test("has to answer a health check", () => {
    const rig = starting({ isHealthy: false });
    bringUpBoth(rig);
    expect([rig.workerState("app:1#3"), rig.reloadState("app")]).toEqual(["proving", "starting"]);
    rig.sayTo("app:1#3", { type: "health.answered", lagMs: 1 });
    expect(told(rig)).not.toContain("generation.promoted");
    rig.sayTo("app:2#4", { type: "health.answered", lagMs: 1 });
    expect(told(rig)).toContain("generation.promoted");
  });
});

describe("while a candidate starts", () => {
  test("an old worker that crashes is replaced by one of the old generation", () => {
    const rig = starting();
    end(rig, "app:1");
    rig.clock.advance(0);
    expect(rig.members("app").get("app:1")).toMatchObject({ generation: 1, phase: "starting" });
    expect(candidateOf(rig)?.workers.size).toBe(2);
    rig.sayTo("app:1", ...rig.toReady(["app.f"]));
    expect(readyOf(rig)).toEqual(instancesOf(rig, "app:2", "app:1"));
  });

  test("one that is condemned gets a successor of the old generation, which goes with the promotion", () => {
    const rig = starting();
    rig.sayTo("app:1", { type: "worker.condemn", functionName: "app.f", reason: "it is late", drainMs });
    const successor = "app:1#5";
    expect(rig.members("app").get(successor)).toMatchObject({ generation: 1 });
    rig.sayTo("app:1#3", ...rig.toReady(["app.f"]));
    rig.sayTo("app:2#4", ...rig.toReady(["app.f"]));
    expect(readyOf(rig)).toEqual(instancesOf(rig, "app:1#3", "app:2#4"));
    expect(rig.workerState(successor)).toBe("terminating");
    end(rig, "app:1", "app:2", successor);
    expect([...rig.members("app").keys()]).toEqual(["app:1#3", "app:2#4"]);
    expect(rig.reloadState("app")).toBe("watching");
  });

  test("one that is worn gets a successor of the old generation, and none after the promotion", () => {
    const rig = starting();
    rig.sayTo("app:1", { type: "use.exceeded", reason: "it has run 10 calls" });
    expect(rig.members("app").get("app:1#5")).toMatchObject({ generation: 1 });
    rig.sayTo("app:1#3", ...rig.toReady(["app.f"]));
    rig.sayTo("app:2#4", ...rig.toReady(["app.f"]));
    const before = starts(rig);
    rig.sayTo("app:2", { type: "use.exceeded", reason: "it has run 10 calls" });
    end(rig, "app:1", "app:2", "app:1#5");
    expect([starts(rig), [...rig.members("app").keys()]]).toEqual([before, ["app:1#3", "app:2#4"]]);
  });

  test("a change ends it first, so that never more than one is being started", () => {
    const rig = starting();
    rig.send({ type: "pool.reload", pool: "app" });
    expect([rig.reloadState("app"), rig.asked.filter((what) => what === "build app 3")]).toEqual([
      "rollingBack",
      [],
    ]);
    end(rig, "app:1#3", "app:2#4");
    expect(rig.asked.at(-1)).toBe("build app 3");
    rig.built("app", { type: "build.succeeded", isSame: false });
    bringUpBoth(rig);
    expect(outcomes(rig)).toMatchObject([{ from: 1, to: 3 }]);
  });
});

describe("a pool that is stopped or started anew", () => {
  test("ends the candidate with its members", () => {
    const rig = starting();
    rig.send({ type: "pool.remove", pool: "app", drainMs: 0 });
    expect([rig.workerState("app:1#3"), rig.workerState("app:1")]).toEqual(["terminating", "stopping"]);
    end(rig, "app:1", "app:2");
    expect(rig.poolState("app")).toBe("stopping");
    end(rig, "app:1#3", "app:2#4");
    // Whoever waits for the reload hears of the pool's end instead.
    expect(told(rig).at(-1)).toBe("pool.removed");
    expect([rig.poolState("app"), rig.errors]).toEqual(["none", []]);
  });

  test("kills it as well when it has to hurry", () => {
    const rig = starting();
    rig.send({ type: "supervisor.stop", drainMs: 100 });
    rig.send({ type: "supervisor.stop", drainMs: 100 });
    rig.send({ type: "supervisor.stop", drainMs: 100 });
    expect(rig.workerState("app:2#4")).toBe("killing");
    end(rig, "app:1", "app:2", "app:1#3", "app:2#4");
    expect([rig.state, rig.errors]).toEqual(["stopped", []]);
  });

  test("by the strategy fails the reload, and comes back with the old generation", () => {
    const rig = createSupervisorRig(
      [
        { name: "app", workers: 2 },
        { name: "other", workers: 1 },
      ],
      { strategy: "one_for_all" },
    );
    rig.bringUp("app:1");
    rig.bringUp("app:2");
    rig.bringUp("other:1");
    reload(rig);
    rig.bringUp("app:1");
    end(rig, "other:1");
    expect(rig.poolState("app")).toBe("stopping");
    end(rig, "app:1", "app:2", "app:1#3", "app:2#4");
    rig.clock.advance(0);
    expect(rig.poolState("app")).toBe("serving.flowing");
    expect([...rig.members("app")].map(([id, { generation }]) => [id, generation])).toEqual([
      ["app:1", 1],
      ["app:2", 1],
    ]);
    expect(lastOutcome(rig)?.error).toMatch(/because the pool was stopped$/);
    bringUpBoth(rig);
    rig.bringUp("other:1");
    reload(rig);
    bringUpBoth(rig);
    expect(lastOutcome(rig)).toMatchObject({ from: 1, to: 3, error: null });
  });

  test("by the strategy after a promotion comes back with the new generation alone", () => {
    const rig = createSupervisorRig(
      [
        { name: "app", workers: 2 },
        { name: "other", workers: 1 },
      ],
      { strategy: "one_for_all" },
    );
    rig.bringUp("app:1");
    rig.bringUp("app:2");
    rig.bringUp("other:1");
    reload(rig);
    bringUpBoth(rig);
    end(rig, "other:1");
    end(rig, "app:1", "app:2", "app:1#3", "app:2#4");
    rig.clock.advance(0);
    expect([...rig.members("app")].map(([id, { generation }]) => [id, generation])).toEqual([
      ["app:1#3", 2],
      ["app:2#4", 2],
    ]);
    expect(told(rig)).toContain("generation.drained");
  });

  test("takes no reload before it is in service", () => {
    const rig = createSupervisorRig([{ name: "app", workers: 2 }]);
    reload(rig);
    expect(lastOutcome(rig)?.error).toBe(
      "The new generation cannot be had, because the pool is not in service",
    );
    expect([starts(rig), rig.state]).toEqual([2, "starting"]);
  });

  test("takes none at all once the supervisor stops", () => {
    const rig = serving();
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    reload(rig);
    expect(rig.asked).not.toContain("build app 2");
  });
});

describe("a breaker", () => {
  test("that was open is closed by a promotion: what failed runs no more", () => {
    const rig = serving({ policy: { maxRestarts: 0 } });
    end(rig, "app:1");
    expect(rig.breakerState("app")).toBe("open");
    reload(rig);
    bringUpBoth(rig);
    expect([rig.breakerState("app"), rig.poolState("app")]).toEqual(["closed", "serving.flowing"]);
    expect(rig.poolContext("app")?.window.endsAtMs).toEqual([]);
    end(rig, "app:2");
    expect([...rig.members("app").keys()]).toEqual(["app:1#3", "app:2#4"]);
  });

  test("that a person holds stays held: the new serve, and none of them is started again", () => {
    const rig = serving();
    rig.send({ type: "breaker.trip", pool: "app" });
    reload(rig);
    bringUpBoth(rig);
    expect([rig.breakerState("app"), readyOf(rig).length]).toEqual(["forcedOpen", 2]);
    end(rig, "app:1#3");
    rig.clock.advance(86_400_000);
    expect(rig.members("app").get("app:1#3")?.phase).toBe("down");
    rig.send({ type: "breaker.reset", pool: "app" });
    rig.clock.advance(0);
    expect(rig.members("app").get("app:1#3")?.phase).toBe("starting");
  });

  test("stays open where the candidate fails", () => {
    const rig = serving({ policy: { maxRestarts: 0 } });
    end(rig, "app:1");
    reload(rig);
    end(rig, "app:1#3", "app:2#4");
    expect(rig.breakerState("app")).toBe("open");
  });

  test("that is tried while a candidate starts closes all the same", () => {
    const rig = serving({ policy: { maxRestarts: 0 }, cooldownMs: 1000 });
    end(rig, "app:1");
    reload(rig);
    rig.clock.advance(1000);
    expect(rig.poolState("app")).toBe("serving.probing");
    rig.sayTo("app:1#3", ...rig.toReady(["app.f"]));
    rig.sayTo("app:2#4", ...rig.toReady(["app.f"]));
    expect([rig.breakerState("app"), rig.poolState("app")]).toEqual(["closed", "serving.flowing"]);
    expect(rig.workerState("app:1")).toBe("terminating");
    end(rig, "app:1", "app:2");
    expect([rig.breakerState("app"), rig.errors]).toEqual(["closed", []]);
  });
});

describe("further reloads", () => {
  const generations = (rig: SupervisorRig) =>
    new Set([...rig.members("app").values()].map(({ generation }) => generation));

  test("wait for the last but one to be gone: two with calls and one that starts, never more", () => {
    const rig = promoted();
    reload(rig);
    expect([generations(rig).size, candidateOf(rig)?.generation]).toEqual([2, 3]);
    bringUpBoth(rig);
    expect([rig.reloadState("app"), rig.poolContext("app")?.generation]).toEqual(["queueing", 2]);
    end(rig, "app:1");
    expect(rig.reloadState("app")).toBe("queueing");
    end(rig, "app:2");
    expect([rig.reloadState("app"), rig.poolContext("app")?.generation]).toEqual(["retiring", 3]);
    expect([...generations(rig)].sort()).toEqual([2, 3]);
  });

  test("do not wait where somebody is in a hurry: the last but one is stopped", () => {
    const rig = promoted({ reload: { isHurried: true } });
    expect(rig.workerState("app:1")).toBe("draining");
    reload(rig);
    bringUpBoth(rig);
    expect([rig.workerState("app:1"), rig.workerState("app:1#3")]).toEqual(["stopping", "ready"]);
    end(rig, "app:1", "app:2");
    expect(rig.poolContext("app")?.generation).toBe(3);
  });

  test("that crash while they wait are ended, and the one in service is not touched", () => {
    const rig = promoted();
    reload(rig);
    bringUpBoth(rig);
    end(rig, "app:2#6", "app:1#5");
    expect(lastOutcome(rig)).toMatchObject({ from: 2, to: 2 });
    expect(lastOutcome(rig)?.error).toMatch(/worker app:2 of it/);
    expect(readyOf(rig)).toEqual(instancesOf(rig, "app:1#3", "app:2#4"));
    end(rig, "app:1", "app:2");
    expect(rig.reloadState("app")).toBe("watching");
  });
});

describe("names", () => {
  function twoPools(): SupervisorRig {
    const rig = createSupervisorRig([
      { name: "app", workers: 2 },
      { name: "other", workers: 1 },
    ]);
    bringUpBoth(rig, "f");
    rig.bringUp("other:1", "g");
    return rig;
  }

  test("that another pool has are refused, and the old generation serves on", () => {
    const rig = twoPools();
    reload(rig);
    bringUpBoth(rig, "f", "g");
    end(rig, "app:1#3", "app:2#4");
    expect(lastOutcome(rig)?.error).toBe(
      "The new generation cannot be had, because it exports g, which the pool other has already; rename it in one of them, since a name has one home",
    );
    expect([
      rig.tables
        .at(-1)
        ?.pools.get("app")
        ?.exports.map(({ name }) => name),
      rig.state,
    ]).toEqual([["f"], "running"]);
  });

  test("that are gone are refused, unless that is allowed", () => {
    const rig = twoPools();
    reload(rig);
    bringUpBoth(rig, "h");
    end(rig, "app:1#3", "app:2#4");
    expect(lastOutcome(rig)).toMatchObject({ from: 1, to: 1, verdict: "breaking", breaks: ["f is gone"] });
  });

  test("that a generation of another pool waits to bring are refused as well: whoever was first has them", () => {
    const rig = twoPools();
    reload(rig);
    bringUpBoth(rig, "f");
    // The next of app waits for the first to be gone, and brings a function.
    reload(rig);
    bringUpBoth(rig, "f", "new");
    expect(rig.reloadState("app")).toBe("queueing");
    rig.send({ type: "pool.reload", pool: "other" });
    rig.built("other", { type: "build.succeeded", isSame: false });
    rig.bringUp("other:1", "g", "new");
    end(rig, "other:1#2");
    expect(lastOutcome(rig)?.error).toMatch(/it exports new, which the pool app has already/);
    end(rig, "app:1", "app:2");
    expect(lastOutcome(rig)).toMatchObject({ pool: "app", to: 3, verdict: "additive", error: null });
    expect(readyOf(rig)).toHaveLength(2);
  });

  test("that were waited for and did not come are free again", () => {
    const rig = twoPools();
    reload(rig);
    bringUpBoth(rig, "f");
    reload(rig);
    bringUpBoth(rig, "f", "new");
    end(rig, "app:1#5", "app:2#6");
    rig.send({ type: "pool.reload", pool: "other" });
    rig.built("other", { type: "build.succeeded", isSame: false });
    rig.bringUp("other:1", "g", "new");
    expect(lastOutcome(rig)).toMatchObject({ pool: "other", to: 2, error: null });
  });
});

test("a reload manager that fails leaves its pool in service, ends what it began, and says so", () => {
  const rig = starting();
  // What no pool says, and what therefore nothing is written for.
  const { reload: manager } = rig.poolChildren("app");
  manager?.send({ type: "generation.ready", before: null, exports: null });
  expect(lastOutcome(rig)?.error).toMatch(/^Its reload manager failed inside the supervisor: /);
  end(rig, "app:1#3", "app:2#4");
  expect([candidateOf(rig), readyOf(rig).length, rig.state, rig.errors]).toEqual([null, 2, "running", []]);
  rig.send({ type: "pool.reload", pool: "app" });
  expect(outcomes(rig)).toHaveLength(2);
  end(rig, "app:1");
  rig.clock.advance(0);
  rig.bringUp("app:1");
  expect(readyOf(rig)).toHaveLength(2);
});
