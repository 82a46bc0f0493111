import { describe, expect, test } from "@jest/globals";
import type { CallId, InstanceId } from "../../src/ids.js";
import { encodeValue } from "../../src/protocol/values.js";
import { createBench, table } from "./scripted.js";

describe("deadlines", () => {
  test("never early, and within one bucket of 5 ms", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.clock.advance(3.25);
    bench.call("f", 100);
    bench.clock.advance(99.9);
    expect(bench.caller.answers).toEqual([]);
    bench.clock.advance(5.2);
    expect(bench.caller.codes(1)).toEqual([2001]);
    expect(bench.caller.last?.message).toContain("within 100 ms");
  });

  test("the worker is told the time left, rounded up; 0 when there is no deadline; clamped to 2^31-1", () => {
    const bench = createBench({ defaultTimeoutMs: 700 });
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f", 99.2);
    bench.call("f");
    bench.call("f", Infinity);
    bench.call("f", 1e12);
    bench.call("f", 0.001);
    expect(port.invokes.map((invoke) => invoke.deadlineMs)).toEqual([100, 700, 0, 2_147_483_647, 1]);
  });

  test("an answered call is let go of: nothing of it waits for its deadline", () => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f", 100);
    bench.call("f", 100_000);
    for (const callId of port.ids) bench.result(1, callId);
    bench.clock.advance(200);
    expect(bench.clock.timerCount).toBe(0);
  });

  test("a call without a deadline never expires", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.call("f", Infinity);
    bench.clock.advance(100 * 86_400_000);
    expect(bench.caller.answers).toEqual([]);
  });

  test("a deadline beyond the longest timer is met, not missed and not early", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.call("f", 40 * 86_400_000);
    bench.clock.advance(40 * 86_400_000 - 1);
    expect(bench.caller.answers).toEqual([]);
    bench.clock.advance(10);
    expect(bench.caller.codes(1)).toEqual([2001]);
  });

  test("a call that waited is sent with what is left of its time", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call("f", 1000);
    bench.clock.advance(400);
    const port = bench.attach(1);
    bench.ready(1);
    expect(port.invokes[0]?.deadlineMs).toBe(600);
  });

  test("at the deadline the caller hears 2001 and the worker gets one Cancel; the slot stays until its answer", () => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    const callId = bench.call("f", 10);
    bench.clock.advance(15);
    expect([bench.caller.codes(1), port.cancels]).toEqual([[2001], [callId]]);
    expect([bench.dispatcher.inFlight, bench.dispatcher.isWaiting(callId as CallId)]).toEqual([1, false]);
    bench.clock.advance(60_000);
    bench.dispatcher.cancel(callId as CallId, true);
    expect(port.cancels).toEqual([callId]);
    bench.error(1, callId, 2002);
    expect([bench.dispatcher.inFlight, bench.dispatcher.counters.late]).toEqual([0, 1]);
    expect(bench.caller.answers).toHaveLength(1);
    expect(bench.kinds()).toEqual(["accept", "dispatch", "cancel", "settle", "late", "release"]);
  });

  test("after a deadline the slot ends with the worker's process", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.call("f", 10);
    bench.clock.advance(15);
    bench.exit(1);
    expect(bench.dispatcher.inFlight).toBe(0);
    expect(bench.caller.codes(1)).toEqual([2001]);
  });
});

