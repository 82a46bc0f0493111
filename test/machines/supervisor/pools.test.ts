// What a pool does about its workers, over the real charts: restart kinds and intensity, the spawn breaker, strategies,
// workers that are replaced before they go.

import { describe, expect, test } from "@jest/globals";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import {
  cooldown,
  createSupervisorRig,
  drainMs,
  timings,
  type PlanOfTest,
  type RigOptions,
  type SupervisorRig,
} from "./rig.js";

failOnXstateWarnings();

const types = (rig: SupervisorRig) => rig.emitted.map((event) => event.type);
const pool = (rig: SupervisorRig, name = "app") => rig.tables.at(-1)?.pools.get(name);
const starts = (rig: SupervisorRig, name = "") =>
  rig.asked.filter((what) => what.startsWith(`start ${name}`)).length;
const lastBreaker = (rig: SupervisorRig) =>
  rig.emitted.findLast((event) => event.type.startsWith("breaker."));

function running(pools: readonly PlanOfTest[], options: RigOptions = {}): SupervisorRig {
  const rig = createSupervisorRig(pools, options);
  for (const { name, workers } of pools) {
    for (let place = 1; place <= workers; place++) rig.bringUp(`${name}:${String(place)}`);
  }
  expect(rig.state).toBe("running");
  return rig;
}

describe("restart kinds", () => {
  const cases = [
    ["permanent", 0, true],
    ["transient", 0, false],
    ["transient", 1, true],
    ["temporary", 1, false],
  ] as const;
  test.each(cases)(
    "a %s worker that ends with exit code %s is started again: %s",
    (restartType, code, again) => {
      const rig = running([{ name: "app", workers: 1, restartType }]);
      rig.end("app:1", code);
      rig.clock.advance(60_000);
      expect(starts(rig)).toBe(again ? 2 : 1);
      expect(pool(rig)?.outlook).toEqual(again ? null : expect.objectContaining({ reason: "no-worker" }));
    },
  );
});

/** Ends the worker as soon as it is ready, `times` times over. */
function crashLoop(rig: SupervisorRig, times: number, worker = "app:1"): void {
  for (let n = 0; n < times; n++) {
    rig.end(worker);
    rig.clock.advance(5000);
    if (n < times - 1) rig.bringUp(worker);
  }
}

