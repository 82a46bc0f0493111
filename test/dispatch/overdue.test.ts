// Calls that their worker does not answer in time: what their callers hear of where it is stuck, and when the worker is
// told on.

import { describe, expect, test } from "@jest/globals";
import type { RunningPlace } from "../../src/dispatch/worker-state.js";
import { createBench } from "./scripted.js";

const limits = { defaultTimeoutMs: 1000, cancelGraceMs: 300 };
const place: RunningPlace = { function: "f", file: "/app/f.ts", line: 7, lagMs: 990 };

describe("a call that is not answered", () => {
  test("has its worker told on cancelGraceMs after its deadline, once, and keeps its slot", () => {
    const bench = createBench(limits);
    bench.attach(1);
    bench.ready(1);
    bench.call();
    bench.clock.advance(1000 + 5);
    expect([bench.caller.answers.at(-1)?.code, bench.overdue]).toEqual([2001, []]);
    bench.clock.advance(300);
    expect(bench.overdue).toEqual([[1, "f"]]);
    bench.clock.advance(60_000);
    expect([bench.overdue.length, bench.dispatcher.inFlight]).toEqual([1, 1]);
  });

  test("by cancelGraceMs after a Cancel has its caller told 2002 and its worker told on", () => {
    const bench = createBench(limits);
    bench.attach(1);
    bench.ready(1);
    const callId = bench.call();
    bench.dispatcher.cancel(callId as never, false);
    bench.clock.advance(305);
    expect([bench.caller.answers.at(-1)?.code, bench.overdue]).toEqual([2002, [[1, "f"]]]);
  });

  test("has its whole cancelGraceMs for a Cancel that came shortly before its deadline", () => {
    const bench = createBench(limits);
    bench.attach(1);
    bench.ready(1);
    const callId = bench.call();
    bench.clock.advance(990);
    bench.dispatcher.cancel(callId as never, false);
    bench.clock.advance(15);
    expect([bench.caller.answers.at(-1)?.code, bench.overdue]).toEqual([2002, []]);
    bench.clock.advance(305);
    expect(bench.overdue).toEqual([[1, "f"]]);
  });

  test("whose caller left at once has its worker told on as well", () => {
    const bench = createBench(limits);
    bench.attach(1);
    bench.ready(1);
    bench.dispatcher.cancel(bench.call() as never, true);
    expect(bench.overdue).toEqual([]);
    bench.clock.advance(305);
    expect(bench.overdue).toEqual([[1, "f"]]);
  });

  test("is forgotten when the worker answers within the grace, or is gone", () => {
    const bench = createBench(limits);
    bench.attach(1);
    bench.attach(2);
    bench.ready(1);
    const answered = bench.call();
    bench.clock.advance(1005);
    bench.error(1, answered, 2002);
    bench.ready(2);
    bench.call();
    bench.clock.advance(1005);
    bench.exit(2);
    bench.clock.advance(10_000);
    expect([bench.overdue, bench.dispatcher.inFlight, bench.clock.timerCount]).toEqual([[], 0, 0]);
  });
});

describe("the 2001 of a worker with a guard", () => {
  const stuck = () => {
    const bench = createBench(limits);
    const port = bench.attach(1);
    let tell: (seen: RunningPlace | null) => void = () => undefined;
    port.locate = (heard) => {
      tell = heard;
    };
    bench.ready(1);
    const callId = bench.call();
    bench.clock.advance(1005);
    return { bench, port, callId, tell: (seen: RunningPlace | null) => tell(seen) };
  };

  test("waits for the guard, says where the worker is stuck, and goes out once", () => {
    const { bench, port, callId, tell } = stuck();
    expect([bench.caller.answers, port.cancels]).toEqual([[], [callId]]);
    tell(place);
    expect(bench.caller.answers).toMatchObject([
      { code: 2001, details: { function: "f", file: "/app/f.ts", line: 7, lagMs: 990 } },
    ]);
    expect(bench.caller.answers[0]?.message).toContain('busy in "f" at /app/f.ts:7 for 990 ms');
    tell(place);
    bench.clock.advance(305);
    expect([bench.caller.answers.length, bench.overdue]).toEqual([1, [[1, "f"]]]);
  });

  test.each([
    ["that has nothing to say", null],
    ["of a worker that goes on", { function: null, file: null, line: null, lagMs: 0 }],
  ])("a guard %s changes nothing", (_, seen) => {
    const { bench, tell } = stuck();
    tell(seen);
    expect(bench.caller.answers).toMatchObject([{ code: 2001, details: null }]);
  });

  test("does not wait for a guard that says nothing for longer than 200 ms", () => {
    const { bench } = stuck();
    bench.clock.advance(205);
    expect(bench.caller.answers).toMatchObject([{ code: 2001 }]);
  });

  test("stays a 2001 when the worker answers first, with whatever", () => {
    for (const answer of ["result", "error"] as const) {
      const { bench, callId, tell } = stuck();
      bench[answer](1, callId);
      tell(place);
      expect(bench.caller.answers).toMatchObject([{ code: 2001 }]);
      expect([bench.dispatcher.inFlight, bench.kinds().slice(-2)]).toEqual([0, ["settle", "release"]]);
    }
  });

  test("is a 2003 when the worker dies first, and 2002 when its caller leaves", () => {
    const dead = stuck();
    dead.bench.exit(1);
    expect(dead.bench.caller.answers).toMatchObject([{ code: 2003 }]);
    const left = stuck();
    left.bench.dispatcher.cancel(left.callId as never, true);
    left.tell(place);
    expect(left.bench.caller.answers).toMatchObject([{ code: 2002 }]);
  });
});

test("a worker is told on when it has been given as many calls as its port says, and goes on getting calls", () => {
  const bench = createBench();
  bench.attach(1).maxCalls = 2;
  bench.ready(1);
  for (let n = 0; n < 4; n++) bench.result(1, bench.call());
  expect(bench.worn).toEqual([1]);
});

test("whoever waits for a worker to be quiet hears of it when nobody waits for its calls, not when its slots are free", () => {
  const bench = createBench(limits);
  bench.attach(1);
  bench.ready(1);
  const told: string[] = [];
  bench.call();
  bench.dispatcher.workers.whenQuiet(1 as never, () => told.push("quiet"));
  bench.dispatcher.workers.whenIdle(1 as never, () => told.push("idle"));
  bench.clock.advance(1005);
  expect(told).toEqual(["quiet"]);
  bench.error(1, 1, 2002);
  expect(told).toEqual(["quiet", "idle"]);
});
