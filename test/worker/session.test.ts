// Link, session and runtime over a real socket pair, with functions that live in the test.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Context } from "../../src/contract/context-type.js";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import { fn } from "../../src/worker/fn.js";
import type { WireMessage } from "../../src/protocol/messages.js";
import { createLink, type Link } from "../../src/worker/link.js";
import { createRegistry } from "../../src/worker/registry.js";
import { createRuntime } from "../../src/worker/runtime.js";
import { createSession, type Session } from "../../src/worker/session.js";
import { ack, invoke, Peer } from "./peer.js";

type Functions = Readonly<Record<string, (params: never, context: Context) => unknown>>;

let folder: string;
let peer: Peer;
let link: Link;
let session: Session;
let supervisorSocket: Socket;
let workerSocket: Socket;
let happened: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-session-"));
  happened = [];
  const server = createServer().listen(join(folder, "s"));
  await once(server, "listening");
  workerSocket = connect(join(folder, "s"));
  [supervisorSocket] = (await once(server, "connection")) as [Socket];
  server.close();
  peer = new Peer(supervisorSocket);
  link = createLink(workerSocket, 1_000_000, {
    message: (message) => {
      session.receive(message);
    },
    fault: (error) => happened.push(String(error)),
    gone: () => happened.push("gone"),
  });
  session = createSession({
    link,
    dev: false,
    windowChunks: 4,
    finished: () => {
      link.end(() => happened.push("ended"));
    },
  });
});

