import { describe, expect, test } from "@jest/globals";
import { createBench, table } from "./scripted.js";

const breaker = { failureRatio: 0.5, minCalls: 4, windowMs: 1000, openMs: 500 };
type Bench = ReturnType<typeof createBench>;

/** A bench whose one worker answers as the test says. */
function opened(limits = {}, policy = {}) {
  const bench = createBench(limits, undefined, { ...breaker, ...policy });
  const port = bench.attach(1);
  bench.ready(1);
  /** Calls and answers at once; 0 is a result. Returns what the caller heard. */
  const run = (code: number, name = "f") => {
    const callId = bench.call(name);
    if (callId !== 0) answer(bench, callId, code);
    return bench.caller.last?.code;
  };
  return { bench, port, run };
}

function answer(bench: Bench, callId: number, code: number, instance = 1) {
  if (code === 0) bench.result(instance, callId);
  else bench.error(instance, callId, code);
}

const gateOf = ({ dispatcher }: Bench, name = "f") =>
  [...dispatcher.functions].find((each) => each.name === name)?.gate ?? null;
const stateOf = (bench: Bench, name = "f") => gateOf(bench, name)?.picture.state ?? "none";

describe("a function without a failure", () => {
  test("has no gate and no breaker, however often it is called", () => {
    const { bench, run } = opened();
    for (let n = 0; n < 50; n++) run(0);
    run(2000);
    expect([stateOf(bench), bench.facts]).toEqual(["none", []]);
  });

  test("gets them at its first failure; what came before does not count", () => {
    const { bench, run } = opened();
    for (let n = 0; n < 50; n++) run(0);
    for (let n = 0; n < 3; n++) run(3000);
    expect([stateOf(bench), bench.facts]).toEqual(["closed", ["f failure.recorded"]]);
    run(3000);
    expect(stateOf(bench)).toBe("open");
    expect([stateOf(bench, "g"), run(0, "g")]).toEqual(["none", 0]);
  });
});

describe("what counts", () => {
  test.each([2001, 2003, 3000])("%d is a failure", (code) => {
    const { bench, run } = opened();
    for (let n = 0; n < 4; n++) run(code);
    expect(stateOf(bench)).toBe("open");
  });

  test("a deadline that passes in the worker is a failure; one that passes while no worker has the call is none", () => {
    const { bench } = opened();
    for (let n = 0; n < 3; n++) bench.call("f", 10);
    bench.clock.advance(20);
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    for (let n = 0; n < 9; n++) bench.call("f", 10);
    bench.clock.advance(20);
    expect(bench.caller.answers.filter(({ code }) => code === 2001)).toHaveLength(12);
    expect(stateOf(bench)).toBe("closed");
    bench.ready(1);
    bench.call("f", 10);
    bench.clock.advance(20);
    expect(stateOf(bench)).toBe("open");
  });

  test.each([1001, 2002, 3001, 3002, 1004])("%d is no sample", (code) => {
    const { bench, run } = opened();
    for (let n = 0; n < 3; n++) run(2001);
    for (let n = 0; n < 9; n++) run(code);
    expect(gateOf(bench)?.outcomes.read(bench.clock.now())).toEqual({ calls: 3, failures: 3 });
  });

  test("2000 is a success: the function ran and said so", () => {
    const { bench, run } = opened();
    run(2001);
    run(2001);
    run(2000);
    run(2000);
    run(2000);
    expect(gateOf(bench)?.outcomes.read(bench.clock.now())).toEqual({ calls: 5, failures: 2 });
    run(2001);
    expect(stateOf(bench)).toBe("open");
  });

  test("below minCalls and below the ratio it stays closed; the window forgets", () => {
    const { bench, run } = opened();
    for (let n = 0; n < 3; n++) run(2001);
    bench.clock.advance(1000);
    for (let n = 0; n < 3; n++) run(2001);
    expect(stateOf(bench)).toBe("closed");
    for (let n = 0; n < 5; n++) run(0);
    run(2001);
    expect([stateOf(bench), gateOf(bench)?.outcomes.read(bench.clock.now())]).toEqual([
      "closed",
      { calls: 9, failures: 4 },
    ]);
    run(2001);
    expect(stateOf(bench)).toBe("open");
  });

  test("one worker's death counts once for each function it had", () => {
    const { bench } = opened();
    for (let n = 0; n < 10; n++) bench.call("f");
    bench.call("g");
    bench.exit(1);
    expect(bench.caller.answers.map(({ code }) => code)).toEqual(Array(11).fill(2003));
    for (const name of ["f", "g"]) {
      const { calls, failures } = gateOf(bench, name)?.outcomes.read(bench.clock.now()) ?? {};
      expect([name, calls, failures]).toEqual([name, 1, 1]);
    }
  });

  test("a death that was asked for says nothing", () => {
    const { bench } = opened();
    bench.call("f");
    bench.exit(1, true);
    expect([bench.caller.last?.code, stateOf(bench), bench.facts]).toEqual([2003, "none", []]);
  });
});

