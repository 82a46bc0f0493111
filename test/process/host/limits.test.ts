// Limits that hold for one call or one connection on the real socket: deadlines, frame sizes on either hop, names.

import { afterEach, describe, expect, test } from "@jest/globals";
import { encode } from "../../../src/protocol/index.js";
import { closeLeftovers, startSystem, until } from "../harness.js";
import { connectHost, hostFixtures, startHosted } from "./raw-host.js";

afterEach(closeLeftovers);

const longest = 2 ** 31 - 1;

describe("deadlines on the wire", () => {
  test("0 is the supervisor's default, 1 fires, and values above 2^31-1 are 2^31-1 instead of now", async () => {
    const system = await startHosted({ limits: { defaultTimeoutMs: 4321 }, health: { cancelGraceMs: 50 } });
    const host = await connectHost(system);
    const given = [0, longest, 2 ** 31, 2 ** 32 - 1];
    for (const [place, deadlineMs] of given.entries())
      host.invoke(place + 1, "work.context", {}, { deadlineMs });
    const remaining: number[] = [];
    for (const place of given.keys()) {
      remaining.push(((await host.value(place + 1)) as { remainingMs: number }).remainingMs);
    }
    expect(system.journal.of("accept").map(({ deadlineMs }) => deadlineMs)).toEqual([
      4321,
      longest,
      longest,
      longest,
    ]);
    expect(remaining[0]).toBeLessThanOrEqual(4321);
    for (const remainingMs of remaining.slice(1)) expect(remainingMs).toBeGreaterThan(longest - 60_000);
    host.invoke(9, "work.untilCancelled", {}, { deadlineMs: 1 });
    expect(await host.failure(9)).toMatchObject({ code: 2001, kind: "Timeout" });
    await system.end();
  });

  test("a long deadline does not fire while the call runs", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    for (const [place, deadlineMs] of [longest, 2 ** 31, 2 ** 32 - 1].entries()) {
      host.invoke(place + 1, "work.sleeping", { ms: 100 }, { deadlineMs });
    }
    for (const id of [1, 2, 3]) expect(await host.value(id)).toHaveProperty("key");
    await system.end();
  });

  test("a call that no worker could take before its deadline gets 2001 and never runs", async () => {
    const system = await startHosted({ restart: { backoffMs: [60_000], withinMs: 1_000_000 } });
    const host = await connectHost(system);
    process.kill(await system.pid(), "SIGKILL");
    await until("the worker is gone", async () => (await system.workers())[0]?.pid === null);
    host.invoke(1, "work.echo", {}, { deadlineMs: 1 });
    expect(await host.failure(1)).toMatchObject({
      code: 2001,
      message: expect.stringContaining("never ran"),
    });
    await system.end();
  });
});

describe("timeoutMs of an embedded call", () => {
  test.each([0, -1, -Infinity])("%p is 2001 at once, and nothing runs", async (timeoutMs) => {
    const system = await startSystem({ functions: `${hostFixtures}/functions` });
    expect(await system.call("work.echo", {}, { timeoutMs })).toMatchObject({ code: 2001 });
    expect(system.journal.of("dispatch")).toEqual([]);
    await system.end();
  });

  test.each([longest, 2 ** 31, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER])(
    "%p is long, and not now",
    async (timeoutMs) => {
      const system = await startSystem({ functions: `${hostFixtures}/functions` });
      const outcome = await system.call("work.context", {}, { timeoutMs });
      expect((outcome.value as { remainingMs: number }).remainingMs).toBeGreaterThan(longest - 60_000);
      await system.end();
    },
  );

  test("Infinity is no deadline at all, 1 fires, NaN is refused before it is sent", async () => {
    const system = await startSystem({ functions: `${hostFixtures}/functions` });
    const unbounded = await system.call("work.context", {}, { timeoutMs: Infinity });
    expect(unbounded.value).toMatchObject({ remainingMs: Infinity });
    expect(await system.call("work.untilCancelled", {}, { timeoutMs: 1 })).toMatchObject({ code: 2001 });
    const refused = await system.call("work.echo", {}, { timeoutMs: Number.NaN });
    expect(refused).toMatchObject({ code: 1000, message: expect.stringContaining("NaN") });
    expect(system.journal.of("accept")).toHaveLength(2);
    await system.end();
  });
});

