// What the outcomes of an older generation say of functions whose code was replaced meanwhile: nothing.

import { describe, expect, test } from "@jest/globals";
import { createBench, exported, id, table } from "./scripted.js";

const breaker = { minCalls: 2, failureRatio: 0.5, quarantineCrashes: 2, openMs: 1000 };

/** One function on worker 1 until `promote`, then on worker 2, with 1 still there for the calls that it has. */
function createPool() {
  const bench = createBench({}, undefined, breaker);
  const serve = (instance: number): void => {
    bench.attach(instance);
    const exports = [exported("f"), exported("g")];
    bench.dispatcher.publish(table({ app: { ready: [instance], exports } }));
  };
  serve(1);
  const gateOf = (name: string) => [...bench.dispatcher.functions].find((each) => each.name === name)?.gate;
  return {
    bench,
    gate: (name = "f") => gateOf(name)?.picture.state ?? "none",
    promote(): void {
      serve(2);
      const old = bench.dispatcher.workers.get(id(1));
      if (old !== undefined) old.isSuperseded = true;
      for (const name of ["f", "g"]) bench.dispatcher.gates.renewed(name);
    },
    fail(instance: number, callId = bench.call("f")): void {
      bench.error(instance, callId, 3000);
    },
    die(instance: number): void {
      bench.exit(instance, false);
    },
  };
}

describe("an outcome of an older generation", () => {
  test("is no sample: failures that come late open no breaker of what runs now", () => {
    const pool = createPool();
    const late = [1, 2, 3, 4].map(() => pool.bench.call("f"));
    pool.promote();
    for (const callId of late) pool.fail(1, callId);
    expect(pool.gate()).toBe("none");
    pool.fail(2);
    expect(pool.gate()).toBe("closed");
    pool.fail(2);
    expect(pool.gate()).toBe("open");
  });

  test("is no success either", () => {
    const pool = createPool();
    const late = Array.from({ length: 20 }, () => pool.bench.call("f"));
    pool.promote();
    pool.fail(2);
    for (const callId of late) pool.bench.result(1, callId);
    pool.fail(2);
    expect(pool.gate()).toBe("open");
  });

  test("charges nobody with a death", () => {
    const pool = createPool();
    pool.bench.call("f");
    pool.promote();
    pool.die(1);
    expect(pool.bench.dispatcher.gates.chargeOf(id(1))).toEqual({ functionName: null, isQuarantined: false });
    expect(pool.bench.caller.last?.code).not.toBe(0);
    pool.bench.call("f");
    pool.die(2);
    expect(pool.bench.dispatcher.gates.chargeOf(id(2))).toEqual({ functionName: "f", isQuarantined: false });
  });
});

describe("a promotion", () => {
  test("forgets failures that were counted, and half of what a quarantine takes", () => {
    const pool = createPool();
    pool.fail(1);
    pool.promote();
    pool.fail(2);
    expect(pool.gate()).toBe("closed");
    const other = createPool();
    other.bench.call("f");
    other.die(1);
    other.promote();
    other.bench.call("f");
    other.die(2);
    expect(other.bench.dispatcher.gates.chargeOf(id(2))).toEqual({ functionName: "f", isQuarantined: false });
  });

  test("closes a breaker that is open, and leaves what a person holds", () => {
    const pool = createPool();
    pool.fail(1);
    pool.fail(1);
    pool.bench.tell({ type: "breaker.trip", functionName: "g" });
    expect([pool.gate("f"), pool.gate("g")]).toEqual(["open", "forcedOpen"]);
    pool.promote();
    expect([pool.gate("f"), pool.gate("g")]).toEqual(["closed", "forcedOpen"]);
  });

  test("closes one that is being tried, and the probe on the old worker decides nothing any more", () => {
    const pool = createPool();
    pool.fail(1);
    pool.fail(1);
    pool.bench.clock.advance(breaker.openMs);
    const probe = pool.bench.call("f");
    expect([pool.gate(), probe === 0]).toEqual(["halfOpen", false]);
    pool.promote();
    expect(pool.gate()).toBe("closed");
    pool.fail(1, probe);
    expect(pool.gate()).toBe("closed");
    expect(pool.bench.call("f")).not.toBe(0);
  });

  test("makes no gate where nothing has failed", () => {
    const pool = createPool();
    pool.promote();
    expect(pool.gate()).toBe("none");
  });
});
