import { describe, expect, test } from "@jest/globals";
import { inspectionVersion } from "../../src/contract/inspection.js";
import { maxFeedItems } from "../../src/system/feed.js";
import { createInspectionRig, InspectionReader } from "./inspection-rig.js";

describe("nobody watches", () => {
  test("nothing is attached, before the first reader and after the last one, whoever goes first", () => {
    const rig = createInspectionRig();
    expect(rig.attached()).toEqual([0, 0]);
    rig.inspection.source();
    expect(rig.attached()).toEqual([0, 0]);
    const first = rig.watch();
    const second = rig.watch();
    expect(rig.attached()).toEqual([1, 1]);
    first.close();
    first.close();
    expect(rig.attached()).toEqual([1, 1]);
    second.close();
    expect(rig.attached()).toEqual([0, 0]);
    const told = (): number => first.items.length + second.items.length;
    const before = told();
    rig.bringUp("app:1");
    expect(told()).toBe(before);
    rig.watch().close();
    expect(rig.attached()).toEqual([0, 0]);
  });

  test("nothing is attached when the supervisor is over, and its readers hear how", async () => {
    const ended = createInspectionRig();
    const reader = ended.watch();
    ended.inspection.close(false);
    await Promise.resolve();
    expect([reader.said, ended.attached()]).toEqual(["ended", [0, 0]]);
    const failed = createInspectionRig();
    const other = failed.watch();
    failed.inspection.close(true);
    await Promise.resolve();
    expect([other.said, failed.attached()]).toEqual(["3000", [0, 0]]);
  });
});

