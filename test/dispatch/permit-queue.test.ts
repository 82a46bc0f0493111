import { describe, expect, test } from "@jest/globals";
import type { CallId } from "../../src/ids.js";
import { createBench, exported, id, ScriptedCaller, table, type BenchLimits } from "./scripted.js";

const queueOf = (maxQueue: number, more: BenchLimits = {}) =>
  createBench({ maxInFlight: 1, maxInFlightPerFunction: 1, maxQueue, maxQueueWaitMs: 100, ...more });

/** A bench with one ready worker, all of whose permits are taken by calls of f. */
function fullBench(maxQueue: number, more: BenchLimits = {}) {
  const bench = queueOf(maxQueue, more);
  const port = bench.attach(1);
  bench.ready(1);
  const first = bench.call("f");
  return { bench, port, first };
}

describe("a call that finds no permit", () => {
  test("without a queue is refused at once, as ever", () => {
    const { bench } = fullBench(0);
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toMatchObject({
      code: 3002,
      details: { limit: "maxInFlight", inFlight: 1, queued: 0, retryAfterMs: 50 },
    });
    expect(bench.kinds()).toEqual(["accept", "dispatch", "reject"]);
  });

  test("waits, holding none, and gets the one that comes free", () => {
    const { bench, port, first } = fullBench(1);
    const second = bench.call("f");
    expect([bench.dispatcher.inFlight, bench.dispatcher.queued, bench.dispatcher.waiting]).toEqual([1, 1, 0]);
    expect(bench.dispatcher.isWaiting(second as CallId)).toBe(true);
    bench.result(1, first);
    expect(port.ids).toEqual([first, second]);
    expect([bench.dispatcher.inFlight, bench.dispatcher.queued]).toEqual([1, 0]);
    bench.result(1, second);
    expect(bench.caller.answers.map(({ code }) => code)).toEqual([0, 0]);
    expect(bench.kinds()).toEqual([
      ...["accept", "dispatch", "enqueue", "settle", "release"],
      ...["accept", "dispatch", "settle", "release"],
    ]);
    expect(bench.dispatcher.counters).toMatchObject({ total: 2, ok: 2, rejected: 0 });
  });

  test("is told what is left of its deadline to the worker, not what it came with", () => {
    const { bench, port, first } = fullBench(1);
    bench.call("f", 90);
    bench.clock.advance(40);
    bench.result(1, first);
    expect(port.invokes[1]?.deadlineMs).toBe(50);
  });

  test("is refused with 3002 when the queue is full", () => {
    const { bench } = fullBench(2);
    bench.call("f");
    bench.call("f");
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toMatchObject({ code: 3002, details: { inFlight: 1, queued: 2 } });
    expect(bench.caller.last?.message).toContain("the queue is full with 2");
  });

  test("is refused with 3002 after maxQueueWaitMs, never ran, and frees its place", () => {
    const { bench, port } = fullBench(1);
    const second = bench.call("f");
    bench.clock.advance(99);
    expect(bench.caller.answers).toEqual([]);
    bench.clock.advance(6);
    expect(bench.caller.last).toMatchObject({
      code: 3002,
      callId: second,
      details: { limit: "maxInFlight" },
    });
    expect(bench.caller.last?.message).toContain("within 100 ms");
    expect(port.invokes).toHaveLength(1);
    expect(bench.dispatcher.counters).toMatchObject({ total: 2, rejected: 1 });
    expect(bench.call("f")).toBeGreaterThan(0);
  });

  test("is 2001 when its deadline comes first, and says that it never ran", () => {
    const { bench, port, first } = fullBench(1);
    bench.call("f", 20);
    bench.clock.advance(30);
    expect(bench.caller.last?.code).toBe(2001);
    expect(bench.caller.last?.message).toContain("never ran");
    expect(bench.dispatcher.counters).toMatchObject({ timedOut: 1, rejected: 0 });
    bench.result(1, first);
    expect(port.invokes).toHaveLength(1);
  });

  test.each([true, false])(
    "is 2002 at once when it is cancelled (answerNow %s), and frees its place",
    (now) => {
      const { bench, port, first } = fullBench(1);
      const second = bench.call("f");
      bench.dispatcher.cancel(second as CallId, now);
      expect(bench.caller.last).toMatchObject({ code: 2002 });
      expect(bench.caller.last?.message).toContain("before it ran");
      expect([bench.dispatcher.queued, port.cancels]).toEqual([0, []]);
      expect(bench.dispatcher.counters.cancelled).toBe(1);
      bench.dispatcher.cancel(second as CallId, now);
      const third = bench.call("f");
      bench.result(1, first);
      expect(port.ids).toEqual([first, third]);
    },
  );

  test("is not overtaken by one that is made while an answer is heard", () => {
    const { bench, port, first } = fullBench(2);
    const second = bench.call("f");
    let third = 0;
    bench.caller.onAnswer = () => {
      bench.caller.onAnswer = () => undefined;
      third = bench.call("f");
    };
    bench.result(1, first);
    bench.result(1, second);
    expect(port.ids).toEqual([first, second, third]);
  });
});