afterEach(async () => {
  supervisorSocket.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function serve(functions: Functions): Promise<void> {
  session.open();
  session.provide(createRegistry({ folder: "f", modules: [["index.ts", functions]] }));
  await peer.greet();
}

test("ListExports waits until the functions are loaded", async () => {
  session.open();
  await peer.next("Handshake");
  peer.send(ack(), { type: "ListExports" }, { type: "HealthCheck" }, invoke(1, "f"));
  await peer.next("HealthStatus");
  // Nothing may be called before it is listed.
  expect(await peer.error(1)).toMatchObject({ code: 1000 });
  expect(peer.received.some(({ type }) => type === "ListExportsResult")).toBe(false);
  session.provide(createRegistry({ folder: "f", modules: [["index.ts", { f: () => 1 }]] }));
  expect((await peer.next("ListExportsResult")).exports.map(({ name }) => name)).toEqual(["f"]);
});

test("health is answered before the next message of the same batch is handled, which may block for ever", async () => {
  const written: number[] = [];
  const note = () => written.push(workerSocket.bytesWritten);
  await serve({ before: note, after: note });
  peer.send(invoke(1, "before"), { type: "HealthCheck" }, invoke(2, "after"));
  await peer.next("InvokeResult", 2);
  expect(written[1]).toBeGreaterThan(written[0] ?? Infinity);
  expect(peer.received.map(({ type }) => type).slice(-3)).toEqual([
    "InvokeResult",
    "HealthStatus",
    "InvokeResult",
  ]);
});

test("U20: a thousand calls that end at once leave nothing in flight", async () => {
  await serve({ quick: () => 1 });
  peer.send(...Array.from({ length: 1000 }, (_, at) => invoke(at + 1, "quick")), { type: "HealthCheck" });
  expect(await peer.next("HealthStatus")).toMatchObject({ activeRequests: 0, totalRequests: 1000 });
});

test("U18: a Cancel reaches the function's signal, and what it returns all the same is 2002", async () => {
  const aborted: boolean[] = [];
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  await serve({
    slow: async (_: never, context: Context) => {
      await gate;
      aborted.push(context.signal.aborted);
    },
  });
  peer.invoke(1, "slow");
  peer.send({ type: "Cancel", requestId: 1 });
  await peer.next("CancelAck", 1);
  open();
  peer.send({ type: "HealthCheck" });
  await peer.next("HealthStatus");
  const said = peer.received.filter((message) => "requestId" in message && message.requestId === 1);
  expect(said).toMatchObject([{ type: "CancelAck" }, { type: "InvokeError", code: 2002 }]);
  expect(aborted).toEqual([true]);
});

test("U21: a result too large for a frame is answered with its size instead, and the next call as ever", async () => {
  let ran: () => void = () => undefined;
  const hasRun = new Promise<void>((resolve) => (ran = resolve));
  await serve({ large: () => "a".repeat(2_000_000), small: () => ran() });
  const greetedAtByte = workerSocket.bytesWritten;
  peer.send(invoke(1, "large"), invoke(2, "small"));
  await hasRun;
  link.flush();
  expect(workerSocket.bytesWritten).toBeGreaterThan(greetedAtByte);
  expect(await peer.error(1)).toMatchObject({
    code: 2000,
    kind: "System",
    details: { name: "ResultTooLarge", limit: 1_000_000 },
  });
  expect(await peer.result(2)).toBeUndefined();
});

test("U22: params that are no map are refused, and their function does not run", async () => {
  const ran: unknown[] = [];
  await serve({ f: (params: never) => ran.push(params) });
  const wrong = [[1], 7, "text", new Date(0), new Uint8Array(1)];
  peer.send(...wrong.map((params, at) => invoke(at + 1, "f", params)), { type: "HealthCheck" });
  await peer.next("HealthStatus");
  const answers = peer.received.filter(({ type }) => type.startsWith("Invoke"));
  expect(answers).toMatchObject(
    wrong.map((_, at) => ({ type: "InvokeError", requestId: at + 1, code: 1001 })),
  );
  expect(ran).toEqual([]);
});

test("synchronous functions answer in the order called, without a promise in between", async () => {
  const order: string[] = [];
  await serve({
    first: () => {
      void Promise.resolve().then(() => order.push("microtask"));
      order.push("first");
    },
    second: () => order.push("second"),
  });
  peer.send(invoke(1, "first"), invoke(2, "second"));
  await peer.next("InvokeResult", 2);
  expect(order).toEqual(["first", "second", "microtask"]);
});

test("the first id that is in use again is a fault of the supervisor", async () => {
  await serve({ hang: async () => new Promise(() => undefined) });
  peer.send(invoke(7, "hang"), invoke(7, "hang"));
  await until(() => happened.length > 0);
  expect(happened[0]).toMatch(/request id 7, which is 0 or in use/);
});

describe("what functions throw and return", () => {
  test.each<readonly [string, unknown, string]>([
    ["a text", "boom", "boom"],
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
    ["a bigint", 12n, "12"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a list", [1, "two"], '[1,"two"]'],
    ["an error with a lone surrogate", new Error("x\ud800"), "x\ufffd"],
    [
      "something that refuses to be looked at",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("no");
          },
          getPrototypeOf: () => {
            throw new Error("no");
          },
        },
      ),
      "The function threw a value that cannot be shown.",
    ],
  ])("%s thrown becomes the message", async (_, thrown, message) => {
    await serve({
      fail: () => {
        throw thrown;
      },
    });
    peer.invoke(1, "fail");
    expect(await peer.error(1)).toMatchObject({ code: 2000, kind: "User", message });
  });

  test("a thenable that is no promise is awaited; one that settles twice counts once", async () => {
    await serve({
      odd: () => ({
        then(resolve: (value: string) => void, reject: (error: unknown) => void) {
          resolve("first");
          reject(new Error("second"));
          resolve("third");
        },
      }),
    });
    peer.invoke(1, "odd");
    expect(await peer.result(1)).toBe("first");
    peer.send({ type: "HealthCheck" });
    await peer.next("HealthStatus");
    expect(peer.received.filter((each) => "requestId" in each && each.requestId === 1)).toHaveLength(1);
  });

  test("a result whose getter throws is one that cannot be sent", async () => {
    await serve({
      trap: () => ({
        get value(): never {
          throw new Error("trapped");
        },
      }),
    });
    peer.invoke(1, "trap");
    expect(await peer.error(1)).toMatchObject({
      code: 2000,
      kind: "System",
      details: { name: "UnserialisableResult" },
    });
  });

  test("an error too large for a frame is answered with its size instead", async () => {
    await serve({
      shout: () => {
        throw new Error("a".repeat(2_000_000));
      },
    });
    peer.invoke(1, "shout");
    expect(await peer.error(1)).toMatchObject({
      code: 2000,
      kind: "System",
      details: { name: "ResultTooLarge", limit: 1_000_000 },
    });
  });

  test("a call cancelled while its parameters are being checked does not start its function", async () => {
    let go: () => void = () => undefined;
    const started: number[] = [];
    const slowSchema = {
      "~standard": {
        version: 1,
        vendor: "t",
        validate: async (value: unknown) => {
          await new Promise<void>((resolve) => (go = resolve));
          return { value };
        },
      },
    } as const;
    await serve({ checked: fn({ params: slowSchema }, () => started.push(1)) });
    peer.invoke(1, "checked");
    peer.send({ type: "Cancel", requestId: 1 });
    await peer.next("CancelAck", 1);
    go();
    expect(await peer.error(1)).toMatchObject({ code: 2002 });
    expect(started).toEqual([]);
  });
});

