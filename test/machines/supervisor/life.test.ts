import { describe, expect, test } from "@jest/globals";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { cooldown, createSupervisorRig, timings, type SupervisorRig } from "./rig.js";

failOnXstateWarnings();

const one = [{ name: "app", workers: 1 }];
const two = [{ name: "app", workers: 2 }];
const twoPools = [
  { name: "a", workers: 1 },
  { name: "b", workers: 1 },
];
const none = expect.objectContaining({ reason: "no-worker" });
const types = (rig: SupervisorRig) => rig.emitted.map((event) => event.type);
const admission = (rig: SupervisorRig) => rig.tables.at(-1)?.admission;
const app = (rig: SupervisorRig) => rig.tables.at(-1)?.pools.get("app");
const running = (pools = one): SupervisorRig => {
  const rig = createSupervisorRig(pools);
  for (const { name, workers } of pools) {
    for (let place = 1; place <= workers; place++) rig.bringUp(`${name}:${String(place)}`);
  }
  return rig;
};

describe("start", () => {
  test("is complete when every pool has had one ready worker, not before, and does not wait for the others", () => {
    const rig = createSupervisorRig([...two, { name: "b", workers: 2 }]);
    expect(rig.asked).toEqual(["start app:1", "start app:2", "start b:1", "start b:2"]);
    rig.bringUp("app:2");
    expect(rig.state).toBe("starting");
    rig.bringUp("b:1");
    expect(rig.state).toBe("running");
  });

  test("calls may wait from the first table on: every place is due", () => {
    const rig = createSupervisorRig(one);
    expect(app(rig)).toMatchObject({ ready: [], outlook: null, exports: [] });
    rig.bringUp("app:1", "math.add");
    expect(app(rig)).toMatchObject({ ready: [1], outlook: none, exports: [{ name: "math.add" }] });
  });

  const failures: [string, (rig: SupervisorRig) => void, RegExp][] = [
    [
      "a program that is not there",
      (rig) => {
        rig.say("a:1", { type: "process.failed", reason: "it was not found" });
      },
      /^Worker a:1 could not be started: it was not found\.$/,
    ],
    [
      "an exit",
      (rig) => {
        rig.end("a:1", 7);
      },
      /^Worker a:1 ended unasked with exit code 7\.$/,
    ],
    [
      "a refused handshake",
      (rig) => {
        rig.say(
          "a:1",
          { type: "process.spawned", pid: 1 },
          { type: "link.opened" },
          { type: "handshake.refused", reason: "it speaks 2.0" },
        );
        rig.end("a:1");
      },
      /^Worker a:1 was ended because it speaks 2\.0\.$/,
    ],
    [
      "silence",
      (rig) => {
        rig.clock.advance(timings.connectTimeoutMs);
        rig.end("a:1");
      },
      /^Worker a:1 was ended because it did not become ready within 10000 ms; if it needs longer, raise connectTimeoutMs\.$/,
    ],
  ];
  test.each(failures)(
    "%s in a pool that never had a ready worker ends it, and the other pools with it",
    (_what, fail, message) => {
      const rig = createSupervisorRig(twoPools);
      rig.bringUp("b:1");
      fail(rig);
      expect([rig.state, rig.failure]).toEqual(["stopping", expect.stringMatching(message)]);
      expect(admission(rig)).toBe("closed");
      expect(rig.asked.filter((what) => what === "start a:1")).toHaveLength(1);
      rig.end("b:1", 0);
      expect([rig.state, rig.status, rig.errors]).toEqual(["failed", "done", []]);
      expect(rig.clock.timerCount).toBe(0);
    },
  );

  test("one name in two pools ends it and names both", () => {
    const rig = createSupervisorRig(twoPools);
    rig.bringUp("a:1", "f");
    rig.bringUp("b:1", "f");
    expect(rig.failure).toContain("The pools a and b both export f");
    rig.end("a:1", 0);
    rig.end("b:1", 0);
    expect(rig.state).toBe("failed");
  });

  test("a second place that fails while its pool has a ready worker is started again", () => {
    const rig = createSupervisorRig(two);
    rig.bringUp("app:1");
    rig.end("app:2");
    expect(rig.state).toBe("running");
    rig.clock.advance(0);
    expect(rig.asked.filter((what) => what === "start app:2")).toHaveLength(2);
  });

  test("a stop during it ends every worker and is no failure", () => {
    const rig = createSupervisorRig(two);
    rig.send({ type: "supervisor.stop", drainMs: 1000 });
    expect(rig.asked.slice(-2)).toEqual(["SIGTERM app:1", "SIGTERM app:2"]);
    rig.end("app:1");
    rig.end("app:2");
    expect([rig.state, rig.failure]).toEqual(["stopped", undefined]);
  });
});