describe("the end of a supervisor, or of a function, while calls wait", () => {
  test("a drain refuses them with 3001: they were not taken, and may be made elsewhere", () => {
    const { bench, port, first } = fullBench(3);
    bench.call("f");
    bench.call("f");
    bench.dispatcher.publish(table({ app: { ready: [1] } }, "draining"));
    expect(bench.caller.answers.map(({ code, details }) => [code, details])).toEqual([
      [3001, { reason: "draining" }],
      [3001, { reason: "draining" }],
    ]);
    let isDrained = false;
    bench.dispatcher.whenDrained(() => (isDrained = true));
    expect(isDrained).toBe(false);
    bench.result(1, first);
    expect([isDrained, port.invokes.length]).toEqual([true, 1]);
  });

  test.each(["closed", "failed"] as const)(
    "close as %s refuses them with 3001, those that run end",
    (how) => {
      const { bench } = fullBench(3);
      bench.call("f");
      bench.dispatcher.close(how);
      expect(bench.caller.codes(2)).toEqual([3001]);
      expect(bench.caller.codes(1)).toEqual([how === "failed" ? 3000 : 2002]);
      expect([bench.dispatcher.inFlight, bench.dispatcher.queued]).toEqual([0, 0]);
    },
  );

  test("a function that is gone is 1002, a pool that has no worker left is 3001; others go on waiting", () => {
    const bench = queueOf(3);
    bench.attach(1);
    const pools = { a: { ready: [1], exports: [exported("a.f"), exported("a.g")] } };
    bench.dispatcher.publish(table({ ...pools, b: { isDue: true, exports: [exported("b.f")] } }));
    for (const name of ["a.f", "a.f", "a.g", "b.f"]) bench.call(name);
    expect(bench.dispatcher.queued).toBe(3);
    bench.dispatcher.publish(
      table({ a: { ready: [1], exports: [exported("a.f")] }, b: { exports: [exported("b.f")] } }),
    );
    expect(bench.caller.answers.map(({ requestId, code }) => [requestId, code])).toEqual([
      [3, 1002],
      [4, 3001],
    ]);
    expect(bench.dispatcher.queued).toBe(1);
  });

  test("a worker's death gives its permits to those that wait, and they wait for the next worker", () => {
    const { bench } = fullBench(2);
    const second = bench.call("f");
    bench.exit(1);
    expect(bench.caller.codes(1)).toEqual([2003]);
    expect([bench.dispatcher.inFlight, bench.dispatcher.queued, bench.dispatcher.waiting]).toEqual([1, 0, 1]);
    const port = bench.attach(2);
    bench.ready(2);
    expect(port.ids).toEqual([second]);
  });

  test("any number of granted calls that end as they are sent end one after the other, not one inside the other", () => {
    const { bench, port, first } = fullBench(20_000);
    for (let n = 0; n < 20_000; n++) bench.call("f");
    port.queuedBytes = port.maxQueuedBytes + 1;
    bench.result(1, first);
    expect(bench.caller.answers).toHaveLength(20_001);
    expect([bench.dispatcher.inFlight, bench.dispatcher.queued]).toEqual([0, 0]);
  });
});

describe("the bulkhead between functions", () => {
  test("a call of a function at its limit lets calls of others pass it, and loses no turn of its own", () => {
    const bench = queueOf(10, { maxInFlight: 3, maxInFlightPerFunction: 2 });
    const port = bench.attach(1);
    bench.ready(1);
    const running = [bench.call("f"), bench.call("f"), bench.call("g")];
    const [f3, f4, g2] = [bench.call("f"), bench.call("f"), bench.call("g")];
    bench.result(1, running[2] ?? 0);
    expect(port.ids.slice(3)).toEqual([g2]);
    bench.result(1, running[0] ?? 0);
    bench.result(1, running[1] ?? 0);
    expect(port.ids.slice(3)).toEqual([g2, f3, f4]);
  });

  test("a call takes a free permit of its function at once, however many wait for another function", () => {
    const bench = queueOf(10, { maxInFlight: 3 });
    const port = bench.attach(1);
    bench.ready(1);
    for (let n = 0; n < 5; n++) bench.call("f");
    const g = bench.call("g");
    expect(port.ids.at(-1)).toBe(g);
    expect(bench.dispatcher.queued).toBe(4);
  });

  test("a function that has filled the queue makes room for another of the same caller, with its last call", () => {
    const bench = queueOf(3, { maxInFlight: 2 });
    bench.attach(1);
    bench.ready(1);
    bench.call("f");
    bench.call("g");
    for (let n = 0; n < 3; n++) bench.call("f");
    const g = bench.call("g");
    expect(g).toBeGreaterThan(0);
    expect(bench.caller.answers.map(({ requestId, code }) => [requestId, code])).toEqual([[5, 3002]]);
    expect(bench.call("f")).toBe(0);
  });
});