describe("the spawn breaker", () => {
  const tripped = (): SupervisorRig => {
    const rig = running([{ name: "app", workers: 1 }]);
    crashLoop(rig, 11);
    return rig;
  };

  test("opens at the end above maxRestarts: nothing is started, and calls are told why, since when and until when", () => {
    const rig = tripped();
    expect(rig.state).toBe("running");
    expect(starts(rig)).toBe(11);
    expect(lastBreaker(rig)).toMatchObject({
      type: "breaker.opened",
      pool: "app",
      picture: { state: "open" },
    });
    expect(pool(rig)).toMatchObject({
      ready: [],
      outlook: {
        reason: "breaker-open",
        why: expect.stringMatching(/^starts no workers, because its workers ended 11 times within 60000 ms/),
        breaker: { state: "open" },
      },
    });
  });

  test("never shows calls a moment in which nothing is due without its reason", () => {
    const rig = tripped();
    const reasons = new Set(rig.tables.flatMap(({ pools }) => pools.get("app")?.outlook?.reason ?? []));
    // While a worker is ready the outlook is what comes after it; with none ready it is only ever the breaker's.
    const without = rig.tables.filter(({ pools }) => pools.get("app")?.ready.length === 0);
    const refused = without.flatMap(({ pools }) => pools.get("app")?.outlook?.reason ?? []);
    expect([...new Set(refused)]).toEqual(["breaker-open"]);
    expect(reasons).toContain("no-worker");
  });

  test("lets one start through when its time is over; closes when that becomes ready, and forgets the past", () => {
    const rig = tripped();
    rig.clock.advance(cooldown.cooldownMs - 5001);
    expect(starts(rig)).toBe(11);
    rig.clock.advance(1);
    expect([starts(rig), lastBreaker(rig)?.type, pool(rig)?.outlook]).toEqual([
      12,
      "breaker.halfOpened",
      null,
    ]);
    rig.bringUp("app:1");
    expect(lastBreaker(rig)?.type).toBe("breaker.closed");
    rig.end("app:1");
    expect(lastBreaker(rig)?.type).toBe("breaker.closed");
  });

  test("opens again when that start fails, for twice as long, up to the cap", () => {
    const rig = tripped();
    const waits = [30_000, 60_000, 120_000, 240_000, 300_000, 300_000];
    let waited = 5000;
    for (const waitMs of waits) {
      const before = starts(rig);
      rig.clock.advance(waitMs - waited - 1);
      expect(starts(rig)).toBe(before);
      rig.clock.advance(1);
      expect(starts(rig)).toBe(before + 1);
      rig.end("app:1");
      waited = 0;
      expect(lastBreaker(rig)?.type).toBe("breaker.opened");
    }
  });

  test("opens after maxFailedStarts starts in a row that did not become ready", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.end("app:1");
    for (const waitMs of [0, 100, 500, 2000, 5000]) {
      expect(lastBreaker(rig)).toBeUndefined();
      rig.clock.advance(waitMs);
      rig.end("app:1");
    }
    expect(lastBreaker(rig)).toMatchObject({
      picture: { why: "5 starts in a row did not become ready" },
    });
  });

  test("leaves those that are ready in service, calls off starts that only wait, and starts all when it closes", () => {
    const rig = running([{ name: "app", workers: 3 }]);
    for (let n = 0; n < 9; n++) {
      rig.end("app:2");
      rig.clock.advance(5000);
      rig.bringUp("app:2");
    }
    rig.end("app:3");
    expect(rig.workerState("app:3")).toBe("backingOff");
    rig.end("app:2");
    expect([rig.workerState("app:2"), rig.workerState("app:3")]).toEqual(["exited", "exited"]);
    expect(lastBreaker(rig)?.type).toBe("breaker.opened");
    expect(pool(rig)?.ready).toHaveLength(1);
    const before = starts(rig);
    rig.clock.advance(cooldown.cooldownMs);
    expect(starts(rig)).toBe(before + 1);
    const probe = ["app:2", "app:3"].find((id) => rig.workerState(id) === "spawning") ?? "";
    rig.bringUp(probe);
    rig.clock.advance(0);
    expect(starts(rig)).toBe(before + 2);
  });

  /** Opened by a worn worker that fell once too often, while its successor was on its way. */
  const openWithSuccessor = (): SupervisorRig => {
    const rig = running([{ name: "app", workers: 1 }], { cooldownMs: 1000 });
    crashLoop(rig, 10);
    rig.bringUp("app:1");
    rig.say("app:1", { type: "use.exceeded", reason: "it has run 10 calls" });
    rig.sayTo("app:1", { type: "process.exited", exitCode: 1, signal: null, stderrTail: "" });
    rig.clock.advance(100);
    expect([rig.breakerState("app"), rig.workerState("app:1#2")]).toEqual(["open", "spawning"]);
    return rig;
  };

  test("takes a worker that is on its way as the one that is tried", () => {
    for (const isGood of [true, false]) {
      const rig = openWithSuccessor();
      rig.clock.advance(950);
      expect([rig.breakerState("app"), rig.workerState("app:1#2")]).toEqual(["halfOpen", "spawning"]);
      if (isGood) rig.sayTo("app:1#2", ...rig.toReady(["app.f"]));
      else rig.sayTo("app:1#2", { type: "process.failed", reason: "no such program" });
      expect(lastBreaker(rig)?.type).toBe(isGood ? "breaker.closed" : "breaker.opened");
    }
  });

  test("closes with its reason when there is nobody to try", () => {
    const rig = openWithSuccessor();
    rig.sayTo("app:1#2", ...rig.toReady(["app.f"]));
    rig.clock.advance(950);
    expect(lastBreaker(rig)).toMatchObject({
      type: "breaker.closed",
      picture: { why: "none of its workers is down" },
    });
    const gone = running([{ name: "app", workers: 12, restartType: "temporary" }], { cooldownMs: 1000 });
    for (let place = 1; place <= 12; place++) gone.end(`app:${String(place)}`);
    expect(lastBreaker(gone)?.type).toBe("breaker.opened");
    gone.clock.advance(1000);
    expect(lastBreaker(gone)?.type).toBe("breaker.closed");
    expect(pool(gone)?.outlook).toMatchObject({ reason: "no-worker" });
  });

  test("does not count ends that were asked for, nor those that are charged to a quarantined function", () => {
    const rig = running([{ name: "app", workers: 1 }], { isExcused: () => true });
    crashLoop(rig, 30);
    expect(lastBreaker(rig)).toBeUndefined();
    const other = running([{ name: "app", workers: 1 }]);
    for (let n = 0; n < 20; n++) {
      other.say("app:1", { type: "worker.kill", reason: "it was told to" });
      other.end("app:1");
      other.clock.advance(5000);
      other.bringUp("app:1");
    }
    expect(lastBreaker(other)).toBeUndefined();
  });

  test("can be opened and closed by hand, and says so", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.send({ type: "breaker.trip", pool: "app" });
    expect(lastBreaker(rig)).toMatchObject({ type: "breaker.opened", picture: { state: "forcedOpen" } });
    rig.end("app:1");
    rig.clock.advance(3_600_000);
    expect([starts(rig), pool(rig)?.outlook?.reason]).toEqual([1, "breaker-open"]);
    rig.send({ type: "breaker.reset", pool: "app" });
    rig.clock.advance(0);
    expect([starts(rig), lastBreaker(rig)?.type, pool(rig)?.outlook]).toEqual([2, "breaker.closed", null]);
  });

  test("does not stand in the way of a stop", () => {
    const rig = tripped();
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.clock.advance(0);
    expect([rig.state, rig.errors, rig.clock.timerCount]).toEqual(["stopped", [], 0]);
  });
});