describe("a shut gate", () => {
  test("refuses with class N and says why, in which state, since when, and when to come again", () => {
    const { bench, run } = opened();
    run(0);
    for (const code of [2003, 0, 2001, 2003]) run(code);
    bench.clock.advance(100);
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toEqual({
      requestId: 6,
      code: 3001,
      callId: 0,
      message:
        '"f" was not called: its breaker is open since 2023-11-14T22:13:20.000Z, because 3 of 4 calls failed ' +
        "within 1 s, the last with 2003. One call will be let through to try it in 400 ms.",
      details: {
        reason: "breaker-open",
        state: "open",
        since: "2023-11-14T22:13:20.000Z",
        why: "3 of 4 calls failed within 1 s, the last with 2003",
        retryAfterMs: 400,
      },
    });
    expect(bench.dispatcher.counters).toMatchObject({ total: 6, rejected: 1 });
    expect(bench.kinds().at(-1)).toBe("reject");
  });

  test("is shut before the caller hears of the failure that shut it", () => {
    const { bench, run } = opened();
    let again: number | undefined;
    for (let n = 0; n < 3; n++) run(2001);
    bench.caller.onAnswer = ({ code }) => {
      if (code === 2001) again = bench.call("f");
    };
    run(2001);
    expect(again).toBe(0);
    expect(bench.caller.last?.code).toBe(3001);
  });

  test("lets calls that were taken before go on, and what becomes of them says nothing", () => {
    const { bench, port, run } = opened();
    const early = [bench.call("f"), bench.call("f")];
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    const queued = bench.call("f");
    bench.ready(1);
    for (let n = 0; n < 4; n++) run(2001);
    expect(stateOf(bench)).toBe("open");
    expect(port.ids).toContain(queued);
    for (const callId of [...early, queued]) answer(bench, callId, 0);
    expect(bench.caller.codes(1)).toEqual([0]);
    expect(stateOf(bench)).toBe("open");
    expect(bench.facts.at(-1)).toBe("f threshold.crossed");
    expect(bench.dispatcher.inFlight).toBe(0);
  });

  test("is told with its own reason even when the function is also at its limit", () => {
    const { bench, run } = opened({ maxInFlightPerFunction: 1 });
    for (let n = 0; n < 3; n++) run(2001);
    bench.call("f", 10);
    bench.clock.advance(20);
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last?.code).toBe(3001);
  });

  test("tripped on request it refuses until it is reset, and says so", () => {
    const { bench, run } = opened();
    bench.tell({ type: "breaker.trip", functionName: "f" });
    bench.clock.advance(86_400_000);
    expect(run(0)).toBe(3001);
    expect(bench.caller.last?.message).toContain("its breaker is forcedOpen since");
    expect(bench.caller.last?.message).toContain("It stays so until it is reset.");
    expect(bench.caller.last?.details).toMatchObject({
      reason: "breaker-open",
      state: "forcedOpen",
      retryAfterMs: null,
    });
    bench.tell({ type: "breaker.reset", functionName: "f" });
    expect(run(0)).toBe(0);
  });
});