describe("a reader", () => {
  test("begins with who it is, every chart and every living actor as it is", () => {
    const rig = createInspectionRig();
    rig.bringUp("app:1");
    const { items, picture } = rig.watch();
    expect(items[0]).toEqual({
      version: inspectionVersion,
      sequence: 0,
      atMs: rig.clock.wallMs(),
      type: "inspection.began",
      supervisorId: "0123456789abcdef0123456789abcdef",
      pid: process.pid,
    });
    expect([...picture.charts.keys()].sort()).toEqual([
      "breaker",
      "breakers",
      "call",
      "pool",
      "reload",
      "router",
      "supervisor",
      "worker",
    ]);
    expect(picture.states).toEqual([
      "app:1 worker ready",
      "breaker breaker closed",
      "breakers breakers watching",
      "pool:app pool flowing",
      "reload reload watching",
      "router router accepting",
      "supervisor supervisor running",
    ]);
    const worker = [...picture.actors.values()].find(({ name }) => name === "app:1");
    expect(picture.actors.get(worker?.parentId ?? "")?.name).toBe("pool:app");
    expect(worker?.snapshot?.context).toMatchObject({
      pool: "app",
      workerId: "app:1",
      pid: 101,
      exports: [{ name: "app.f" }],
    });
    for (const id of picture.actors.keys()) expect(id).toMatch(/^01234567\/x:\d+$/);
  });

  test("is told of every event, step and snapshot, and of new actors with their charts, in order and without a gap", () => {
    const rig = createInspectionRig();
    const reader = rig.watch();
    const before = reader.items.length;
    rig.bringUp("app:1");
    rig.end("app:1");
    rig.send({ type: "supervisor.stop", drainMs: 0 });
    const told = reader.items.slice(before);
    expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, n) => n + 1));
    expect(reader.of("event.received").map(({ event }) => event)).toContainEqual({
      type: "process.spawned",
      pid: 101,
    });
    const steps = reader.of("transition.taken").flatMap(({ transitions }) => transitions);
    expect(steps).toContainEqual({
      source: "worker.alive.starting.spawning",
      event: "process.spawned",
      index: 0,
      targets: ["worker.alive.starting.connecting"],
    });
    const heartbeat = reader.of("actor.started").find(({ name }) => name === "heartbeat");
    expect(heartbeat).toMatchObject({ chart: null, snapshot: null });
  });

  test("can tell two edges for one event apart, and those that wait for none", () => {
    const rig = createInspectionRig();
    rig.bringUp("app:1");
    const reader = rig.watch();
    // Its link is closed already, so that the first of two ways, which needs it open, is not taken.
    rig.end("app:1");
    const steps = reader.of("transition.taken").flatMap(({ transitions }) => transitions);
    expect(steps).toContainEqual({
      source: "worker.alive",
      event: "process.exited",
      index: 1,
      targets: ["worker.exited"],
    });
    const early = createInspectionRig();
    const watching = early.watch();
    early.bringUp("app:1");
    expect(watching.of("transition.taken").flatMap(({ transitions }) => transitions)).toContainEqual({
      source: "supervisor.starting",
      event: "",
      index: 0,
      targets: ["supervisor.running"],
    });
  });

  test("that comes later has the same picture as one that was there all the time", () => {
    const rig = createInspectionRig([
      { name: "a", workers: 2 },
      { name: "b", workers: 1 },
    ]);
    const first = rig.watch();
    const pictures = (): unknown[] => {
      const late = rig.watch();
      late.close();
      return [first, late].map(({ picture }) => [
        picture.states,
        // The test's own clock stands in contexts, and how many timers it has changes without an event.
        JSON.stringify(
          [...picture.actors].filter(([, { chart }]) => chart !== null).sort(),
          (key, value: unknown) => (key === "timerCount" ? undefined : value),
        ),
        [...picture.charts.keys()].sort(),
      ]);
    };
    for (const happen of [
      () => rig.bringUp("a:1"),
      () => rig.bringUp("b:1"),
      () => rig.end("a:1"),
      () => rig.clock.advance(1000),
      () => rig.bringUp("a:1"),
      () => rig.send({ type: "supervisor.stop", drainMs: 1000 }),
    ]) {
      happen();
      const [all, late] = pictures();
      expect(late).toEqual(all);
    }
  });

  test("that is too slow is told how much it missed, and gets the present again", () => {
    const rig = createInspectionRig();
    const slow = new InspectionReader(rig);
    slow.isEager = false;
    rig.watch(slow);
    const eager = rig.watch();
    rig.bringUp("app:1");
    for (let n = 0; n < maxFeedItems; n++) rig.sayTo("app:1", { type: "health.answered", lagMs: 1 });
    rig.end("app:1");
    slow.isEager = true;
    slow.grant();
    const dropped = slow.items.findIndex(({ type }) => type === "items.dropped");
    const heard = slow.items[dropped - 1]?.sequence ?? NaN;
    expect(slow.items[dropped]).toMatchObject({ count: (eager.items.at(-1)?.sequence ?? NaN) - heard });
    expect(slow.items[dropped + 1]).toMatchObject({
      type: "inspection.began",
      sequence: eager.items.at(-1)?.sequence,
    });
    expect(slow.picture.states).toEqual(eager.picture.states);
    rig.clock.advance(1000);
    rig.bringUp("app:1");
    expect(slow.picture.states).toEqual(eager.picture.states);
    expect(slow.items.at(-1)).toEqual(eager.items.at(-1));
  });

  test("is refused when 16 watch already", () => {
    const rig = createInspectionRig();
    const readers = Array.from({ length: 16 }, () => rig.watch());
    const one = new InspectionReader(rig);
    expect(one.open(rig.inspection)).toMatchObject({ code: 3002, kind: "System" });
    readers[0]?.close();
    expect(one.open(rig.inspection)).toBeNull();
  });
});