describe("cancel", () => {
  const started = (canCancel = true) => {
    const bench = createBench({ cancelGraceMs: 100 });
    const port = bench.attach(1);
    port.canCancel = canCancel;
    bench.ready(1);
    const callId = bench.call() as CallId;
    return { bench, port, callId };
  };

  test("with answerNow the caller hears 2002 at once, the worker gets Cancel, the slot stays", () => {
    const { bench, port, callId } = started();
    bench.dispatcher.cancel(callId, true);
    expect([bench.caller.codes(1), port.cancels, bench.dispatcher.inFlight]).toEqual([[2002], [callId], 1]);
    bench.result(1, callId);
    expect([bench.caller.codes(1), bench.dispatcher.inFlight]).toEqual([[2002], 0]);
  });

  test("without it the result that wins the race within the grace is the answer", () => {
    const { bench, port, callId } = started();
    bench.dispatcher.cancel(callId, false);
    bench.dispatcher.cancel(callId, false);
    expect([bench.caller.answers, port.cancels]).toEqual([[], [callId]]);
    bench.result(1, callId);
    expect([bench.caller.codes(1), bench.dispatcher.inFlight]).toEqual([[0], 0]);
    expect(bench.dispatcher.counters).toMatchObject({ ok: 1, cancelled: 0, late: 0 });
  });

  test("said again it does not begin the grace anew", () => {
    const { bench, callId } = started();
    bench.dispatcher.cancel(callId, false);
    bench.clock.advance(60);
    bench.dispatcher.cancel(callId, false);
    bench.clock.advance(50);
    expect(bench.caller.codes(1)).toEqual([2002]);
  });

  test("after the grace the caller hears 2002, and what the worker says later is late", () => {
    const { bench, callId } = started();
    bench.dispatcher.cancel(callId, false);
    bench.clock.advance(99);
    expect(bench.caller.answers).toEqual([]);
    bench.clock.advance(10);
    expect([bench.caller.codes(1), bench.dispatcher.inFlight]).toEqual([[2002], 1]);
    bench.result(1, callId);
    expect([bench.dispatcher.counters.late, bench.dispatcher.inFlight]).toEqual([1, 0]);
  });

  test("the grace never outlives the deadline", () => {
    const bench = createBench({ cancelGraceMs: 60_000 });
    bench.attach(1);
    bench.ready(1);
    const callId = bench.call("f", 100) as CallId;
    bench.dispatcher.cancel(callId, false);
    bench.clock.advance(110);
    expect(bench.caller.answers).toHaveLength(1);
  });

  test("a worker that knows no cancellation gets no Cancel: the caller is answered at once, the slot stays", () => {
    const { bench, port, callId } = started(false);
    bench.dispatcher.cancel(callId, false);
    expect([bench.caller.codes(1), port.cancels, bench.dispatcher.inFlight]).toEqual([[2002], [], 1]);
    bench.clock.advance(120_000);
    bench.result(1, callId);
    expect([bench.caller.answers.length, bench.dispatcher.inFlight]).toEqual([1, 0]);
  });

  test("unknown, finished and answered ids are nothing", () => {
    const { bench, port, callId } = started();
    bench.dispatcher.cancel(99 as CallId, true);
    bench.result(1, callId);
    bench.dispatcher.cancel(callId, true);
    expect([bench.caller.codes(1), port.cancels]).toEqual([[0], []]);
  });
});

describe("answers", () => {
  test("a worker's error reaches the caller as it is", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.error(1, bench.call());
    expect(bench.caller.last).toMatchObject({ code: 2000, message: "it threw", requestId: 1 });
    bench.dispatcher.onError(1 as InstanceId, {
      type: "InvokeError",
      requestId: bench.call(),
      code: 1001,
      kind: "System",
      message: "of its own",
      details: encodeValue({ path: "a" }),
    });
    const details = { path: "a" };
    expect(bench.caller.last).toMatchObject({ code: 1001, message: "of its own", details, requestId: 2 });
    expect(bench.dispatcher.counters).toMatchObject({ failed: 2, ok: 0 });
  });

  test("a second answer to one call is dropped and counted, once each", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    const callId = bench.call();
    bench.result(1, callId);
    bench.result(1, callId);
    bench.error(1, callId);
    expect([bench.caller.codes(1), bench.dispatcher.counters.late, bench.breaches]).toEqual([[0], 2, []]);
  });

  test("an id the process was never sent is a breach, and nobody's call is touched", () => {
    const bench = createBench();
    bench.attach(1);
    bench.attach(2);
    bench.ready(1);
    const callId = bench.call();
    bench.result(1, callId + 7);
    bench.result(2, callId);
    expect(bench.breaches.map(([instance]) => instance)).toEqual([1, 2]);
    expect(bench.breaches[0]?.[1]).toContain(`request ${String(callId + 7)}`);
    // What a liar says afterwards counts for nothing, neither as an answer nor as another breach.
    bench.result(1, callId);
    bench.result(1, callId + 8);
    expect(bench.breaches).toHaveLength(2);
    expect([bench.caller.answers, bench.dispatcher.inFlight]).toEqual([[], 1]);
  });

  test("a process cannot answer a call that waits for a worker", () => {
    const bench = createBench();
    bench.attach(1);
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.result(1, bench.call());
    expect([bench.caller.answers, bench.breaches.length]).toEqual([[], 1]);
  });

  test("what a detached process still says is late, also for an id that another has now", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    const first = bench.call();
    bench.exit(1);
    const second = bench.attach(2);
    bench.ready(2);
    bench.call();
    bench.result(1, first);
    bench.result(1, second.ids[0] ?? 0);
    expect([bench.dispatcher.counters.late, bench.breaches]).toEqual([2, []]);
    expect(bench.caller.codes(2)).toEqual([]);
  });

  test("a 64-bit id beyond all issued ones is a breach, not a crash", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.dispatcher.onResult(1 as never, 2n ** 64n - 1n, new Uint8Array(0), 0);
    expect(bench.breaches).toHaveLength(1);
  });
});