describe("restart", () => {
  const starts = (rig: SupervisorRig) => rig.asked.filter((what) => what.startsWith("start")).length;

  test("waits 0, 100, 500, 2000, 5000, 5000 ms for a worker that crashes as soon as it is ready", () => {
    const rig = running();
    for (const waitMs of [0, 100, 500, 2000, 5000, 5000]) {
      const before = starts(rig);
      rig.end("app:1");
      if (waitMs > 0) {
        rig.clock.advance(Math.max(0, waitMs - 1));
        expect(starts(rig)).toBe(before);
        expect(app(rig)).toMatchObject({ ready: [], outlook: null });
        rig.clock.advance(1);
      } else {
        rig.clock.advance(0);
      }
      expect(starts(rig)).toBe(before + 1);
      rig.bringUp("app:1");
    }
  });

  test("starts the row anew after resetAfterMs of service", () => {
    const rig = running();
    for (let n = 0; n < 3; n++) {
      rig.end("app:1");
      rig.clock.advance(10_000);
      rig.bringUp("app:1");
    }
    rig.clock.advance(30_000);
    rig.end("app:1");
    rig.clock.advance(0);
    expect(rig.workerState("app:1")).toBe("spawning");
  });

  test("is for the one worker that ended; the router sends nothing there meanwhile", () => {
    const rig = running(two);
    rig.end("app:1");
    expect(app(rig)).toMatchObject({ ready: [2], outlook: null });
    expect(starts(rig)).toBe(2);
    rig.clock.advance(0);
    rig.bringUp("app:1");
    expect([...(app(rig)?.ready ?? [])].sort()).toEqual([2, 3]);
    expect(app(rig)?.outlook).toEqual(none);
  });

  test("is told to the world: who ended, how, and who is ready again", () => {
    const rig = running();
    rig.say("app:1", { type: "link.closed", reason: "" });
    rig.say("app:1", { type: "process.exited", exitCode: null, signal: "SIGSEGV", stderrTail: "oh\n" });
    rig.clock.advance(0);
    rig.bringUp("app:1");
    expect(types(rig)).toEqual(["worker.ready", "worker.exited", "worker.ready"]);
    expect(rig.emitted[1]).toMatchObject({
      workerId: "app:1",
      reason: "was killed by SIGSEGV",
      wasAsked: false,
      stderrTail: "oh\n",
    });
  });

  test("with other exports is told as exports.changed", () => {
    const rig = running();
    rig.end("app:1");
    rig.clock.advance(0);
    rig.bringUp("app:1", "app.g");
    expect(types(rig).at(-1)).toBe("exports.changed");
    expect(app(rig)?.exports.map((each) => each.name)).toEqual(["app.g"]);
  });
});