describe("strategies", () => {
  const three = ["a", "b", "c"].map((name) => ({ name, workers: 1 }));
  const started = (strategy: "one_for_all" | "rest_for_one") => {
    const rig = createSupervisorRig(three, { strategy });
    for (const { name } of three) {
      expect(starts(rig)).toBe(three.findIndex((each) => each.name === name) + 1);
      rig.bringUp(`${name}:1`);
    }
    expect(rig.state).toBe("running");
    return rig;
  };

  test("rest_for_one starts one pool after the other, and restarts those after the one whose worker ended", () => {
    const rig = started("rest_for_one");
    rig.end("b:1");
    expect(rig.asked.filter((what) => what.startsWith("shutdown"))).toEqual(["shutdown c:1"]);
    expect(pool(rig, "a")?.ready).toHaveLength(1);
    expect(pool(rig, "c")).toMatchObject({ ready: [], outlook: null });
    rig.clock.advance(0);
    rig.end("c:1", 0);
    expect(starts(rig, "c")).toBe(1);
    rig.bringUp("b:1");
    rig.clock.advance(0);
    expect(starts(rig, "c")).toBe(2);
    rig.bringUp("c:1");
    expect([starts(rig, "a"), pool(rig, "c")?.ready.length]).toEqual([1, 1]);
  });

  test("one_for_all restarts all others, in their order", () => {
    const rig = started("one_for_all");
    rig.end("b:1");
    expect(rig.asked.filter((what) => what.startsWith("shutdown"))).toEqual(["shutdown c:1", "shutdown a:1"]);
    rig.end("a:1", 0);
    rig.end("c:1", 0);
    rig.clock.advance(0);
    rig.bringUp("b:1");
    rig.clock.advance(0);
    expect([starts(rig, "a"), starts(rig, "c")]).toEqual([2, 1]);
    rig.bringUp("a:1");
    rig.clock.advance(0);
    expect(starts(rig, "c")).toBe(2);
  });

  test("an end that was asked for brings nobody down", () => {
    const rig = started("one_for_all");
    rig.say("b:1", { type: "worker.kill", reason: "it was told to" });
    rig.end("b:1");
    expect(rig.asked.filter((what) => what.startsWith("shutdown"))).toEqual([]);
  });

  test("the restarts of others do not count in their windows", () => {
    const rig = started("rest_for_one");
    for (let n = 0; n < 10; n++) {
      rig.end("a:1");
      rig.end("c:1", 0);
      rig.end("b:1", 0);
      rig.clock.advance(5000);
      for (const { name } of three) {
        rig.bringUp(`${name}:1`);
        rig.clock.advance(0);
      }
    }
    expect(types(rig)).not.toContain("breaker.opened");
  });

  test("pools that bring each other down wait longer each time: a restart forgets no end", () => {
    const names = ["a:1", "b:1"];
    const rig = createSupervisorRig(three.slice(0, 2), { strategy: "one_for_all" });
    let falls = 0;
    for (let passedMs = 0; passedMs < 60_000; passedMs += 100) {
      for (const name of names) if (rig.workerState(name) === "spawning") rig.bringUp(name);
      rig.clock.advance(100);
      if (!names.every((name) => rig.workerState(name) === "ready")) continue;
      const [falling, other] = falls++ % 2 === 0 ? ["a:1", "b:1"] : ["b:1", "a:1"];
      rig.end(falling);
      rig.end(other, 0);
    }
    expect(falls).toBeLessThan(22);
  });

  test("whoever follows a pool is started again as soon as any worker of that is ready", () => {
    const pools = [
      { name: "a", workers: 2 },
      { name: "b", workers: 1 },
    ];
    const rig = createSupervisorRig(pools, { strategy: "rest_for_one" });
    for (const worker of ["a:1", "a:2", "b:1"]) rig.bringUp(worker);
    rig.end("a:1");
    rig.end("b:1", 0);
    rig.clock.advance(0);
    expect([rig.workerState("a:1"), rig.workerState("a:2"), starts(rig, "b")]).toEqual([
      "spawning",
      "ready",
      2,
    ]);
  });

  test("it can be stopped in the middle of it", () => {
    const rig = started("rest_for_one");
    rig.end("a:1");
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.clock.advance(0);
    rig.end("b:1");
    rig.end("c:1");
    rig.clock.advance(timings.shutdownMs + timings.terminateMs);
    expect([rig.state, rig.errors]).toEqual(["stopped", []]);
  });
});

