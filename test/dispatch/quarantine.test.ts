import { describe, expect, test } from "@jest/globals";
import { createBench, exported, id, table } from "./scripted.js";

const breaker = {
  quarantineCrashes: 3,
  quarantineWithinMs: 60_000,
  quarantineMs: 30_000,
  minCalls: 1_000_000,
};
const names = ["bad", "good", "other"];

function createPool(policy = {}) {
  const bench = createBench({}, undefined, { ...breaker, ...policy });
  let instance = 0;
  const replace = () => {
    instance += 1;
    bench.attach(instance);
    bench.dispatcher.publish(
      table({ app: { ready: [instance], exports: names.map((name) => exported(name)) } }),
    );
  };
  replace();
  const gateOf = (name: string) =>
    [...bench.dispatcher.functions].find((each) => each.name === name)?.gate ?? null;
  return {
    bench,
    gateOf,
    succeed(name: string, times = 1) {
      for (let n = 0; n < times; n++) bench.result(instance, bench.call(name));
    },
    /** Calls these on one worker, which then dies; another takes its place. Returns whom the death is charged to. */
    die(calls: readonly string[], wasAsked = false) {
      for (const name of calls) bench.call(name);
      const died = instance;
      bench.exit(died, wasAsked);
      const charge = bench.dispatcher.gates.chargeOf(id(died));
      replace();
      return charge;
    },
    codeOf(name: string) {
      const callId = bench.call(name);
      if (callId !== 0) bench.result(instance, callId);
      return bench.caller.last?.code;
    },
  };
}

describe("a death is charged", () => {
  test("to the function that was alone", () => {
    const pool = createPool();
    expect(pool.die(["bad"])).toEqual({ functionName: "bad", isQuarantined: false });
  });

  test("of several, to the one with the largest share of calls that ended by a death", () => {
    const pool = createPool();
    pool.succeed("good", 10);
    pool.succeed("bad", 2);
    // 1 of 3 against 2 of 12.
    expect(pool.die(["bad", "good", "good"])).toMatchObject({ functionName: "bad" });
    // 2 of 4 against 1 of 1.
    expect(pool.die(["other", "bad"])).toMatchObject({ functionName: "other" });
  });

  test("of equals, to the one taken last", () => {
    expect(createPool().die(["bad", "good"])).toMatchObject({ functionName: "good" });
    expect(createPool().die(["good", "bad"])).toMatchObject({ functionName: "bad" });
    // Both lose all they had, so that again the last one taken is the one.
    expect(createPool().die(["bad", "good", "bad"])).toMatchObject({ functionName: "bad" });
  });

  test("by the calls of the last minute alone", () => {
    const pool = createPool();
    pool.die(["bad"]);
    pool.succeed("good", 10);
    pool.bench.clock.advance(60_000);
    pool.succeed("bad", 3);
    // 1 of 4 against 1 of 11: the death before is forgotten, and so would ten good calls be in another minute.
    expect(pool.die(["good", "bad"])).toMatchObject({ functionName: "bad" });
    pool.bench.clock.advance(60_000);
    pool.succeed("bad", 3);
    expect(pool.die(["bad", "good"])).toMatchObject({ functionName: "good" });
  });

  test("by all calls since the first death, those that went well too", () => {
    const pool = createPool();
    pool.die(["bad"]);
    pool.succeed("bad", 9);
    pool.succeed("other", 3);
    // 2 of 11 against 1 of 4.
    expect(pool.die(["other", "bad"])).toMatchObject({ functionName: "other" });
  });

  test("also to a function whose call had its answer but was still running", () => {
    const pool = createPool();
    pool.bench.call("bad", 10);
    pool.bench.clock.advance(20);
    expect(pool.bench.caller.last?.code).toBe(2001);
    expect(pool.die([])).toMatchObject({ functionName: "bad" });
  });

  test("to nobody when no call was there, when it was asked for, and when quarantine is switched off", () => {
    const nobody = { functionName: null, isQuarantined: false };
    expect(createPool().die([])).toEqual(nobody);
    expect(createPool().die(["bad"], true)).toEqual(nobody);
    const off = createPool({ quarantineCrashes: 0 });
    for (let n = 0; n < 10; n++) expect(off.die(["bad"])).toEqual(nobody);
    expect(off.codeOf("bad")).toBe(0);
  });

  test("the charges of the last 256 deaths are remembered", () => {
    const pool = createPool({ quarantineCrashes: 1000 });
    for (let n = 0; n < 257; n++) pool.die(["bad"]);
    const { gates } = pool.bench.dispatcher;
    expect([1, 2, 257].map((instance) => gates.chargeOf(id(instance)).functionName)).toEqual([
      null,
      "bad",
      "bad",
    ]);
  });
});