describe("a worker that comes back with a name that another pool has", () => {
  const ways: [string, (rig: SupervisorRig) => void][] = [
    ["running", () => undefined],
    [
      "refusing",
      (rig) => {
        rig.send({ type: "supervisor.drain" });
      },
    ],
    [
      "draining",
      (rig) => {
        rig.send({ type: "supervisor.stop", drainMs: 60_000 });
      },
    ],
  ];
  test.each(ways)(
    "is never routed in %s: it is ended as a failed start, and the reason is told",
    (state, lead) => {
      const rig = running(twoPools);
      lead(rig);
      rig.end("b:1");
      rig.clock.advance(0);
      const tables = rig.tables.length;
      rig.bringUp("b:1", "b.f", "a.f");
      expect([rig.state, rig.workerState("b:1"), rig.asked.at(-1)]).toEqual([
        state,
        "killing",
        "SIGKILL b:1",
      ]);
      for (const table of rig.tables.slice(tables)) {
        expect(table.pools.get("a")).toMatchObject({ ready: [1], exports: [{ name: "a.f" }] });
        expect(table.pools.get("b")).toMatchObject({ ready: [], outlook: null, exports: [{ name: "b.f" }] });
      }
      const ready = types(rig).filter((type) => type === "worker.ready").length;
      rig.end("b:1");
      expect(ready).toBe(2);
      expect(rig.emitted.at(-1)).toMatchObject({
        type: "worker.exited",
        workerId: "b:1",
        wasAsked: false,
        wasReady: false,
        reason:
          "was ended because it exports a.f, which the pool a has already; rename it in one of them, since a name has one home",
      });
    },
  );

  test("is started again at the pace of failed starts, and serves once the name is its own", () => {
    const rig = running(twoPools);
    rig.end("b:1");
    for (const waitMs of [0, 100, 500, 2000]) {
      rig.clock.advance(Math.max(0, waitMs - 1));
      if (waitMs > 0) expect(rig.workerState("b:1")).toBe("backingOff");
      rig.clock.advance(1);
      rig.bringUp("b:1", "a.f");
      rig.end("b:1");
    }
    rig.clock.advance(5000);
    rig.bringUp("b:1", "b.g");
    expect(rig.tables.at(-1)?.pools.get("b")).toMatchObject({ exports: [{ name: "b.g" }], outlook: none });
  });

  test("opens its pool's breaker when it does so maxFailedStarts times in a row", () => {
    const rig = running(twoPools);
    rig.end("b:1");
    for (const waitMs of [0, 100, 500, 2000, 5000]) {
      expect(rig.breakerState("b")).toBe("closed");
      rig.clock.advance(waitMs);
      rig.bringUp("b:1", "a.f");
      rig.end("b:1");
    }
    expect(rig.emitted.at(-1)).toMatchObject({
      type: "breaker.opened",
      pool: "b",
      picture: { why: "5 starts in a row did not become ready" },
    });
  });

  test("is a probe that failed", () => {
    const rig = running(twoPools);
    rig.end("b:1");
    for (const waitMs of [0, 100, 500, 2000, 5000]) {
      rig.clock.advance(waitMs);
      rig.end("b:1");
    }
    rig.clock.advance(cooldown.cooldownMs);
    expect(rig.breakerState("b")).toBe("halfOpen");
    rig.bringUp("b:1", "a.f");
    rig.end("b:1");
    expect(types(rig)).not.toContain("breaker.closed");
    expect(rig.emitted.at(-1)).toMatchObject({
      type: "breaker.opened",
      picture: { why: expect.stringContaining("it exports a.f, which the pool a has already") },
    });
  });

  test("takes nobody's place: the worn worker it was to follow serves on", () => {
    const rig = running(twoPools);
    rig.say("b:1", { type: "use.exceeded", reason: "it has run 10 calls" });
    rig.sayTo("b:1#2", ...rig.toReady(["a.f"]));
    expect([rig.workerState("b:1"), rig.workerState("b:1#2")]).toEqual(["ready", "killing"]);
    expect(rig.tables.at(-1)?.pools.get("b")?.ready).toEqual([2]);
  });
});