describe("the end of a process", () => {
  test("fails exactly its own calls, with 2003 and how it ended", () => {
    const bench = createBench();
    const [one, two] = [bench.attach(1), bench.attach(2)];
    bench.ready(1, 2);
    for (let n = 0; n < 6; n++) bench.call();
    bench.exit(1);
    expect(bench.caller.answers.map((answer) => answer.callId)).toEqual(one.ids);
    expect(bench.caller.last).toMatchObject({ code: 2003, details: { worker: "app:1" } });
    expect(bench.caller.last?.message).toContain("was killed by SIGKILL");
    expect(bench.dispatcher.inFlight).toBe(3);
    for (const callId of two.ids) bench.result(2, callId);
    expect(bench.dispatcher.inFlight).toBe(0);
    expect(bench.dispatcher.counters).toMatchObject({ ok: 3, failed: 3 });
  });

  test("told twice, or of a process that never served, is nothing", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.call();
    bench.exit(1);
    bench.exit(1);
    bench.exit(9);
    expect(bench.caller.answers).toHaveLength(1);
  });

  test("a caller that calls again at once is not sent back to the process that just ended", () => {
    const bench = createBench();
    const one = bench.attach(1);
    bench.ready(1);
    bench.caller.onAnswer = () => {
      bench.caller.onAnswer = () => undefined;
      bench.call();
    };
    bench.call();
    bench.exit(1);
    expect(one.invokes).toHaveLength(1);
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    const two = bench.attach(2);
    bench.ready(2);
    expect(two.invokes).toHaveLength(1);
  });
});

describe("the end of the system", () => {
  test("whenDrained calls back once, when the last slot is free", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    const ids = [bench.call(), bench.call("f", 10)];
    bench.clock.advance(20);
    let drained = 0;
    bench.dispatcher.whenDrained(() => (drained += 1));
    bench.result(1, ids[0] ?? 0);
    expect(drained).toBe(0);
    bench.result(1, ids[1] ?? 0);
    expect(drained).toBe(1);
    bench.result(1, bench.call());
    expect(drained).toBe(1);
  });

  test("whenDrained with nothing in flight calls back at once", () => {
    let drained = 0;
    createBench().dispatcher.whenDrained(() => (drained += 1));
    expect(drained).toBe(1);
  });

  test("a drain lets calls end, and places those that wait", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call();
    bench.dispatcher.publish(table({ app: { isDue: true } }, "draining"));
    const port = bench.attach(1);
    bench.dispatcher.publish(table({ app: { ready: [1] } }, "draining"));
    expect(port.invokes).toHaveLength(1);
    bench.result(1, port.ids[0] ?? 0);
    expect(bench.caller.codes(1)).toEqual([0]);
  });

  test("endDrain cancels everything that has no answer with 2002 and leaves slots to the workers", () => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    const callId = bench.call();
    bench.call("f", 10);
    bench.clock.advance(20);
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call();
    bench.dispatcher.endDrain();
    expect([1, 2, 3].map((request) => bench.caller.codes(request))).toEqual([[2002], [2001], [2002]]);
    expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([2, 0]);
    expect(port.cancels).toContain(callId);
    expect(bench.kinds()).toContain("drain");
    bench.exit(1);
    expect(bench.dispatcher.inFlight).toBe(0);
    expect(bench.caller.answers).toHaveLength(3);
  });

  test.each([
    ["closed", 2002],
    ["failed", 3000],
  ] as const)(
    "close as %s answers everything with %d, frees every slot and gives its timers back",
    (why, code) => {
      const bench = createBench();
      bench.attach(1);
      bench.ready(1);
      bench.call();
      bench.call("f", 10);
      bench.clock.advance(20);
      bench.dispatcher.close(why);
      expect([1, 2].map((request) => bench.caller.codes(request))).toEqual([[code], [2001]]);
      expect([bench.dispatcher.inFlight, bench.clock.timerCount]).toEqual([0, 0]);
      bench.exit(1);
      expect(bench.caller.answers).toHaveLength(2);
    },
  );
});
