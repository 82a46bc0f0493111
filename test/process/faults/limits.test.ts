// Slots and sizes: every slot comes back, limits are exact, and what is too large ends one call only (row 19 and the
// predecessor's leaking counters, leaking slots, dead writer and lost params).

import { afterEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { closeLeftovers, fixtures, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const fakeWorker = join(fixtures, "faults/worker.mjs");

describe("counters per function (the predecessor's leaked: the 257th sequential call of a function failed for ever)", () => {
  test("300 calls one after the other and 2 000 in batches: all answered, every counter back at 0", async () => {
    const system = await startSystem({ functions });
    for (let i = 0; i < 300; i++) {
      expect(await system.call("work.echo", { value: i })).toMatchObject({ code: 0, value: { value: i } });
    }
    for (let batch = 0; batch < 20; batch++) {
      const calls = await Promise.all(
        Array.from({ length: 100 }, (_, i) => system.call("work.echo", { value: i })),
      );
      calls.forEach((call, i) => {
        expect(call).toMatchObject({ code: 0, value: { value: i } });
      });
    }
    const { calls, functions: states } = await system.splice.status();
    expect(calls).toMatchObject({ total: 2300, ok: 2300, active: 0 });
    expect(states.find(({ name }) => name === "work.echo")).toMatchObject({
      calls: 2300,
      inFlight: 0,
      failed: 0,
    });
    await system.end();
  }, 20_000);

  test("10 000 calls of one function, one after the other (row 60)", async () => {
    const system = await startSystem({ functions });
    const pid = await system.pid();
    for (let i = 0; i < 10_000; i++) {
      const { code, value } = await system.call("work.echo", { value: i });
      if (code !== 0 || (value as { value: unknown }).value !== i)
        throw new Error(`Call ${i} ended with ${code}.`);
    }
    const { calls, functions: states, pools } = await system.splice.status();
    expect(calls).toMatchObject({ total: 10_000, ok: 10_000, failed: 0, rejected: 0, late: 0, active: 0 });
    expect(states.find(({ name }) => name === "work.echo")).toMatchObject({ calls: 10_000, inFlight: 0 });
    expect(pools[0]?.workers).toMatchObject([{ pid, inFlight: 0, calls: 10_000 }]);
    await system.end();
  }, 60_000);

  test("failed, timed out and cancelled calls give their slots back too", async () => {
    const system = await startSystem({
      functions,
      limits: { maxInFlightPerFunction: 4 },
      restart: { backoffMs: [0] },
    });
    for (let i = 0; i < 12; i++) {
      expect((await system.call("work.throws", { message: "no" })).code).toBe(2000);
      const abort = new AbortController();
      const aborted = system.call("work.hold", { file: join(system.folder, "go") }, { signal: abort.signal });
      abort.abort();
      expect((await aborted).code).toBe(2002);
      expect((await system.call("work.echo", { value: new Date() }, { timeoutMs: 0 })).code).toBe(2001);
      await writeFile(join(system.folder, "go"), "");
      await system.atRest();
    }
    await system.end();
  });
});

describe("limits (the predecessor checked first and counted later)", () => {
  test("exactly maxInFlightPerFunction calls are accepted, the rest is refused with 3002 and never runs", async () => {
    const system = await startSystem({ functions, limits: { maxInFlight: 20, maxInFlightPerFunction: 8 } });
    const file = join(system.folder, "go");
    const calls = Array.from({ length: 50 }, () => system.call("work.hold", { file }));
    // One function at its limit does not close the others.
    expect((await system.call("work.echo")).code).toBe(0);
    await writeFile(file, "");
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter(({ code }) => code === 0)).toHaveLength(8);
    const refused = outcomes.filter(({ code }) => code === 3002);
    expect(refused).toHaveLength(42);
    expect(refused[0]?.error).toMatchObject({
      retryable: true,
      details: { limit: "maxInFlightPerFunction", inFlight: 8 },
    });
    expect(system.journal.of("dispatch")).toHaveLength(9);
    expect((await system.call("work.hold", { file })).code).toBe(0);
    await system.end();
  });

  test("exactly maxInFlight calls over all functions are accepted", async () => {
    const system = await startSystem({ functions, limits: { maxInFlight: 6, maxInFlightPerFunction: 4 } });
    const file = join(system.folder, "go");
    const holds = Array.from({ length: 4 }, () => system.call("work.hold", { file }));
    const others = Array.from({ length: 10 }, () => system.call("work.hang"));
    const refused = (await Promise.all(others.slice(2))).map(({ code, error }) => [code, error?.details]);
    for (const refusal of refused) {
      expect(refusal).toEqual([3002, expect.objectContaining({ limit: "maxInFlight", inFlight: 6 })]);
    }
    await writeFile(file, "");
    for (const { code } of await Promise.all(holds)) expect(code).toBe(0);
    process.kill(await system.pid(), "SIGKILL");
    for (const { code } of await Promise.all(others.slice(0, 2))) expect(code).toBe(2003);
    await system.end();
  });

  test("with no worker nothing leaks: calls hold their slots while they wait, and give them back at their deadlines", async () => {
    const system = await startSystem({
      functions,
      limits: { maxInFlight: 8, maxInFlightPerFunction: 8 },
      restart: { backoffMs: [60_000], withinMs: 1_000_000 },
    });
    process.kill(await system.pid(), "SIGKILL");
    await until("the end is noticed", () => system.journal.of("exit").length === 1);
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, () => system.call("work.echo", {}, { timeoutMs: 40 })),
      );
      const codes = outcomes.map(({ code }) => code).sort();
      expect(codes).toEqual([...Array<number>(8).fill(2001), ...Array<number>(4).fill(3002)]);
      await system.atRest();
    }
    expect(system.journal.of("dispatch")).toHaveLength(0);
    await system.end();
  });
});