describe("a worker that is worn", () => {
  const worn = { type: "use.exceeded", reason: "it has run 10 calls" } as const;

  test("serves until its successor is ready, drains, and is gone; its place has one id throughout", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.say("app:1", worn);
    expect([starts(rig), pool(rig)?.ready]).toEqual([2, [1]]);
    rig.sayTo("app:1#2", ...rig.toReady(["app.f"]));
    expect(pool(rig)?.ready).toEqual([2]);
    expect([rig.workerState("app:1"), rig.workerState("app:1#2")]).toEqual(["draining", "ready"]);
    const since = rig.tables.findIndex(({ pools }) => pools.get("app")?.ready.length === 1);
    expect(rig.tables.slice(since).map(({ pools }) => pools.get("app")?.ready)).toEqual([[1], [1, 2], [2]]);
    rig.sayTo("app:1", { type: "calls.drained" });
    rig.sayTo("app:1", { type: "process.exited", exitCode: 0, signal: null, stderrTail: "" });
    rig.clock.advance(100);
    expect([rig.workerState("app:1"), pool(rig)?.ready]).toEqual(["none", [2]]);
    expect(types(rig)).not.toContain("breaker.opened");
  });

  test("waits for its turn: of a pool of eight, two at once", () => {
    const rig = running([{ name: "app", workers: 8 }]);
    for (const place of [1, 2, 3]) rig.say(`app:${String(place)}`, worn);
    expect(starts(rig)).toBe(10);
    rig.sayTo("app:1#9", ...rig.toReady(["app.f"]));
    rig.sayTo("app:1", { type: "calls.drained" });
    rig.sayTo("app:1", { type: "process.exited", exitCode: 0, signal: null, stderrTail: "" });
    rig.clock.advance(100);
    expect(starts(rig)).toBe(11);
    expect(pool(rig)?.ready).toHaveLength(8);
  });

  test("while the breaker is open waits for its end, and is replaced then", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.send({ type: "breaker.trip", pool: "app" });
    rig.say("app:1", worn);
    expect(starts(rig)).toBe(1);
    rig.send({ type: "breaker.reset", pool: "app" });
    expect([starts(rig), rig.workerState("app:1#2")]).toEqual([2, "spawning"]);
  });

  test("and ends by itself before its turn is worn no more: its next process is left alone", () => {
    const rig = running([{ name: "app", workers: 2 }]);
    rig.say("app:1", worn);
    rig.say("app:2", worn);
    rig.end("app:2");
    rig.clock.advance(100);
    rig.sayTo("app:2", ...rig.toReady(["app.f"]));
    rig.sayTo("app:1#3", ...rig.toReady(["app.f"]));
    rig.sayTo("app:1", { type: "calls.drained" });
    rig.sayTo("app:1", { type: "process.exited", exitCode: 0, signal: null, stderrTail: "" });
    rig.clock.advance(100);
    expect([...rig.members("app").keys()].sort()).toEqual(["app:1#3", "app:2"]);
  });

  test("of a temporary pool gets a successor that is tried again, as long as it is there itself", () => {
    const rig = running([{ name: "app", workers: 2, restartType: "temporary" }]);
    for (const place of [1, 2]) rig.say(`app:${String(place)}`, worn);
    for (const waitMs of [0, 100]) {
      rig.sayTo("app:1#3", { type: "process.failed", reason: "no such program" });
      rig.clock.advance(waitMs);
    }
    expect([starts(rig), pool(rig)?.ready]).toEqual([5, [1, 2]]);
    rig.sayTo("app:1#3", ...rig.toReady(["app.f"]));
    rig.sayTo("app:1", { type: "calls.drained" });
    rig.sayTo("app:1", { type: "process.exited", exitCode: 0, signal: null, stderrTail: "" });
    rig.clock.advance(100);
    expect([...rig.members("app").keys()]).toEqual(["app:2", "app:1#3", "app:2#4"]);
    rig.sayTo("app:2", { type: "process.exited", exitCode: 1, signal: null, stderrTail: "" });
    rig.clock.advance(100);
    rig.sayTo("app:2#4", { type: "process.failed", reason: "no such program" });
    rig.clock.advance(60_000);
    expect(rig.workerState("app:2#4")).toBe("exited");
  });

  test("that dies before its successor is ready is not started twice", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.say("app:1", worn);
    rig.sayTo("app:1", { type: "process.exited", exitCode: 1, signal: null, stderrTail: "" });
    rig.clock.advance(100);
    expect([starts(rig), pool(rig)?.outlook]).toEqual([2, null]);
    rig.sayTo("app:1#2", ...rig.toReady(["app.f"]));
    expect(pool(rig)?.ready).toEqual([2]);
  });
});