describe("frame sizes", () => {
  test("params over the worker's own limit: 1004 for that call alone", async () => {
    const command = [process.execPath, `${hostFixtures}/raw-worker.mjs`];
    const system = await startHosted({ pools: { raw: { command, env: { MAX_FRAME_SIZE: "2048" } } } });
    const host = await connectHost(system);
    host.invoke(1, "raw.echo", { data: new Uint8Array(5000) });
    host.invoke(2, "raw.echo", { data: new Uint8Array(1000) });
    expect(await host.failure(1)).toMatchObject({ code: 1004, kind: "System", details: { limit: 2048 } });
    expect(await host.value(2)).toMatchObject({ data: new Uint8Array(1000) });
    await system.end();
  });

  test("a frame that fits the host's link and no longer the worker's, once the deadline is in it: 1004 for it alone", async () => {
    const maxFrameBytes = 65_536;
    const system = await startHosted({ limits: { maxFrameBytes } });
    const host = await connectHost(system);
    const invocation = host.invocation(1, "work.size", { data: new Uint8Array(60_000) });
    const missing = maxFrameBytes - (encode(invocation).length - 5);
    const params = Buffer.from(invocation.params);
    const at = params.indexOf(Buffer.of(0xc5, 60_000 >>> 8, 60_000 & 0xff));
    params.writeUInt16BE(60_000 + missing, at + 1);
    const longer = Buffer.concat([
      params.subarray(0, at + 3),
      Buffer.alloc(missing),
      params.subarray(at + 3),
    ]);
    const bytes = encode({ ...invocation, params: longer });
    expect(bytes.length).toBe(5 + maxFrameBytes);
    host.write(bytes);
    expect((await host.failure(1)).code).toBe(1004);
    host.invoke(2, "work.echo");
    await host.value(2);
    await system.end();
  });

  test("a result over the host's own max_frame_size: 2000 ResultTooLarge, and the connection goes on", async () => {
    const system = await startHosted();
    const host = await connectHost(system, { maxFrameSize: 1024 });
    host.invoke(1, "work.bytes", { count: 5000 });
    expect(await host.failure(1)).toMatchObject({
      code: 2000,
      kind: "System",
      details: { name: "ResultTooLarge", limit: 1024 },
    });
    host.invoke(2, "work.bytes", { count: 500 });
    expect(await host.value(2)).toEqual(new Uint8Array(500));
    await system.end();
  });

  test("a result over the limit of both links: the worker says so, and the connection goes on", async () => {
    const system = await startHosted({ limits: { maxFrameBytes: 65_536 } });
    const host = await connectHost(system);
    host.invoke(1, "work.bytes", { count: 100_000 });
    const failure = await host.failure(1);
    expect(failure).toMatchObject({ code: 2000, kind: "System", details: { name: "ResultTooLarge" } });
    host.invoke(2, "work.bytes", { count: 60_000 });
    expect(await host.value(2)).toHaveLength(60_000);
    await system.end();
  });

  test("a host with the smallest limit there is still hears what became of its calls", async () => {
    const system = await startHosted();
    const [small, other] = [await connectHost(system, { maxFrameSize: 128 }), await connectHost(system)];
    small.invoke(1, "work.refuse");
    expect(await small.terminal(1)).toMatchObject({
      type: "InvokeError",
      code: 2000,
      kind: "User",
      details: null,
    });
    // The list of exports does not fit: that host's trouble, and nobody else's.
    small.send({ type: "ListExports" });
    expect((await small.fatal()).code).toBe(1004);
    other.invoke(1, "work.echo");
    await other.value(1);
    expect((await system.splice.status()).state).toBe("running");
    await system.end();
  });
});

test("hostile function names are unknown functions, escaped where they are shown", async () => {
  const system = await startHosted();
  const host = await connectHost(system);
  const names = [
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    "work.__proto__",
    "work.constructor",
    "",
    " ",
    "x".repeat(65_536),
    "nul\0inside",
    "line\nbreak",
    "\u001b[31mred",
    "../../etc/passwd",
    "\u202egpj.exe",
  ];
  for (const [place, name] of names.entries()) {
    host.invoke(place + 1, name);
    const failure = await host.failure(place + 1);
    expect(failure).toMatchObject({ code: 1002, kind: "User" });
    expect(failure.message.length).toBeLessThan(1000);
    expect(failure.message).not.toMatch(/[\u0000-\u001f\u007f]/);
  }
  expect(system.journal.of("dispatch")).toEqual([]);
  await system.end();
});
