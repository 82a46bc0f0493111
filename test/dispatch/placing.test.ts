import { describe, expect, test } from "@jest/globals";
import { ProtocolError } from "../../src/protocol/protocol-error.js";
import { createBench, exported, table } from "./scripted.js";

describe("choice of a worker", () => {
  test("the one with the fewest calls in flight", () => {
    const bench = createBench();
    const [one, two, three] = [bench.attach(1), bench.attach(2), bench.attach(3)];
    bench.ready(1, 2, 3);
    for (let n = 0; n < 6; n++) bench.call();
    expect([one, two, three].map((port) => port.invokes.length)).toEqual([2, 2, 2]);
    for (const callId of two.ids) bench.result(2, callId);
    bench.call();
    bench.call();
    expect(two.invokes).toHaveLength(4);
  });

  test("idle workers take turns, so that a sequence of single calls reaches them all", () => {
    const bench = createBench();
    const ports = [bench.attach(1), bench.attach(2), bench.attach(3)];
    bench.ready(1, 2, 3);
    for (let n = 0; n < 9; n++) {
      bench.call();
      for (const port of ports) {
        for (const callId of port.ids.slice(-1)) bench.result(port.instance, callId);
      }
    }
    expect(ports.map((port) => port.invokes.length)).toEqual([3, 3, 3]);
  });

  test("only ready workers of the function's own pool", () => {
    const bench = createBench();
    const [one, two, three] = [bench.attach(1), bench.attach(2), bench.attach(3)];
    bench.dispatcher.publish(table({ a: { ready: [1] }, b: { ready: [2], exports: [exported("b.f")] } }));
    for (let n = 0; n < 3; n++) bench.call("b.f");
    expect([one.invokes.length, two.invokes.length, three.invokes.length]).toEqual([0, 3, 0]);
  });
});

describe("calls that wait for a worker", () => {
  test("go out in the order in which they came when one is ready", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    const ids = [bench.call(), bench.call(), bench.call()];
    const port = bench.attach(1);
    bench.ready(1);
    expect(port.ids).toEqual(ids);
    expect(bench.dispatcher.waiting).toBe(0);
  });

  test("a table that changes nothing leaves them waiting; they go out once", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    const port = bench.attach(1);
    bench.ready(1);
    bench.ready(1);
    expect(port.invokes).toHaveLength(1);
  });

  test("fail with 3001 when none is due any more", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call();
    bench.dispatcher.publish(table({ app: {} }));
    expect(bench.caller.last).toMatchObject({ code: 3001, details: { reason: "no-worker" } });
    expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([0, 0]);
  });

  test("expire with 2001 and are let go of: a pool that never comes up keeps nothing of them", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    for (let n = 0; n < 20; n++) bench.call("f", 10);
    expect(bench.dispatcher.waiting).toBe(20);
    bench.clock.advance(20);
    expect(bench.caller.answers.map((answer) => answer.code)).toEqual(Array(20).fill(2001));
    expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([0, 0]);
    const port = bench.attach(1);
    bench.ready(1);
    expect(port.invokes).toEqual([]);
  });

  test("a cancelled one is answered with 2002 at once, with or without grace, and never runs", () => {
    for (const answerNow of [true, false]) {
      const bench = createBench();
      bench.dispatcher.publish(table({ app: { isDue: true } }));
      bench.dispatcher.cancel(bench.call() as never, answerNow);
      expect(bench.caller.last).toMatchObject({ code: 2002 });
      expect(bench.caller.last?.message).toContain("before it ran");
      expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([0, 0]);
    }
  });

  test("outlive the end of the only worker, and go to its successor", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call();
    bench.exit(1);
    expect(bench.caller.answers).toEqual([]);
    const successor = bench.attach(2);
    bench.ready(2);
    expect(successor.invokes).toHaveLength(1);
  });

  test("whoever is answered by a new table and calls again at once meets the whole of it", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ a: { isDue: true }, b: { isDue: true, exports: [exported("b.f")] } }));
    bench.call("f");
    bench.caller.onAnswer = () => {
      bench.caller.onAnswer = () => undefined;
      bench.call("b.f");
    };
    const port = bench.attach(1);
    bench.dispatcher.publish(table({ a: {}, b: { ready: [1], exports: [exported("b.f")] } }));
    expect(bench.caller.codes(1)).toEqual([3001]);
    expect(port.invokes).toHaveLength(1);
  });
});

describe("what cannot be sent", () => {
  test("params over the worker's frame limit are 1004, and nothing of the call is left", () => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f", undefined, 1001);
    expect(bench.caller.last).toMatchObject({ code: 1004, details: { bytes: 1001, limit: 1000 } });
    expect(bench.dispatcher.inFlight).toBe(0);
    expect(bench.dispatcher.workers.get(port.instance)).toMatchObject({ inFlight: 0, calls: 0 });
    expect([...bench.dispatcher.functions][0]).toMatchObject({ inFlight: 0, calls: 0 });
    bench.clock.advance(60_000);
    expect([bench.caller.answers.length, port.cancels.length]).toEqual([1, 0]);
    bench.call();
    expect(port.invokes).toHaveLength(1);
  });

  test("a worker that does not read gets no further calls: 3002 names the queued bytes", () => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    port.queuedBytes = 2000;
    expect(bench.call()).toBeGreaterThan(0);
    expect(port.invokes).toHaveLength(1);
    port.queuedBytes = 2001;
    bench.call();
    expect(bench.caller.last).toMatchObject({ code: 3002, details: { limit: "queuedBytes" } });
    expect([port.invokes.length, bench.dispatcher.inFlight]).toEqual([1, 1]);
  });

  test("a call that is answered while its send fails is still answered once, and its slot freed once", () => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    port.onInvoke = (callId) => {
      bench.result(1, callId);
      throw new ProtocolError("frame-too-large", "The frame is too large after all.");
    };
    bench.call();
    expect(bench.caller.codes(1)).toEqual([0]);
    expect([bench.dispatcher.inFlight, bench.dispatcher.workers.get(port.instance)?.inFlight]).toEqual([
      0, 0,
    ]);
  });

  test("an answer that comes back before the send returns finds its call in every table", () => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    port.onInvoke = (callId) => {
      bench.result(1, callId);
    };
    bench.call();
    bench.call();
    expect(bench.caller.answers.map((answer) => answer.code)).toEqual([0, 0]);
    expect(bench.breaches).toEqual([]);
    expect(bench.dispatcher.inFlight).toBe(0);
    expect(bench.dispatcher.workers.get(port.instance)).toMatchObject({ inFlight: 0, calls: 2 });
    const oneCall = ["accept", "dispatch", "settle", "release"];
    expect(bench.kinds()).toEqual([...oneCall, ...oneCall]);
  });
});