describe("the probe", () => {
  const halfOpen = () => {
    const all = opened();
    for (let n = 0; n < 4; n++) all.run(2001);
    all.bench.clock.advance(500);
    expect(stateOf(all.bench)).toBe("halfOpen");
    return all;
  };

  test("is one call; the others are refused until its outcome is known, and its success closes", () => {
    const { bench, run } = halfOpen();
    const probe = bench.call("f");
    expect(probe).toBeGreaterThan(0);
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toMatchObject({
      code: 3001,
      details: { state: "halfOpen", retryAfterMs: 100 },
    });
    expect(bench.caller.last?.message).toContain("One call is being tried, and its outcome decides.");
    answer(bench, probe, 0);
    expect([stateOf(bench), run(0)]).toEqual(["closed", 0]);
    expect(bench.reports.map(({ type }) => type)).toEqual([
      "breaker.opened",
      "breaker.halfOpened",
      "breaker.closed",
    ]);
  });

  test("that closed the breaker has wiped the slate: it takes as many failures again", () => {
    const { bench, run } = halfOpen();
    run(0);
    for (let n = 0; n < 3; n++) run(2001);
    expect(stateOf(bench)).toBe("closed");
    run(2001);
    expect(stateOf(bench)).toBe("open");
  });

  test.each([2001, 2003, 3000])("that ends with %d opens it again", (code) => {
    const { bench, run } = halfOpen();
    run(code);
    expect(stateOf(bench)).toBe("open");
    expect(run(0)).toBe(3001);
    expect(bench.caller.last?.message).toContain(`because the call that tried it ended with ${String(code)}`);
    bench.clock.advance(500);
    expect(run(2000)).toBe(2000);
    expect(stateOf(bench)).toBe("closed");
  });

  test("that passes its deadline opens it again, and its late answer changes nothing", () => {
    const { bench } = halfOpen();
    const probe = bench.call("f", 10);
    bench.clock.advance(20);
    expect(stateOf(bench)).toBe("open");
    answer(bench, probe, 0);
    expect(stateOf(bench)).toBe("open");
  });

  const withoutVerdict: [string, (bench: Bench, probe: number) => void][] = [
    ["is cancelled", (bench, probe) => bench.dispatcher.cancel(probe as never, true)],
    ["has params that do not fit", (bench, probe) => answer(bench, probe, 1001)],
    ["meets a worker that is leaving", (bench, probe) => answer(bench, probe, 3001)],
    ["had a worker that was stopped", (bench) => bench.exit(1, true)],
  ];
  test.each(withoutVerdict)("that %s frees the place for the next", (_, end) => {
    const { bench } = halfOpen();
    const probe = bench.call("f");
    end(bench, probe);
    expect(bench.facts.at(-1)).toBe("f probe.abandoned");
    bench.attach(2);
    bench.ready(2);
    const next = bench.call("f");
    expect(next).toBeGreaterThan(0);
    expect(bench.call("f")).toBe(0);
    answer(bench, next, 0, 2);
    expect(stateOf(bench)).toBe("closed");
  });

  test("that could not even be sent frees the place for the next", () => {
    const { bench, port } = halfOpen();
    port.queuedBytes = 5000;
    bench.call("f");
    expect([bench.caller.last?.code, bench.facts.at(-1)]).toEqual([3002, "f probe.abandoned"]);
    port.queuedBytes = 0;
    expect(bench.call("f")).toBeGreaterThan(0);
  });

  test("alone decides: what was taken before the breaker opened and fails now is no verdict", () => {
    const { bench, run } = opened();
    const early = Array.from({ length: 6 }, () => bench.call("f"));
    for (let n = 0; n < 4; n++) run(2001);
    bench.clock.advance(500);
    for (const callId of early) answer(bench, callId, 2003);
    expect(stateOf(bench)).toBe("halfOpen");
    expect(run(0)).toBe(0);
    expect(stateOf(bench)).toBe("closed");
  });

  test("waits for a worker as any call does, and holds the place meanwhile", () => {
    const { bench } = halfOpen();
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    const probe = bench.call("f");
    expect(bench.call("f")).toBe(0);
    bench.ready(1);
    answer(bench, probe, 0);
    expect(stateOf(bench)).toBe("closed");
  });

  test("a verdict that comes after the breaker was tripped and reset is none", () => {
    const { bench } = halfOpen();
    const probe = bench.call("f");
    bench.tell({ type: "breaker.trip", functionName: "f" });
    answer(bench, probe, 2001);
    expect(stateOf(bench)).toBe("forcedOpen");
    bench.tell({ type: "breaker.reset", functionName: "f" });
    expect(gateOf(bench)?.outcomes.read(bench.clock.now())).toEqual({ calls: 0, failures: 0 });
  });
});

describe("a function whose pool is removed", () => {
  test("and that is there again has an open gate, and a breaker that is closed", () => {
    const { bench, run } = opened();
    for (let n = 0; n < 4; n++) run(2001);
    expect(stateOf(bench)).toBe("open");
    bench.dispatcher.publish(table({}));
    expect(bench.facts).toContain("f function.removed");
    bench.ready(1);
    expect(stateOf(bench)).toBe("none");
    for (let n = 0; n < 4; n++) run(2001);
    expect(stateOf(bench)).toBe("open");
  });

  test("is heard of no more: its probe has no outcome", () => {
    const { bench, run } = opened();
    for (let n = 0; n < 4; n++) run(2001);
    bench.clock.advance(breaker.openMs);
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call("f");
    bench.dispatcher.publish(table({}));
    const removed = ["f", "g", "s"].map((name) => `${name} function.removed`);
    expect([bench.caller.last?.code, bench.facts.slice(-3)]).toEqual([3001, removed]);
  });
});

test("a dispatcher that is closed reports no outcome", () => {
  const { bench, run } = opened();
  run(2001);
  bench.call("f");
  const told = bench.facts.length;
  bench.dispatcher.close("failed");
  bench.exit(1);
  expect([bench.caller.last?.code, bench.facts.length]).toEqual([3000, told]);
});
