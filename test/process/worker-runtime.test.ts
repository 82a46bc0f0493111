// The built worker as a process of its own, spoken to in frames over descriptor 3: what it answers.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bundleFunctions } from "../../src/actors/bundle.js";
import type { Peer } from "../worker/peer.js";
import { invoke } from "../worker/peer.js";
import { createWorlds, fixtures, type SpawnedWorker, type Worlds } from "./spawned-worker.js";

const basic = join(fixtures, "basic");
let worlds: Worlds;
let basicBundle: string;

beforeAll(async () => {
  worlds = await createWorlds();
  basicBundle = (await bundleFunctions({ folder: basic, outDir: worlds.scratch })).file;
});
afterAll(async () => {
  await worlds.clean();
});

describe("a worker that serves", () => {
  let worker: SpawnedWorker;
  let peer: Peer;
  let exportsListed: Awaited<ReturnType<Peer["greet"]>>;
  let lastId = 0;

  beforeAll(async () => {
    worker = worlds.startBundle(basicBundle);
    peer = worker.peer;
    exportsListed = await peer.greet();
  });

  function call(functionName: string, params?: unknown): number {
    const id = ++lastId;
    peer.invoke(id, functionName, params);
    return id;
  }

  test("greets as a worker of protocol 1.0 that streams both ways and honours Cancel", () => {
    expect(peer.received[0]).toEqual({
      type: "Handshake",
      protocolVersion: 0x10000,
      role: "Worker",
      capabilities: 11,
      maxFrameSize: 104_857_600,
    });
  });

  test("lists functions by file, folder, index and default export; no classes, constants, tests or _ files", () => {
    expect(exportsListed.map(({ name }) => name)).toEqual([
      "calls.context",
      "calls.environment",
      "calls.hold",
      "calls.logs",
      "calls.release",
      "calls.slowToStop",
      "calls.untilCancelled",
      "checked.quote",
      "checked.quoteLater",
      "fails.deep",
      "fails.later",
      "fails.object",
      "fails.text",
      "fails.typed",
      "feed.ticks",
      "math.add",
      "math.addLater",
      "math.sharedLoads",
      "users.admin",
      "users.list",
      "values.bytes",
      "values.echo",
      "values.nothing",
      "values.uncarriable",
    ]);
    const of = (name: string) => exportsListed.find((each) => each.name === name);
    expect(of("math.add")).toEqual({
      name: "math.add",
      isAsync: false,
      isStreaming: false,
      paramsSchema: "{}",
      returnSchema: "{}",
    });
    expect(of("math.addLater")).toMatchObject({ isAsync: true, isStreaming: false });
    expect(of("feed.ticks")).toMatchObject({ isAsync: true, isStreaming: true });
  });

  test("calls synchronous and asynchronous functions and measures them", async () => {
    peer.invoke(++lastId, "math.add", { a: 1, b: 2 });
    const answer = await peer.next("InvokeResult", lastId);
    expect(Buffer.from(answer.result).toString("hex")).toBe("03");
    expect(Number(answer.durationUs)).toBeGreaterThanOrEqual(0);
    expect(await peer.result(call("math.addLater", { a: 40, b: 2 }))).toBe(42);
    expect(await peer.result(call("values.nothing"))).toBeUndefined();
    expect(await peer.result(call("users.admin"))).toBe("the default export takes the file's name");
  });

  test("loads a module shared by two function files once", async () => {
    expect(await peer.result(call("math.sharedLoads"))).toBe(1);
  });

  test("answers an id beyond 2^53 as it came", async () => {
    const id = 2n ** 53n + 1n;
    peer.invoke(id, "math.add", { a: 1, b: 1 });
    expect(await peer.result(id)).toBe(2);
  });

  test("sends a thrown error with its name, its data and its message unchanged, without a stack", async () => {
    expect(await peer.error(call("fails.typed"))).toEqual({
      code: 2000,
      kind: "User",
      message: "bread is out of stock",
      details: { name: "OutOfStock", message: "bread is out of stock", data: { item: "bread", left: 0 } },
    });
    // Data that cannot be carried is left out; the error arrives all the same.
    expect(await peer.error(call("fails.later"))).toMatchObject({
      code: 2000,
      details: { name: "OutOfStock", message: "milk is out of stock" },
    });
    expect(await peer.error(call("fails.text"))).toMatchObject({ code: 2000, message: "just a text" });
    expect(await peer.error(call("fails.object"))).toMatchObject({
      message: '{"reason":"an object"}',
      details: { data: { reason: "an object" } },
    });
  });

  test("answers unknown names with 1002 and near names", async () => {
    expect(await peer.error(call("math.ad"))).toMatchObject({
      code: 1002,
      kind: "User",
      details: { suggestions: ["math.add"] },
    });
  });

  test.each([
    ["constructor"],
    ["__proto__"],
    ["toString"],
    ["math.constructor"],
    [""],
    ["\0"],
    ["line\nbreak"],
    ["x".repeat(65_536)],
  ])("row 73: a hostile name runs nothing (%#)", async (name) => {
    const error = await peer.error(call(name));
    expect(error.code).toBe(1002);
    expect(error.message).not.toMatch(/[\0\n]/);
    expect(error.message.length).toBeLessThan(400);
  });

  test.each([
    ["an array", Uint8Array.of(0x91, 0x01)],
    ["a number", Uint8Array.of(0x07)],
    ["a text", Uint8Array.of(0xa1, 0x61)],
    ["a date", Uint8Array.of(0xd6, 0xff, 0, 0, 0, 0)],
    ["no document", Uint8Array.of(0xc1)],
    ["a cut document", Uint8Array.of(0x81, 0xa1)],
    ["two documents", Uint8Array.of(0x80, 0x80)],
    ["a document that claims 4 GiB", Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
  ])("U22: params that are %s are refused with 1001, never taken as {}", async (_, params) => {
    peer.send({ ...invoke(++lastId, "values.echo"), params });
    const error = await peer.error(lastId);
    expect(error).toMatchObject({ code: 1001, kind: "User" });
    expect(error.details).toMatchObject({ issues: [{ path: expect.stringMatching(/^params/) }] });
  });

  test("no params, nil and an empty map are all {}", async () => {
    for (const params of [[], [0xc0], [0x80]]) {
      peer.send({ ...invoke(++lastId, "values.echo"), params: Uint8Array.from(params) });
      expect(await peer.result(lastId)).toEqual({});
    }
  });

  test("checks params and result by schema, also asynchronous ones, and passes the transformed value on", async () => {
    for (const name of ["checked.quote", "checked.quoteLater"]) {
      expect(await peer.result(call(name, { text: "  hi " }))).toBe("<hi>");
      expect(await peer.error(call(name, { text: 7 }))).toEqual({
        code: 1001,
        kind: "User",
        message: "params.text: must be a string (and 1 more)",
        details: {
          issues: [
            { path: "params.text", message: "must be a string" },
            { path: "params[0]", message: "another" },
          ],
        },
      });
      expect(await peer.error(call(name, { text: "far too long" }))).toMatchObject({
        code: 2000,
        kind: "System",
        details: { name: "InvalidResult", issues: [{ path: "result", message: "too long" }] },
      });
    }
  });

  test("U21: a result that cannot be sent fails that call alone", async () => {
    expect(await peer.error(call("values.uncarriable"))).toMatchObject({
      code: 2000,
      kind: "System",
      details: { name: "UnserialisableResult", path: "result.rows[1].tags" },
    });
    expect(await peer.result(call("math.add", { a: 2, b: 2 }))).toBe(4);
  });

  test("a streaming export answers with its start, its items in order, and their number", async () => {
    const requestId = call("feed.ticks", { n: 3 });
    await peer.next("StreamEnd");
    const said = peer.received.filter((message) => "requestId" in message && message.requestId === requestId);
    expect(said.map(({ type }) => type)).toEqual([
      "StreamStart",
      ...Array(3).fill("StreamChunk"),
      "StreamEnd",
    ]);
    expect(said.flatMap((message) => (message.type === "StreamChunk" ? [message.sequence] : []))).toEqual([
      0, 1, 2,
    ]);
    expect(said.at(-1)).toMatchObject({ totalChunks: 3 });
  });

  test("many calls run at once and end in any order", async () => {
    const first = call("calls.hold", { gate: "one" });
    const second = call("calls.hold", { gate: "two" });
    expect(await peer.result(call("calls.release", { gate: "two" }))).toBe(true);
    expect(await peer.result(second)).toBe("released two");
    expect(await peer.result(call("calls.release", { gate: "one" }))).toBe(true);
    expect(await peer.result(first)).toBe("released one");

    const ids = Array.from({ length: 300 }, (_, at) => call("math.addLater", { a: at, b: 1 }));
    expect(await Promise.all(ids.map(async (id) => peer.result(id)))).toEqual(ids.map((_, at) => at + 1));
  });

  test("U18: Cancel aborts the function's signal and its late result is 2002", async () => {
    const id = call("calls.untilCancelled");
    peer.send({ type: "Cancel", requestId: id });
    await peer.next("CancelAck", id);
    expect(await peer.error(id)).toMatchObject({ code: 2002, kind: "Cancelled" });
  });

  test("the answer to a cancelled call comes only when the function has ended, and is 2002 whatever it throws", async () => {
    const id = call("calls.slowToStop", { gate: "stop" });
    peer.send({ type: "Cancel", requestId: id }, { type: "Cancel", requestId: id });
    await peer.next("CancelAck", id);
    await peer.next("CancelAck", id);
    expect(peer.received.some((each) => each.type === "InvokeError" && each.requestId === id)).toBe(false);
    call("calls.release", { gate: "stop" });
    expect(await peer.error(id)).toMatchObject({ code: 2002 });
  });

  test("Cancel before the call, after its result, and of a stranger's id is acknowledged and changes nothing", async () => {
    const early = lastId + 1;
    peer.send({ type: "Cancel", requestId: early });
    await peer.next("CancelAck", early);
    const id = call("math.add", { a: 5, b: 5 });
    expect(id).toBe(early);
    peer.send({ type: "Cancel", requestId: id });
    expect(await peer.result(id)).toBe(10);
    await peer.next("CancelAck", id);
    peer.send({ type: "Cancel", requestId: 987_654 });
    await peer.next("CancelAck", 987_654);
    expect(peer.received.filter((each) => each.type === "InvokeError" && each.requestId === id)).toEqual([]);
  });

  test("a function sees the context it was called with, also after an await", async () => {
    peer.invoke(++lastId, "calls.context", undefined, {
      deadlineMs: 60_000,
      context: {
        traceId: 2n ** 63n,
        spanId: 7,
        headers: [
          ["X-A", "1"],
          ["x-a", "2"],
        ],
        auth: { userId: "ada", roles: ["admin"] },
      },
    });
    const seen = (await peer.result(lastId)) as Record<string, unknown>;
    expect(seen).toMatchObject({
      same: true,
      functionName: "calls.context",
      requestId: lastId,
      traceId: 2n ** 63n,
      spanId: 7,
      headers: ["X-A=1", "x-a=2"],
      auth: { userId: "ada", roles: ["admin"] },
      admin: true,
    });
    expect(seen["remainingMs"]).toBeGreaterThan(0);
    expect(seen["remainingMs"]).toBeLessThanOrEqual(60_000);
  });

  test("without trace, deadline and caller: generated numbers, Infinity and null", async () => {
    const seen = (await peer.result(call("calls.context"))) as Record<string, unknown>;
    expect(seen).toMatchObject({ auth: null, admin: false, remainingMs: Infinity });
    expect(typeof seen["traceId"]).toBe("number");
    expect(typeof seen["spanId"]).toBe("number");
    expect(seen["traceId"]).not.toBe(0);
    expect(seen["traceId"]).not.toBe(seen["spanId"]);
  });

  test("ctx.log becomes a LogEvent of the call; console.log stays on stdout", async () => {
    const id = call("calls.logs");
    expect(await peer.result(id)).toBeNull();
    const line = peer.received.find((each) => each.type === "LogEvent" && each.message === "careful");
    expect(line).toEqual({
      type: "LogEvent",
      level: "warn",
      message: "careful",
      fields: [
        ["request_id", String(id)],
        ["function", "calls.logs"],
        ["attempt", "2"],
      ],
    });
  });

  test("reports its health: what runs now and what ran in all", async () => {
    const held = call("calls.hold", { gate: "health" });
    peer.send({ type: "HealthCheck" });
    const before = await peer.next("HealthStatus");
    expect(before.activeRequests).toBe(1);
    expect(Number(before.uptimeMs)).toBeGreaterThan(0);
    call("calls.release", { gate: "health" });
    await peer.next("InvokeResult", held);
    peer.send({ type: "HealthCheck" });
    const after = await peer.next("HealthStatus");
    expect(after.activeRequests).toBe(0);
    expect(Number(after.totalRequests)).toBe(Number(before.totalRequests) + 1);
  });

  test("user code sees nothing of the runtime's environment", async () => {
    expect(await peer.result(call("calls.environment"))).toEqual([]);
  });

  // Last of this group: it ends the worker.
  test("while draining, new calls are refused with 3001 and Cancel and HealthCheck still work", async () => {
    const running = call("calls.untilCancelled");
    peer.send({ type: "Shutdown" }, { type: "Shutdown" });
    expect(await peer.error(call("math.add", { a: 1, b: 1 }))).toMatchObject({
      code: 3001,
      kind: "System",
      details: { reason: "draining" },
    });
    peer.send({ type: "HealthCheck" });
    expect(await peer.next("HealthStatus")).toMatchObject({ activeRequests: 1 });
    expect(peer.received.some(({ type }) => type === "ShutdownAck")).toBe(false);
    peer.send({ type: "Cancel", requestId: running });
    expect(await peer.error(running)).toMatchObject({ code: 2002 });
    await peer.next("ShutdownAck");
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    expect(worker.output()).toEqual({ stdout: "a line on stdout\n", stderr: "" });
  });
});
