import { describe, expect, test } from "@jest/globals";
import type { CallFailure } from "../../src/dispatch/call.js";
import type { CallId } from "../../src/ids.js";
import { appExports, StreamingCaller, table, type ScriptedPort } from "./scripted.js";
import { atRest, setUp, type World } from "./streaming.js";

describe("a stream", () => {
  test("passes from its worker to its caller in its order, and its acks pass back", () => {
    const { bench, port, caller, open, start, chunk, end, ack } = setUp();
    const callId = open();
    start(callId);
    chunk(callId, 0);
    chunk(callId, 1);
    expect(ack(callId, 1, 3)).toBeNull();
    chunk(callId, 2);
    end(callId, 3);
    expect(caller.heard).toEqual(["1 start 4", "1 chunk 0", "1 chunk 1", "1 chunk 2", "1 end 3"]);
    expect(port.acks).toEqual([[callId, 1, 3]]);
    expect(caller.codes(1)).toEqual([0]);
    expect(bench.kinds()).toEqual(["accept", "dispatch", "stream", "settle", "credit", "release"]);
    expect([...bench.journal.entries()].map(({ code }) => code)).toEqual([0, 0, 4, 0, 3, 0]);
    atRest(bench);
  });

  test("may end with an error, which leaves what came", () => {
    const { bench, caller, open, start, chunk } = setUp();
    const callId = open();
    start(callId);
    chunk(callId, 0);
    bench.error(1, callId);
    expect(caller.heard).toEqual(["1 start 4", "1 chunk 0", "1 error 2000"]);
    atRest(bench);
  });

  test("may come to an error without having started", () => {
    const { bench, caller, open } = setUp();
    bench.error(1, open());
    expect(caller.heard).toEqual(["1 error 2000"]);
    atRest(bench);
  });

  test("has no deadline by default; one that it is given is that of the whole of it", () => {
    const { bench, port, caller, open, start, chunk } = setUp({ defaultTimeoutMs: 100 });
    const [endless, timed] = [open(), open(1000)];
    expect(port.invokes.map(({ deadlineMs }) => deadlineMs)).toEqual([0, 1000]);
    for (const callId of [endless, timed]) start(callId);
    for (let n = 0; n < 4; n++) {
      bench.clock.advance(240);
      chunk(timed, n);
    }
    bench.clock.advance(60);
    expect(caller.codes(2)).toEqual([2001]);
    expect(port.cancels).toEqual([timed]);
    bench.clock.advance(1_000_000);
    expect(caller.codes(1)).toEqual([]);
  });

  test("of a worker that dies ends with 2003 after exactly what came", () => {
    const { bench, caller, open, start, chunk } = setUp();
    const callId = open();
    start(callId);
    for (let n = 0; n < 3; n++) chunk(callId, n);
    bench.exit(1);
    expect(caller.heard.slice(-2)).toEqual(["1 chunk 2", "1 error 2003"]);
    chunk(callId, 3);
    expect(caller.heard).toHaveLength(5);
    atRest(bench);
  });

  test("holds its slot until its worker is done with it, whoever has stopped listening", () => {
    const { bench, port, caller, open, start, chunk, end } = setUp();
    for (const how of ["end", "error"] as const) {
      const callId = open();
      start(callId);
      chunk(callId, 0);
      bench.dispatcher.cancel(callId, true);
      const heard = [...caller.heard];
      expect(heard.at(-1)).toMatch(/error 2002/);
      // What was on its way, within the grant, is nobody's and no breach.
      for (let n = 1; n < 4; n++) chunk(callId, n);
      expect(caller.heard).toEqual(heard);
      expect(bench.dispatcher.inFlight).toBe(1);
      if (how === "end") end(callId, 4);
      else bench.error(1, callId, 2002);
      expect([port.cancels.at(-1), bench.breaches, caller.heard]).toEqual([callId, [], heard]);
      atRest(bench);
    }
  });

  test("that starts when its caller has its answer is nobody's, and no breach", () => {
    const { bench, caller, open, start, chunk } = setUp({ idleTimeoutMs: 100 });
    const callId = open();
    bench.dispatcher.cancel(callId, true);
    start(callId);
    chunk(callId, 0);
    expect([caller.heard, bench.breaches]).toEqual([["1 error 2002"], []]);
    bench.error(1, callId, 2002);
    atRest(bench);
    bench.clock.advance(10_000);
    expect(bench.clock.timerCount).toBe(0);
  });

  test("that is cancelled by a host goes on until its worker's last word", () => {
    const { bench, caller, open, start, chunk } = setUp();
    const callId = open();
    start(callId);
    bench.dispatcher.cancel(callId, false);
    chunk(callId, 0);
    bench.error(1, callId, 2002);
    expect(caller.heard).toEqual(["1 start 4", "1 chunk 0", "1 error 2002"]);
    atRest(bench);
  });

  test("of a worker without Cancel ends for its caller at once", () => {
    const { bench, port, caller, open, start } = setUp();
    port.canCancel = false;
    const callId = open();
    start(callId);
    bench.dispatcher.cancel(callId, false);
    expect([caller.codes(1), port.cancels, bench.dispatcher.inFlight]).toEqual([[2002], [], 1]);
    bench.exit(1);
    atRest(bench);
  });

  test("whose item cannot reach its caller ends with what the caller says, and is cancelled", () => {
    const { bench, port, caller, open, start, chunk } = setUp();
    const callId = open();
    start(callId);
    chunk(callId, 0);
    caller.refusal = {
      code: 2000,
      kind: "System",
      message: "too large",
      details: null,
    } satisfies CallFailure;
    chunk(callId, 1);
    expect(caller.heard.slice(-2)).toEqual(["1 chunk 0", "1 error 2000"]);
    expect(port.cancels).toEqual([callId]);
    bench.error(1, callId, 2002);
    atRest(bench);
  });

  test("takes a permit like every call, and gives it back", () => {
    const { bench, caller, open, start, end } = setUp({ maxInFlight: 1, maxQueue: 1 });
    const [first, second] = [open(), open()];
    // One that waits for its slot has no stream yet: an ack of it is a breach.
    expect(bench.dispatcher.acknowledge(second, 0, 1)).toBe("a StreamAck came for a call that has no stream");
    open();
    expect(caller.codes(3)).toEqual([3002]);
    start(first);
    end(first, 0);
    start(second);
    end(second, 0);
    expect(caller.heard.filter((each) => each.includes("end"))).toEqual(["1 end 0", "2 end 0"]);
    atRest(bench);
  });
});

