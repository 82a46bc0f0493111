import { describe, expect, test } from "@jest/globals";
import { createBench, exported, table } from "./scripted.js";

describe("limits", () => {
  test("maxInFlight is exact over all functions, and a freed slot is free at once", () => {
    const bench = createBench({ maxInFlight: 2 });
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f");
    bench.call("g");
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toMatchObject({
      code: 3002,
      details: { limit: "maxInFlight", inFlight: 2, retryAfterMs: 50 },
    });
    bench.result(1, port.ids[0] ?? 0);
    expect(bench.call("f")).toBeGreaterThan(0);
    expect(bench.call("f")).toBe(0);
  });

  test("maxInFlightPerFunction is exact, and one function's fullness refuses no other", () => {
    const bench = createBench({ maxInFlightPerFunction: 3 });
    bench.attach(1);
    bench.ready(1);
    for (let n = 0; n < 3; n++) expect(bench.call("f")).toBeGreaterThan(0);
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toMatchObject({ code: 3002, details: { limit: "maxInFlightPerFunction" } });
    expect(bench.call("g")).toBeGreaterThan(0);
  });

  test("a call that waits for a worker holds a slot; so does one that is answered but still runs", () => {
    const bench = createBench({ maxInFlight: 2 });
    bench.attach(1);
    bench.ready(1);
    bench.call("f", 10);
    bench.clock.advance(20);
    expect(bench.caller.codes(1)).toEqual([2001]);
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    bench.call("f");
    expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([2, 1]);
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last?.code).toBe(3002);
  });
});

describe("refusals are honest: class N, counted, journalled, and nothing is held", () => {
  test("an unknown name is 1002 and suggests near ones", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: { ready: [1], exports: [exported("math.add")] } }));
    expect(bench.call("math.ad")).toBe(0);
    expect(bench.caller.last).toMatchObject({ code: 1002, details: { suggestions: ["math.add"] } });
    expect(bench.dispatcher.counters).toMatchObject({ total: 1, rejected: 1 });
    expect(bench.kinds()).toEqual(["reject"]);
    expect(bench.dispatcher.inFlight).toBe(0);
  });

  test("a name over 1 024 bytes is 1002, is compared with none, and is shown and kept cut", () => {
    const bench = createBench();
    const long = "ä".repeat(513);
    bench.dispatcher.publish(table({ app: { ready: [1], exports: [exported(long), exported("f")] } }));
    // Whatever is exported: such a name is refused before anything is looked up.
    expect(bench.call(long)).toBe(0);
    expect(bench.caller.last).toMatchObject({ code: 1002, details: { suggestions: [] } });
    expect(bench.caller.last?.message.length).toBeLessThan(300);
    expect([...bench.journal.entries()].at(-1)?.functionName).toHaveLength(256);
  });

  test("a name that is exported no more is 1002 and is not suggested", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.dispatcher.publish(table({ app: { ready: [1], exports: [exported("g")] } }));
    bench.call("f");
    expect(bench.caller.last).toMatchObject({ code: 1002, details: { suggestions: ["g"] } });
    bench.ready(1);
    expect(bench.call("f")).toBeGreaterThan(0);
  });

  test("a streaming export is 1000", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.call("s");
    expect(bench.caller.last?.code).toBe(1000);
  });

  test.each([0, -1, -Infinity])("timeoutMs %d is 2001 at once, without dispatching", (timeoutMs) => {
    const bench = createBench();
    const port = bench.attach(1);
    bench.ready(1);
    expect(bench.call("f", timeoutMs)).toBe(0);
    expect(bench.caller.last?.code).toBe(2001);
    expect(bench.caller.last?.message).toContain("was not started");
    expect(port.invokes).toEqual([]);
  });

  test("no worker up and none due is 3001 at once; one that is due makes the call wait", () => {
    const bench = createBench();
    bench.dispatcher.publish(table({ app: {} }));
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toMatchObject({ code: 3001, details: { reason: "no-worker" } });
    bench.dispatcher.publish(table({ app: { isDue: true } }));
    expect(bench.call("f")).toBeGreaterThan(0);
    expect(bench.caller.answers).toHaveLength(1);
  });

  test.each([
    ["draining", "draining"],
    ["closed", "closed"],
  ] as const)("a %s router refuses with 3001 and its reason", (admission, reason) => {
    const bench = createBench();
    bench.attach(1);
    bench.dispatcher.publish(table({ app: { ready: [1] } }, admission));
    expect(bench.call("f")).toBe(0);
    expect(bench.caller.last).toMatchObject({ code: 3001, details: { reason } });
  });

  test.each(["closed", "failed"] as const)("after close as %s every call is 3001 and says so", (reason) => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    bench.dispatcher.close(reason);
    bench.call("f");
    expect(bench.caller.last).toMatchObject({ code: 3001, details: { reason } });
  });
});