describe("errors that are odd in themselves", () => {
  const throwing = (): never => {
    throw new Error("no");
  };
  const withProperty = (name: string, descriptor: PropertyDescriptor): Error =>
    Object.defineProperty(new Error("plain"), name, descriptor);
  const proxy = new Proxy({}, { get: throwing, ownKeys: throwing, getPrototypeOf: throwing, has: throwing });

  test.each<readonly [string, unknown, string, string]>([
    ["a number as its message", withProperty("message", { value: 42 }), "42", "Error"],
    ["an object as its message", withProperty("message", { value: { why: 1 } }), '{"why":1}', "Error"],
    ["a symbol as its message", withProperty("message", { value: Symbol("m") }), "Symbol(m)", "Error"],
    ["no message at all", withProperty("message", { value: undefined }), "", "Error"],
    [
      "a message that throws when it is read",
      withProperty("message", { get: throwing }),
      "The message of what the function threw cannot be read.",
      "Error",
    ],
    ["a proxy as its message", withProperty("message", { value: proxy }), "[cannot be shown]", "Error"],
    ["a lone surrogate as its message", withProperty("message", { value: "\udfff" }), "\ufffd", "Error"],
    ["a name that is no text", withProperty("name", { value: { a: 1 } }), "plain", '{"a":1}'],
    ["a name that throws", withProperty("name", { get: throwing }), "plain", "Error"],
    ["a name with a lone surrogate", withProperty("name", { value: "N\ud800" }), "plain", "N\ufffd"],
    ["data that is a proxy", withProperty("data", { value: proxy }), "plain", "Error"],
    ["data that throws when it is read", withProperty("data", { get: throwing }), "plain", "Error"],
    ["a stack that throws when it is read", withProperty("stack", { get: throwing }), "plain", "Error"],
    ["a code of its own", withProperty("code", { value: 1002 }), "plain", "Error"],
    ["a function instead of an error", function named() {}, "function named()", "NonError"],
    ["a proxy of an error", new Proxy(new Error("inner"), { get: throwing }), "cannot be read", "Error"],
  ])("%s: 2000 for that call, and the link stays", async (_, thrown, message, name) => {
    await serve({
      fail: () => {
        throw thrown;
      },
      failLater: () => Promise.reject(thrown),
      fine: () => 1,
    });
    peer.send(invoke(1, "fail"), invoke(2, "failLater"), invoke(3, "fine"));
    expect(await peer.result(3)).toBe(1);
    for (const requestId of [1, 2]) {
      const error = await peer.error(requestId);
      expect(error).toMatchObject({ code: 2000, kind: "User", details: { name } });
      expect(error.message).toContain(message);
    }
    peer.send({ type: "HealthCheck" });
    expect(await peer.next("HealthStatus")).toMatchObject({ activeRequests: 0 });
    expect(happened).toEqual([]);
  });

  test("a log line whose error has no text as its stack is written all the same", async () => {
    await serve({
      f: (_: never, { log }: Context) => {
        log.info("odd", {
          error: withProperty("stack", { value: 42 }),
          trap: withProperty("stack", { get: throwing }),
        });
      },
    });
    peer.invoke(1, "f");
    await peer.next("InvokeResult", 1);
    const { fields } = await peer.next("LogEvent");
    expect(Object.fromEntries(fields)).toMatchObject({ error: "42", trap: "[cannot be shown]" });
  });
});

test("an answer that no message can be made of ends its own call with 3000, and no other", () => {
  const sent: WireMessage[] = [];
  const broken = (): never => {
    throw new RangeError("no such length");
  };
  let isFirst = true;
  const link = {
    maxFrameBytes: 1000,
    isFull: false,
    send(message: WireMessage) {
      if (isFirst && message.type === "InvokeError" && message.code === 2000) {
        isFirst = false;
        broken();
      }
      sent.push(message);
    },
    sendResult: broken,
    sendChunk: broken,
    isBehind: false,
    caughtUp: () => Promise.resolve(),
    flush: () => undefined,
    acceptLargeFrames: () => undefined,
    end: () => undefined,
  };
  const functions = { f: () => 1, fail: () => broken() };
  const registry = createRegistry({ folder: "f", modules: [["index.ts", functions]] });
  const runtime = createRuntime({ link, registry, logSink: () => undefined, dev: false, windowChunks: 4 });
  const call = {
    type: "Invoke",
    params: new Uint8Array(0),
    deadlineMs: 0,
    contextBytes: new Uint8Array(0),
  } as const;
  runtime.invoke({ ...call, requestId: 1, functionName: "f" });
  runtime.invoke({ ...call, requestId: 2, functionName: "fail" });
  const message = expect.stringContaining("no such length") as unknown as string;
  expect(sent).toMatchObject([
    { requestId: 1, code: 3000, message },
    { requestId: 2, code: 3000, message },
  ]);
  expect(runtime.active).toBe(0);
});