describe("calls", () => {
  test("appear as actors of the call chart that go with the journal, and leave with their end", () => {
    const rig = createInspectionRig();
    const reader = rig.watch();
    rig.journal.record("accept", 1, 7, 0, 0, 1000, "math.add", 1, 42);
    rig.journal.record("dispatch", 2, 7, 3);
    expect(reader.picture.states).toContain("math.add #42 call dispatched");
    expect(rig.watch().picture.states).toContain("math.add #42 call dispatched");
    rig.journal.record("settle", 3, 7, 3, 2003);
    rig.journal.record("release", 4, 7, 3);
    expect(reader.picture.states.join()).not.toContain("math.add");
    const ofCall = reader.items.filter((item) => "actorId" in item && item.actorId === "01234567/call:7");
    expect(ofCall).toContainEqual(
      expect.objectContaining({
        type: "event.received",
        event: { type: "caller.answered", instance: 3, code: 2003 },
      }),
    );
    expect(ofCall.at(-1)).toMatchObject({
      type: "snapshot.changed",
      snapshot: { status: "done", value: "settled" },
    });
    expect(rig.logged).toEqual([]);
  });

  test("that never were let in are shown too, each as one of its own", () => {
    const rig = createInspectionRig();
    const reader = rig.watch();
    rig.journal.record("reject", 1, 0, 0, 1002, 0, "no.such", 1, 1);
    rig.journal.record("reject", 1, 0, 0, 1002, 0, "no.such", 1, 2);
    const started = reader.of("actor.started").filter(({ chart }) => chart === "call");
    expect(started.slice(-2).map(({ actorId, name }) => [actorId, name])).toEqual([
      ["01234567/refused:1", "no.such #1"],
      ["01234567/refused:2", "no.such #2"],
    ]);
    expect(reader.picture.states.join()).not.toContain("no.such");
  });

  test("are fifty in a second at most, and 64 at a time: for a new one the oldest is let go", () => {
    const rig = createInspectionRig();
    const reader = rig.watch();
    const begun = (): number => reader.of("actor.started").filter(({ chart }) => chart === "call").length;
    let last = 0;
    const arrive = (count: number, atMs: number): void => {
      for (let n = 0; n < count; n++) rig.journal.record("accept", atMs, ++last, 0, 0, 1000, "f", 1, last);
    };
    arrive(200, 10);
    expect(begun()).toBe(50);
    arrive(200, 1009);
    expect(begun()).toBe(50);
    arrive(200, 1010);
    expect(begun()).toBe(100);
    const live = () => reader.picture.states.filter((each) => each.includes(" call "));
    expect(live()).toHaveLength(64);
    arrive(1, 2010);
    expect(live()).toHaveLength(64);
    expect(live().join()).toContain(`f #${String(last)} call`);
  });

  test("that go another way than their chart are told of, to readers and in the log, and followed no further", () => {
    const rig = createInspectionRig();
    const reader = rig.watch();
    rig.journal.record("accept", 1, 7, 0, 0, 1000, "f", 1, 1);
    rig.journal.record("release", 2, 7, 3);
    rig.journal.record("settle", 3, 7, 3);
    const message = expect.stringMatching(/^The call chart is in queued and takes no slot\.released there/);
    expect(reader.of("step.refused")).toMatchObject([{ actorId: "01234567/call:7", message }]);
    expect(rig.logged).toEqual([expect.stringContaining("The call chart is in queued")]);
    expect(reader.picture.states.join()).not.toContain(" call ");
  });

  test("that were under way before are left alone, and none is remembered when nobody watches any more", () => {
    const rig = createInspectionRig();
    rig.journal.record("accept", 1, 7, 0, 0, 1000, "f", 1, 1);
    const reader = rig.watch();
    rig.journal.record("dispatch", 2, 7, 3);
    rig.journal.record("accept", 3, 8, 0, 0, 1000, "f", 1, 2);
    reader.close();
    rig.journal.record("release", 4, 8, 3);
    expect(rig.watch().picture.states.join()).not.toContain("call");
    expect(rig.logged).toEqual([]);
  });
});

test("an event that cannot be read harms nobody: the charts go on, and so does the watching", () => {
  const rig = createInspectionRig();
  const reader = rig.watch();
  const hostile = new Proxy(
    { type: "worker.refuse", reason: "r" },
    {
      get(target, key) {
        if (key === "type") return target.type;
        throw new Error("no property of mine");
      },
    },
  );
  rig.sayTo("app:1", hostile as never);
  rig.bringUp("app:1");
  expect(rig.errors).toEqual([]);
  expect(reader.picture.states).toContain("app:1 worker ready");
});