describe("fairness between callers", () => {
  test("of the order of one caller nothing is lost: first come, first served", () => {
    const { bench, port, first } = fullBench(5);
    const ids = [first, ...Array.from({ length: 5 }, () => bench.call("f"))];
    for (const callId of ids) bench.result(1, callId);
    expect(port.ids).toEqual(ids);
  });

  test("with 100 calls of one host waiting, the one call of another is the next to be sent", () => {
    const bench = createBench({ maxInFlight: 8, maxInFlightPerFunction: 8, maxQueue: 200 });
    const port = bench.attach(1);
    bench.ready(1);
    const [heavy, light] = [new ScriptedCaller(1), new ScriptedCaller(2)];
    for (let n = 0; n < 108; n++) bench.callAs(heavy);
    const callId = bench.callAs(light);
    expect(bench.dispatcher.queued).toBe(101);
    bench.result(1, port.ids[0] ?? 0);
    expect(port.ids.at(-1)).toBe(callId);
  });

  test("a freed permit goes to whoever holds the fewest, until all hold as many; then each has its turn", () => {
    const bench = createBench({ maxInFlight: 6, maxInFlightPerFunction: 6, maxQueue: 100 });
    const port = bench.attach(1);
    bench.ready(1);
    const [heavy, light, third] = [new ScriptedCaller(1), new ScriptedCaller(2), new ScriptedCaller(3)];
    const callerOf = new Map<number, number>();
    const call = (caller: ScriptedCaller) => callerOf.set(bench.callAs(caller), caller.callerId);
    for (let n = 0; n < 40; n++) call(heavy);
    for (let n = 0; n < 20; n++) call(light);
    for (let n = 0; n < 20; n++) call(third);
    for (let n = 0; n < 36; n++) bench.result(1, port.ids[n] ?? 0);
    const order = port.ids.map((callId) => callerOf.get(callId));
    // The first six were there before the others; four of the six permits go over, then 2 : 2 : 2 for good.
    expect(order.slice(0, 10)).toEqual([...Array<number>(6).fill(1), 2, 3, 2, 3]);
    for (let n = 10; n < 40; n += 6) {
      expect(order.slice(n, n + 6).sort()).toEqual([1, 1, 2, 2, 3, 3]);
    }
    expect([heavy, light, third].map(({ share }) => share.held)).toEqual([2, 2, 2]);
  });

  test("a full queue is shared too: the caller with the most waiting calls gives its last place up", () => {
    const { bench, port, first } = fullBench(10);
    const [heavy, light] = [bench.caller, new ScriptedCaller(2)];
    const waiting = Array.from({ length: 10 }, () => bench.call("f"));
    const ids = Array.from({ length: 4 }, () => bench.callAs(light));
    expect(ids.every((callId) => callId > 0)).toBe(true);
    expect(light.answers).toEqual([]);
    // Its newest ones, newest first.
    expect(heavy.answers.map(({ callId, code }) => [callId, code])).toEqual(
      waiting
        .slice(6)
        .reverse()
        .map((callId) => [callId, 3002]),
    );
    expect(heavy.last?.message).toContain("fewer calls waiting");
    expect(bench.dispatcher.queued).toBe(10);
    // Up to its own share and no further: then it is its own calls that find no place.
    bench.callAs(light);
    expect(bench.callAs(light)).toBe(0);
    expect(bench.call("f")).toBe(0);
    bench.result(1, first);
    expect(port.ids.at(-1)).toBe(ids[0]);
  });

  test("a single place goes to whoever holds fewer permits, and does not change hands for ever", () => {
    const { bench } = fullBench(1);
    const light = new ScriptedCaller(2);
    bench.call("f");
    expect(bench.callAs(light)).toBeGreaterThan(0);
    expect(bench.caller.last).toMatchObject({ requestId: 2, code: 3002 });
    expect(bench.call("f")).toBe(0);
    expect(light.answers).toEqual([]);
  });

  test("a caller that goes leaves nothing behind", () => {
    const bench = createBench({ maxInFlight: 2, maxInFlightPerFunction: 2, maxQueue: 10 });
    const port = bench.attach(1);
    bench.ready(1);
    const leaving = new ScriptedCaller(2);
    const ids = Array.from({ length: 6 }, () => bench.callAs(leaving));
    const stays = bench.call("f");
    for (const callId of ids) bench.dispatcher.cancel(callId as CallId, true);
    expect(leaving.answers.map(({ code }) => code)).toEqual(Array(6).fill(2002));
    for (const callId of port.ids) bench.result(1, callId);
    expect(port.ids.at(-1)).toBe(stays);
    expect([leaving.share.held, leaving.share.waiting, leaving.share.lanes.size]).toEqual([0, 0, 0]);
    expect(bench.dispatcher.workers.get(id(1))?.inFlight).toBe(1);
  });
});