describe("schemas that throw", () => {
  const schema = (validate: (value: unknown) => unknown) =>
    ({ "~standard": { version: 1, vendor: "t", validate } }) as unknown as StandardSchema;
  const broken = (): never => {
    throw new TypeError("validator broke");
  };
  const brokenSchemas: readonly (readonly [string, StandardSchema])[] = [
    ["throws", schema(broken)],
    ["rejects", schema(() => Promise.reject(new TypeError("validator broke")))],
    ["answers with issues that are none", schema(() => ({ issues: [null] }))],
    ["answers with nothing", schema(() => undefined)],
  ];

  test.each(brokenSchemas)(
    "of params, one that %s: 1001, and the function is not started",
    async (how, params) => {
      const started: number[] = [];
      await serve({ checked: fn({ params }, () => started.push(1)) });
      peer.invoke(1, "checked");
      const error = await peer.error(1);
      expect(error).toMatchObject({ code: 1001, kind: "User", details: { issues: [{ path: "params" }] } });
      expect(error.message).toMatch(/the params schema of checked .*not started/);
      expect(error.message).toContain(
        how.startsWith("answers") ? "TypeError: " : "TypeError: validator broke",
      );
      expect(started).toEqual([]);
    },
  );

  test.each(brokenSchemas)("of the result, one that %s: 2000 System InvalidResult", async (_, returns) => {
    await serve({ checked: fn({ returns }, () => 1) });
    peer.invoke(1, "checked");
    const error = await peer.error(1);
    expect(error).toMatchObject({ code: 2000, kind: "System", details: { name: "InvalidResult" } });
    expect(error.message).toMatch(/the returns schema of checked /);
  });

  test("misfits too many for a frame are still 1001, since the function was not started", async () => {
    const issues = Array.from({ length: 100 }, () => ({ message: "x".repeat(20_000) }));
    await serve({ checked: fn({ params: schema(() => ({ issues })) }, () => 1) });
    peer.invoke(1, "checked");
    expect(await peer.error(1)).toMatchObject({ code: 1001, kind: "User", details: null });
  });
});

test("log lines beyond what the link takes are dropped and counted", async () => {
  await serve({
    flood: (_: never, { log }: Context) => {
      for (let line = 0; line < 30_000; line++) log.info("x".repeat(1000));
    },
    later: (_: never, { log }: Context) => {
      log.info("after", { error: new RangeError("why"), big: 1n, list: [1] });
    },
  });
  peer.invoke(1, "flood");
  await peer.next("InvokeResult", 1);
  peer.invoke(2, "later");
  await peer.next("InvokeResult", 2);
  const lines = peer.received.filter((each) => each.type === "LogEvent");
  expect(lines.length).toBeLessThan(20_000);
  const [note, after] = lines.slice(-2);
  expect(note?.message).toMatch(/^\d+ log lines were dropped/);
  expect(Number.parseInt(note?.message ?? "", 10)).toBe(30_000 - (lines.length - 2));
  expect(Object.fromEntries(after?.fields ?? [])).toMatchObject({
    error: expect.stringContaining("RangeError: why"),
    big: "1",
    list: "[1]",
  });
});

test("a peer that does not take its answers gets no more work done than fits, and loses nothing", async () => {
  let ran = 0;
  await serve({
    large: () => {
      ran++;
      return new Uint8Array(60_000);
    },
  });
  supervisorSocket.pause();
  const calls = 1000;
  peer.send(...Array.from({ length: calls }, (_, at) => invoke(at + 1, "large")));
  await until(() => link.isFull);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(ran).toBeLessThan(calls / 2);
  supervisorSocket.resume();
  await Promise.all(Array.from({ length: calls }, async (_, at) => peer.next("InvokeResult", at + 1)));
  expect(ran).toBe(calls);
});

test("a peer that is gone is told once; after the end of the link nothing is", async () => {
  await serve({ f: () => 1 });
  peer.hangUp();
  await until(() => happened.length > 0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(happened).toEqual(["gone"]);
});

test("Shutdown ends the link after the last byte, and that is no loss of the peer", async () => {
  await serve({ f: () => 1 });
  peer.send({ type: "Shutdown" });
  await peer.next("ShutdownAck");
  await until(() => happened.length > 0);
  peer.hangUp();
  await new Promise((resolve) => setImmediate(resolve));
  expect(happened).toEqual(["ended"]);
});

/** Turns of the loop until it holds; the test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