describe("stop", () => {
  const draining = (pools = one) => {
    const rig = running(pools);
    rig.send({ type: "supervisor.stop", drainMs: 1000 });
    return rig;
  };

  test("refuses new calls at once and waits for those under way", () => {
    const rig = draining();
    expect([rig.state, admission(rig), types(rig).at(-1)]).toEqual([
      "draining",
      "draining",
      "supervisor.draining",
    ]);
    expect(rig.asked.at(-1)).toBe("awaitDrain");
    expect(app(rig)?.ready).toEqual([1]);
    rig.send({ type: "calls.drained" });
    expect([rig.state, admission(rig), rig.asked.at(-1)]).toEqual(["stopping", "closed", "shutdown app:1"]);
    expect(rig.asked).not.toContain("endDrain");
    rig.end("app:1", 0);
    expect([rig.state, rig.status]).toEqual(["stopped", "done"]);
  });

  test("ends the calls that outlive drainMs", () => {
    const rig = draining();
    rig.clock.advance(999);
    expect(rig.state).toBe("draining");
    rig.clock.advance(1);
    expect([rig.state, rig.asked.slice(-2)]).toEqual(["stopping", ["endDrain", "shutdown app:1"]]);
  });

  test("said again it hurries: the drain is cut short, then workers are killed", () => {
    const rig = draining(two);
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    expect([rig.state, rig.asked.slice(-3)]).toEqual([
      "stopping",
      ["endDrain", "shutdown app:1", "shutdown app:2"],
    ]);
    rig.end("app:1", 0);
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    expect(rig.asked.filter((what) => what.startsWith("SIGKILL"))).toEqual(["SIGKILL app:2"]);
    rig.end("app:2");
    expect(rig.state).toBe("stopped");
  });

  test("a worker that crashes during the drain is started again, for the calls that wait", () => {
    const rig = draining();
    rig.end("app:1");
    rig.clock.advance(0);
    rig.bringUp("app:1");
    expect([rig.state, app(rig)?.ready]).toEqual(["draining", [2]]);
  });

  test("a worker that crashes while it is being stopped is not", () => {
    const rig = draining();
    rig.send({ type: "calls.drained" });
    rig.end("app:1", 1);
    rig.clock.advance(60_000);
    expect(rig.asked.filter((what) => what.startsWith("start"))).toHaveLength(1);
    expect(app(rig)).toMatchObject({ ready: [], outlook: { reason: "closed" } });
  });

  test("a worker that waits for its next start is gone at once, and its crash is not told a second time", () => {
    const rig = running();
    for (let n = 0; n < 3; n++) {
      rig.end("app:1");
      if (n < 2) {
        rig.clock.advance(1000);
        rig.bringUp("app:1");
      }
    }
    expect(rig.workerState("app:1")).toBe("backingOff");
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.clock.advance(0);
    expect(rig.state).toBe("stopped");
    expect(rig.emitted.at(-1)).toMatchObject({ type: "worker.exited", pid: null, wasAsked: true });
    expect(rig.clock.timerCount).toBe(0);
  });
});

describe("drain", () => {
  test("closes the door, is told once, keeps and replaces the workers, and waits for a stop", () => {
    const rig = running();
    rig.send({ type: "supervisor.drain" });
    expect([rig.state, admission(rig)]).toEqual(["refusing", "draining"]);
    rig.end("app:1");
    rig.clock.advance(0);
    rig.bringUp("app:1");
    expect([rig.state, app(rig)?.ready]).toEqual(["refusing", [2]]);
    expect(rig.asked).not.toContain("awaitDrain");
    rig.send({ type: "supervisor.drain" });
    rig.send({ type: "supervisor.stop", drainMs: 1000 });
    expect(rig.state).toBe("draining");
    expect(rig.asked).toContain("awaitDrain");
    expect(types(rig).filter((type) => type === "supervisor.draining")).toHaveLength(1);
  });
});

