// Workers that break the protocol: what they say twice or unasked reaches nobody, and whoever cannot be trusted is
// replaced (row 17 and the predecessor's reader that ended while the supervisor carried on).

import { afterEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { encode, type Message } from "../../../src/protocol/index.js";
import { closeLeftovers, fixtures, refuseStart, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

const command = [process.execPath, join(fixtures, "faults/worker.mjs")];
const quick = { restart: { backoffMs: [0] } };

describe("a worker that answers", () => {
  test.each(["fake.twice", "fake.both"])(
    "%s: the first answer counts, the other is dropped and counted",
    async (name) => {
      const system = await startSystem({ pools: { app: { command } }, ...quick });
      expect(await system.call(name)).toMatchObject({ code: 0, value: { value: "first" } });
      await until("the other is counted", () => system.journal.of("late").length === 1);
      expect(await system.call("fake.echo", { value: 1 })).toMatchObject({ code: 0, value: { value: 1 } });
      expect((await system.splice.status()).calls).toMatchObject({ ok: 2, failed: 0, late: 1 });
      expect(system.journal.of("spawn")).toHaveLength(1);
      await system.end();
    },
  );

  test("a request that it was never sent is replaced, and its calls end with 2003 and the reason", async () => {
    const system = await startSystem({ pools: { app: { command } }, ...quick });
    const neighbour = system.call("fake.silence");
    const forger = await system.call("fake.foreign", { id: 999_999 });
    for (const { code, message } of [forger, await neighbour]) {
      expect(code).toBe(2003);
      expect(message).toContain("answered request 999999, which it was never sent");
    }
    expect((await system.call("fake.echo")).code).toBe(0);
    expect(system.journal.of("spawn")).toHaveLength(2);
    await system.end();
  });

  test("another worker's call is replaced; the other's caller hears nothing of it", async () => {
    const system = await startSystem({ pools: { app: { command, workers: 2 } }, ...quick });
    await system.ready();
    const victim = system.call("fake.silence", {}, { timeoutMs: 60_000 });
    const [dispatched] = system.journal.of("dispatch");
    let isVictimAnswered = false;
    void victim.then(() => (isVictimAnswered = true));
    // The other worker is the one with fewer calls.
    const forger = await system.call("fake.foreign", { id: dispatched?.callId });
    expect(forger.code).toBe(2003);
    await until("the forger is replaced", () => system.journal.of("ready").length === 3);
    expect(isVictimAnswered).toBe(false);
    const holder = system.journal.of("ready").find(({ instance }) => instance === dispatched?.instance);
    process.kill(holder?.code ?? 0, "SIGKILL");
    expect((await victim).code).toBe(2003);
    await system.end();
  });
});

const secondHandshake: Message = {
  type: "Handshake",
  protocolVersion: 0x1_0000,
  role: "Worker",
  capabilities: 0,
  maxFrameSize: 1000,
};

describe("a worker whose link", () => {
  const header = (length: number, type: number) => [
    length >>> 24,
    (length >>> 16) & 255,
    (length >>> 8) & 255,
    length & 255,
    type,
  ];
  test.each([
    ["carries no MessagePack", new Uint8Array([...header(1, 0x21), 0xc1])],
    ["carries a message that nobody knows", new Uint8Array([...header(1, 0x77), 0x90])],
    ["carries a message of hosts", encode({ type: "ListExports" })],
    ["carries a second Handshake", encode(secondHandshake)],
    ["claims a frame over the limit", new Uint8Array(header(0xffff_ffff, 0x21))],
  ])("%s is replaced, and its calls end with 2003 at once", async (_, bytes) => {
    const system = await startSystem({ pools: { app: { command } }, ...quick });
    const neighbours = Array.from({ length: 5 }, () => system.call("fake.silence"));
    const calls = await Promise.all([system.call("fake.raw", { bytes }), ...neighbours]);
    for (const { code, message } of calls) {
      expect(code).toBe(2003);
      expect(message).toMatch(/was ended because it /);
    }
    expect((await system.call("fake.echo")).code).toBe(0);
    expect(system.journal.of("spawn")).toHaveLength(2);
    await system.end();
  });

  test("claims a frame over the limit, and whose own limit is too small for the reason, is replaced all the same", async () => {
    const small = { command: [...command, "small-frames"] };
    const system = await startSystem({ pools: { app: small }, ...quick }, { keyed: false });
    const bytes = new Uint8Array(header(0x7fff_ffff, 0x21));
    const { code, message } = await system.call("fake.raw", { bytes });
    expect([code, message]).toEqual([2003, expect.stringMatching(/was ended because it broke the protocol/)]);
    await system.readyAfter(2);
    await system.end();
  });

  test("is closed by it while it stays: is ended and replaced, its calls end with 2003", async () => {
    const system = await startSystem({ pools: { app: { command } }, ...quick });
    const { code, message } = await system.call("fake.hangUp");
    expect(code).toBe(2003);
    expect(message).toContain("closed its link");
    expect((await system.call("fake.echo")).code).toBe(0);
    await system.end();
  });
});

test("a worker that says anything before its Handshake is refused, and what it said is not heard", async () => {
  const { message, records } = await refuseStart({
    pools: { app: { command: [...command, "log-first"] } },
  });
  expect(message).toContain("its first message was LogEvent, not Handshake");
  expect(records.log.lines.filter((line) => line.message.includes("too early"))).toEqual([]);
});

test("a worker that cannot cancel: the caller's abort is answered at once, and the slot waits for the worker", async () => {
  const system = await startSystem({ pools: { app: { command: [...command, "no-cancel"] } }, ...quick });
  const abort = new AbortController();
  const call = system.call("fake.silence", {}, { signal: abort.signal });
  abort.abort();
  expect((await call).code).toBe(2002);
  expect((await system.splice.status()).calls).toMatchObject({ cancelled: 1, active: 1 });
  process.kill(await system.pid(), "SIGKILL");
  await system.end();
});