describe("quarantine", () => {
  test("begins with the third charge within a minute; the death that began it is answered for", () => {
    const pool = createPool();
    pool.succeed("good", 50);
    expect(pool.die(["bad", "good"]).isQuarantined).toBe(false);
    expect(pool.die(["good", "bad"]).isQuarantined).toBe(false);
    expect(pool.codeOf("bad")).toBe(0);
    expect(pool.die(["bad", "good"])).toEqual({ functionName: "bad", isQuarantined: true });
    expect([pool.codeOf("bad"), pool.codeOf("good"), pool.codeOf("other")]).toEqual([3001, 0, 0]);
  });

  test("refuses with its own reason and sentence", () => {
    const pool = createPool();
    for (let n = 0; n < 3; n++) pool.die(["bad"]);
    pool.bench.clock.advance(10_000);
    pool.bench.call("bad");
    expect(pool.bench.caller.last).toMatchObject({
      code: 3001,
      details: { reason: "quarantined", state: "open", retryAfterMs: 20_000 },
    });
    expect(pool.bench.caller.last?.message).toMatch(
      /^"bad" was not called: it is in quarantine \(open\) since \S+, because its calls took down 3 workers within 60 s\. /,
    );
  });

  test("charges from before a reset do not add up with later ones", () => {
    const pool = createPool();
    pool.die(["bad"]);
    pool.die(["bad"]);
    pool.bench.tell({ type: "breaker.trip", functionName: "bad" });
    pool.bench.tell({ type: "breaker.reset", functionName: "bad" });
    expect([pool.die(["bad"]), pool.die(["bad"])].map((each) => each.isQuarantined)).toEqual([false, false]);
    expect(pool.die(["bad"]).isQuarantined).toBe(true);
  });

  test("charges that lie further apart do not add up", () => {
    const pool = createPool();
    for (let n = 0; n < 10; n++) {
      expect(pool.die(["bad"]).isQuarantined).toBe(false);
      pool.bench.clock.advance(30_000);
    }
  });

  test("lasts for quarantineMs, then one call is tried; its success ends it with a clean slate", () => {
    const pool = createPool();
    for (let n = 0; n < 3; n++) pool.die(["bad"]);
    pool.bench.clock.advance(29_999);
    expect(pool.codeOf("bad")).toBe(3001);
    pool.bench.clock.advance(1);
    expect(pool.codeOf("bad")).toBe(0);
    expect(pool.gateOf("bad")?.picture.state).toBe("closed");
    expect(
      [pool.die(["bad"]), pool.die(["bad"]), pool.die(["bad"])].map((each) => each.isQuarantined),
    ).toEqual([false, false, true]);
  });

  test("a call that tries it and takes its worker down begins it again, and that death is answered for too", () => {
    const pool = createPool();
    for (let n = 0; n < 3; n++) pool.die(["bad"]);
    for (let round = 0; round < 3; round++) {
      pool.bench.clock.advance(30_000);
      expect(pool.die(["bad"])).toEqual({ functionName: "bad", isQuarantined: true });
      expect(pool.bench.caller.last?.code).toBe(2003);
      expect(pool.codeOf("bad")).toBe(3001);
      expect(pool.bench.caller.last?.details).toMatchObject({ reason: "quarantined", retryAfterMs: 30_000 });
    }
  });

  test("deaths of calls that were under way when it began are answered for, and do not prolong it", () => {
    const pool = createPool();
    const { bench } = pool;
    for (const instance of [91, 92, 93, 94]) {
      bench.attach(instance);
      bench.dispatcher.publish(
        table({ app: { ready: [instance], exports: names.map((name) => exported(name)) } }),
      );
      bench.call("bad");
    }
    for (const instance of [91, 92, 93]) bench.exit(instance);
    bench.clock.advance(5000);
    bench.exit(94);
    expect(bench.dispatcher.gates.chargeOf(id(94))).toEqual({ functionName: "bad", isQuarantined: true });
    expect(pool.gateOf("bad")?.retryAfterMs).toBe(25_000);
  });

  test("takes the place of an open breaker, and is lifted by a reset", () => {
    const pool = createPool({ minCalls: 2, quarantineCrashes: 3 });
    const { bench } = pool;
    for (const instance of [91, 92, 93]) {
      bench.attach(instance);
      bench.dispatcher.publish(
        table({ app: { ready: [instance], exports: names.map((name) => exported(name)) } }),
      );
      bench.call("bad");
    }
    bench.exit(91);
    bench.exit(92);
    expect(pool.gateOf("bad")?.picture).toMatchObject({ state: "open", reason: "breaker-open" });
    bench.exit(93);
    expect(pool.gateOf("bad")?.picture).toMatchObject({ state: "open", reason: "quarantined" });
    bench.tell({ type: "breaker.reset", functionName: "bad" });
    expect(pool.gateOf("bad")?.isQuarantined).toBe(false);
  });
});