describe("during the start", () => {
  test("a drain closes the door at once; the start goes on, and the workers wait for a stop", () => {
    const rig = createSupervisorRig(twoPools);
    rig.bringUp("a:1");
    rig.send({ type: "supervisor.drain" });
    rig.send({ type: "supervisor.drain" });
    expect([rig.state, admission(rig)]).toEqual(["startingRefusing", "draining"]);
    rig.end("a:1");
    rig.clock.advance(0);
    rig.bringUp("a:1");
    rig.bringUp("b:1");
    expect([rig.state, admission(rig)]).toEqual(["refusing", "draining"]);
    expect(types(rig).filter((type) => type === "supervisor.draining")).toHaveLength(1);
    rig.send({ type: "supervisor.stop", drainMs: 1000 });
    expect(rig.state).toBe("draining");
  });

  test.each(["failure", "stop"] as const)("that was told to drain, a %s ends it", (how) => {
    const rig = createSupervisorRig(twoPools);
    rig.send({ type: "supervisor.drain" });
    if (how === "stop") rig.send({ type: "supervisor.stop", drainMs: 1000 });
    rig.end("a:1");
    rig.end("b:1");
    expect([rig.state, rig.errors]).toEqual([how === "stop" ? "stopped" : "failed", []]);
  });

  test("what befalls a pool that serves already is told as at any other time", () => {
    const rig = createSupervisorRig([...one, { name: "late", workers: 1 }]);
    rig.bringUp("app:1");
    rig.say("app:1", { type: "worker.condemn", functionName: "f", reason: "it was late", drainMs: 1000 });
    rig.send({ type: "breaker.trip", pool: "app" });
    rig.send({ type: "breaker.reset", pool: "app" });
    expect([rig.state, types(rig)]).toEqual([
      "starting",
      ["worker.ready", "worker.condemned", "breaker.opened", "breaker.closed"],
    ]);
  });
});

describe("pools that come and go while it runs", () => {
  const plan = { name: "late", workers: 2, restartType: "permanent" } as const;
  const added = () => {
    const rig = running();
    rig.send({ type: "pool.add", plan });
    return rig;
  };
  const late = (rig: SupervisorRig) => rig.tables.at(-1)?.pools.get("late");

  test("are started beside the others; calls may wait for them at once", () => {
    const rig = added();
    expect(rig.asked.slice(-2)).toEqual(["start late:1", "start late:2"]);
    expect(late(rig)).toMatchObject({ ready: [], outlook: null });
    rig.bringUp("late:2");
    expect(late(rig)).toMatchObject({ ready: [3], exports: [{ name: "late.f" }] });
    rig.end("late:2");
    rig.clock.advance(0);
    expect(rig.workerState("late:2")).toBe("spawning");
  });

  test("that cannot be started are told and gone, and the others serve on", () => {
    const rig = added();
    rig.end("late:1");
    expect(rig.emitted.at(-1)).toMatchObject({ type: "pool.failed", pool: "late" });
    rig.end("late:2");
    expect(types(rig).at(-1)).toBe("pool.removed");
    expect([rig.state, late(rig), app(rig)?.ready]).toEqual(["running", undefined, [1]]);
  });

  test("whose names others have are told and gone", () => {
    const rig = running();
    rig.send({ type: "pool.add", plan: { name: "late", workers: 1, restartType: "permanent" } });
    rig.bringUp("late:1", "app.f");
    expect(rig.emitted.at(-1)).toMatchObject({
      type: "pool.failed",
      message:
        "The pools app and late both export app.f; rename it in one of them, since a name has one home.",
    });
    rig.end("late:1", 0);
    expect([types(rig).at(-1), late(rig)]).toEqual(["pool.removed", undefined]);
  });

  test("that are removed get no new calls, end those they have within drainMs, and are gone", () => {
    const rig = added();
    rig.bringUp("late:1");
    rig.bringUp("late:2");
    rig.send({ type: "pool.remove", pool: "late", drainMs: 1000 });
    expect(late(rig)).toMatchObject({ ready: [], outlook: { reason: "closed" } });
    expect([rig.workerState("late:1"), rig.workerState("late:2")]).toEqual(["draining", "draining"]);
    rig.say("late:1", { type: "calls.drained" });
    rig.clock.advance(1000);
    expect(rig.asked.slice(-2)).toEqual(["shutdown late:1", "shutdown late:2"]);
    rig.end("late:1", 0);
    rig.end("late:2", 0);
    expect([types(rig).at(-1), late(rig), app(rig)?.ready]).toEqual(["pool.removed", undefined, [1]]);
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.clock.advance(0);
    rig.end("app:1", 0);
    expect(rig.state).toBe("stopped");
  });

  test("a supervisor without any runs, and stops", () => {
    const rig = createSupervisorRig([]);
    expect(rig.state).toBe("running");
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    rig.send({ type: "calls.drained" });
    expect(rig.state).toBe("stopped");
  });
});