describe("a worker that is condemned", () => {
  const condemn = {
    type: "worker.condemn",
    functionName: "f",
    reason: "it did not answer f",
    drainMs,
  } as const;
  const spared = { type: "worker.examined", stuck: null, isResponsive: true } as const;

  test("gets no new calls, its successor is started at once, and it is killed when its calls have ended", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.say("app:1", condemn);
    expect(pool(rig)).toMatchObject({ ready: [], outlook: null });
    expect(starts(rig)).toBe(2);
    rig.sayTo("app:1", spared, { type: "calls.drained" });
    expect(rig.asked.at(-1)).toBe("SIGKILL app:1");
    rig.sayTo("app:1", { type: "process.exited", exitCode: null, signal: "SIGKILL", stderrTail: "" });
    rig.clock.advance(100);
    const exit = rig.emitted.findLast((event) => event.type === "worker.exited");
    expect(exit).toMatchObject({ wasAsked: true, reason: "was ended because it did not answer f" });
    expect(rig.workerState("app:1")).toBe("none");
  });

  test("that is stuck is killed now, and counts as dead unasked", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.say("app:1", condemn);
    rig.sayTo("app:1", { type: "worker.examined", stuck: "it is stuck in f", isResponsive: false });
    expect(rig.asked.at(-1)).toBe("SIGKILL app:1");
    rig.sayTo("app:1", { type: "process.exited", exitCode: null, signal: "SIGKILL", stderrTail: "" });
    rig.clock.advance(100);
    const exit = rig.emitted.findLast((event) => event.type === "worker.exited");
    expect(exit).toMatchObject({ wasAsked: false, reason: "was ended because it is stuck in f" });
  });

  test("is one at a time for each place: a further one has the oldest killed", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.say("app:1", condemn);
    rig.sayTo("app:1", spared);
    rig.sayTo("app:1#2", ...rig.toReady(["app.f"]));
    rig.sayTo("app:1#2", condemn);
    expect(rig.asked.slice(-3)).toContain("SIGKILL app:1");
    expect(rig.workerState("app:1")).toBe("killing");
    expect(rig.workerState("app:1#2")).toBe("examining");
  });

  test("while it drains is killed when its other calls have ended, or its drain", () => {
    for (const end of ["calls", "time"] as const) {
      const rig = running([{ name: "app", workers: 1 }]);
      rig.say("app:1", { type: "use.exceeded", reason: "it has run 10 calls" });
      rig.sayTo("app:1#2", ...rig.toReady(["app.f"]));
      rig.clock.advance(drainMs - 1000);
      rig.sayTo("app:1", condemn);
      expect([rig.workerState("app:1"), starts(rig)]).toEqual(["owing", 2]);
      expect(types(rig)).toContain("worker.condemned");
      if (end === "calls") rig.sayTo("app:1", { type: "calls.drained" });
      else rig.clock.advance(1000);
      expect([rig.workerState("app:1"), rig.asked.at(-1)]).toEqual(["killing", "SIGKILL app:1"]);
      rig.sayTo("app:1", { type: "process.exited", exitCode: null, signal: "SIGKILL", stderrTail: "" });
      rig.clock.advance(100);
      const exit = rig.emitted.findLast((event) => event.type === "worker.exited");
      expect(exit).toMatchObject({ wasAsked: true, reason: "was ended because it did not answer f" });
      expect([rig.workerState("app:1"), pool(rig)?.ready]).toEqual(["none", [2]]);
    }
  });

  test("whose pool is removed lives no longer than that lets it, nor than it would have", () => {
    for (const [given, livesMs] of [
      [1000, 1000],
      [2 * drainMs, drainMs - 2000],
    ] as const) {
      const rig = running([{ name: "app", workers: 1 }]);
      rig.say("app:1", condemn);
      rig.sayTo("app:1", spared);
      rig.clock.advance(2000);
      rig.send({ type: "pool.remove", pool: "app", drainMs: given });
      rig.clock.advance(livesMs - 1);
      expect(rig.workerState("app:1")).toBe("spared");
      rig.clock.advance(1);
      expect(rig.workerState("app:1")).toBe("killing");
    }
  });

  test("is not counted twice: while the oldest is still dying, a further one has the next killed", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    for (const id of ["app:1", "app:1#2", "app:1#3"]) {
      if (id !== "app:1") rig.sayTo(id, ...rig.toReady(["app.f"]));
      rig.sayTo(id, condemn, spared);
    }
    expect(["app:1", "app:1#2", "app:1#3"].map(rig.workerState)).toEqual(["killing", "killing", "spared"]);
  });

  test("is not followed by another while the breaker is open", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.send({ type: "breaker.trip", pool: "app" });
    rig.say("app:1", condemn);
    expect(starts(rig)).toBe(1);
    rig.sayTo("app:1", { type: "worker.examined", stuck: "it is stuck in f", isResponsive: false });
    rig.sayTo("app:1", { type: "process.exited", exitCode: null, signal: "SIGKILL", stderrTail: "" });
    rig.clock.advance(100);
    rig.send({ type: "breaker.reset", pool: "app" });
    rig.clock.advance(0);
    expect(starts(rig)).toBe(2);
  });

  test("while the breaker is open leaves calls nothing to wait for", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.send({ type: "breaker.trip", pool: "app" });
    rig.say("app:1", condemn);
    rig.sayTo("app:1", spared);
    expect(pool(rig)).toMatchObject({ ready: [], outlook: { reason: "breaker-open" } });
  });

  test("while the breaker is open owes nothing in its next process", () => {
    const rig = running([{ name: "app", workers: 1 }]);
    rig.send({ type: "breaker.trip", pool: "app" });
    rig.say("app:1", condemn);
    rig.sayTo("app:1", { type: "worker.examined", stuck: "it is stuck in f", isResponsive: false });
    rig.end("app:1");
    rig.send({ type: "breaker.reset", pool: "app" });
    rig.clock.advance(0);
    rig.sayTo("app:1", ...rig.toReady(["app.f"]), { type: "use.exceeded", reason: "it is worn" });
    rig.sayTo("app:1#2", ...rig.toReady(["app.f"]));
    expect([rig.workerState("app:1"), pool(rig)?.ready]).toEqual(["draining", [3]]);
  });
});