describe("1000 without being sent", () => {
  test("when the worker's link does not carry streams", () => {
    const { bench, port, caller, open } = setUp();
    port.canStream = false;
    open();
    expect(caller.answers[0]).toMatchObject({
      code: 1000,
      message: expect.stringContaining("of its worker"),
    });
    expect(port.invokes).toEqual([]);
    atRest(bench);
  });

  test("when the caller takes none, or says so", () => {
    const { bench, port, caller } = setUp();
    bench.call("s");
    expect(bench.caller.last).toMatchObject({
      code: 1000,
      message: expect.stringContaining("of its caller"),
    });
    const refusal: CallFailure = { code: 1001, kind: "User", message: "no", details: null };
    const picky = Object.assign(new StreamingCaller(2), {
      streams: { ...caller.streams, refusalOf: () => refusal },
    });
    bench.callAs(picky, "s");
    expect(picky.last?.code).toBe(1001);
    expect(port.invokes).toEqual([]);
    atRest(bench);
  });
});

describe("streams.idleTimeoutMs", () => {
  /** A window of 4, 100 ms of patience. */
  function openIdle(): World & { callId: CallId; port: ScriptedPort } {
    const world = setUp({ idleTimeoutMs: 100 });
    const callId = world.open();
    world.start(callId);
    return { ...world, callId };
  }

  test("cancels a worker that sends nothing while its reader waits, with 2001, not early", () => {
    const { bench, caller, port, callId, chunk, ack } = openIdle();
    bench.clock.advance(90);
    chunk(callId, 0);
    ack(callId, 0, 4);
    bench.clock.advance(99);
    expect(caller.codes(1)).toEqual([]);
    bench.clock.advance(10);
    expect(caller.last).toMatchObject({
      code: 2001,
      message: expect.stringContaining("nothing came for 100 ms"),
    });
    expect(port.cancels).toEqual([callId]);
    bench.error(1, callId, 2002);
    atRest(bench);
    bench.clock.advance(10_000);
    expect(bench.clock.timerCount).toBe(0);
  });

  test("leaves one alone that keeps sending", () => {
    const { bench, caller, callId, chunk, ack } = openIdle();
    for (let n = 0; n < 20; n++) {
      bench.clock.advance(90);
      chunk(callId, n);
      ack(callId, n, 4);
    }
    expect(caller.codes(1)).toEqual([]);
  });

  test("does not count while the reader is paused, or has not read what there is, however large the next item", () => {
    const { bench, caller, callId, chunk, ack } = openIdle();
    chunk(callId, 0, 600_000);
    bench.clock.advance(1000);
    ack(callId, 0, 0);
    bench.clock.advance(1000);
    expect(caller.codes(1)).toEqual([]);
    // And from there it has its whole time.
    bench.clock.advance(73);
    ack(callId, 0, 4);
    bench.clock.advance(99);
    expect(caller.codes(1)).toEqual([]);
    bench.clock.advance(110);
    expect(caller.codes(1)).toEqual([2001]);
  });

  test("counts from the moment in which a worker has the call: one that never begins to stream is found", () => {
    const { bench, caller, port, open } = setUp({ idleTimeoutMs: 100 });
    const callId = open();
    bench.clock.advance(99);
    expect(caller.codes(1)).toEqual([]);
    bench.clock.advance(10);
    expect([caller.codes(1), port.cancels]).toEqual([[2001], [callId]]);
    bench.error(1, callId, 2002);
    atRest(bench);
    bench.clock.advance(10_000);
    expect(bench.clock.timerCount).toBe(0);
  });

  test("gives one that begins its whole time, and asks nothing of a call that has ended without", () => {
    const { bench, caller, open, start } = setUp({ idleTimeoutMs: 100 });
    const callId = open();
    bench.clock.advance(90);
    start(callId);
    bench.clock.advance(99);
    expect(caller.codes(1)).toEqual([]);
    bench.clock.advance(10);
    expect(caller.codes(1)).toEqual([2001]);
    bench.error(1, callId, 2002);
    const failed = open();
    bench.error(1, failed, 2000);
    expect(caller.codes(2)).toEqual([2000]);
    bench.clock.advance(10_000);
    expect(bench.clock.timerCount).toBe(0);
  });

  test("does not count while the call waits for a worker, nor with 0", () => {
    for (const idleTimeoutMs of [0, 100]) {
      const { bench, caller, open, start } = setUp({ idleTimeoutMs });
      if (idleTimeoutMs !== 0) bench.dispatcher.publish(table({ app: { isDue: true, exports: appExports } }));
      const callId = open();
      if (idleTimeoutMs === 0) start(callId);
      bench.clock.advance(100_000);
      expect(caller.codes(1)).toEqual([]);
    }
  });

  test("asks nothing of a stream that has ended", () => {
    const { bench, callId, end } = openIdle();
    end(callId, 0);
    bench.clock.advance(1000);
    expect([bench.caller.answers, bench.clock.timerCount]).toEqual([[], 0]);
  });
});