describe("what is too large for a frame (row 19; the predecessor's writer died of it)", () => {
  const limits = { maxFrameBytes: 65_536 };

  test("a result: 2000 ResultTooLarge for that call, and the next works in the same process", async () => {
    const system = await startSystem({ functions, limits });
    const pid = await system.pid();
    const neighbour = system.call("work.hold", { file: join(system.folder, "go") });
    const { code, error, message } = await system.call("work.sized", { bytes: 70_000 });
    expect(code).toBe(2000);
    expect(error?.details).toMatchObject({ name: "ResultTooLarge" });
    expect(message).toMatch(/65536/);
    expect((await system.call("work.sized", { bytes: 60_000 })).code).toBe(0);
    await writeFile(join(system.folder, "go"), "");
    expect((await neighbour).value).toMatchObject({ value: pid });
    expect(system.journal.of("spawn")).toHaveLength(1);
    await system.end();
  });

  test("the message of an error: 2000 all the same", async () => {
    const system = await startSystem({ functions, limits });
    expect((await system.call("work.throws", { message: "x".repeat(65_000) })).code).toBe(2000);
    const { code } = await system.call("work.sized", { bytes: 10 });
    expect(code).toBe(0);
    await system.end();
  });

  test("params: 1004 before anything is sent, and the next call works", async () => {
    const system = await startSystem({ functions, limits });
    const { code, message } = await system.call("work.echo", { value: new Uint8Array(70_000) });
    expect(code).toBe(1004);
    expect(message).toContain("limits.maxFrameBytes");
    expect((await system.call("work.echo", { value: new Uint8Array(60_000) })).code).toBe(0);
    await system.end();
  });
});

describe("params and values (the predecessor turned bad params into none and could carry no bytes)", () => {
  test("bytes travel both ways", async () => {
    const system = await startSystem({ functions });
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { value: answer } = await system.call("work.echo", { value });
    expect(Buffer.from((answer as { value: Uint8Array }).value)).toEqual(Buffer.from(value));
    await system.end();
  });

  test("params that are no map are refused with 1001 and the function does not run", async () => {
    const system = await startSystem({ functions, socket: undefined });
    for (const params of [[1], 7, "text"]) {
      await expect(system.splice.call("work.echo", params)).rejects.toMatchObject({ code: 1001 });
    }
    expect(system.journal.of("dispatch")).toHaveLength(0);
    await system.end();
  });

  test("a worker of any language gets the params as they were, and its answer comes as it is", async () => {
    const system = await startSystem({ pools: { app: { command: [process.execPath, fakeWorker] } } });
    const value = { text: "ä€😀", big: 2n ** 60n, list: [null, true, 1.5], at: new Date(86_400_000) };
    expect(await system.call("fake.echo", { value })).toMatchObject({ code: 0, value: { value } });
    await system.end();
  });
});
