// The client's side of a link, against a supervisor that the test plays.

import { getEventListeners, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { connectToSupervisor } from "../../src/client/connect-to-supervisor.js";
import { ClientConnection } from "../../src/client/connection.js";
import type { CallOptions } from "../../src/contract/splice.js";
import type { SpliceError } from "../../src/errors.js";
import { Decoder, encode, type Invoke, type Message } from "../../src/protocol/index.js";
import { decodeValue, encodeValue } from "../../src/protocol/values.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { stubborn } from "../support/stubborn-signal.js";

const ack = {
  type: "HandshakeAck",
  protocolVersion: 0x1_0000,
  capabilities: 2,
  serverId: Array<number>(16).fill(1),
  exportCount: 0,
} as const;

function world() {
  const [left, right] = createMemoryPair();
  const received: Message[] = [];
  const decoder = new Decoder();
  right.attach({
    data: (chunk) => received.push(...decoder.push(chunk)),
    drain: () => undefined,
    end: () => undefined,
    close: () => undefined,
  });
  right.resume();
  const client = new ClientConnection(left, createVirtualClock());
  client.ready.catch(() => undefined);
  return {
    client,
    received,
    peer: right,
    send: (message: Message) => {
      right.write(encode(message), () => undefined);
    },
    invokes: () => received.filter((message): message is Invoke => message.type === "Invoke"),
    call: (params?: unknown, options?: CallOptions) =>
      client.call("f", params, options).then(
        (value) => ({ value, code: 0 }),
        (error: unknown) => error as SpliceError,
      ),
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

test("greets as a host that can stream both ways and cancel", async () => {
  const { received, send, client } = world();
  await settle();
  expect(received).toEqual([
    {
      type: "Handshake",
      protocolVersion: 0x1_0000,
      role: "Host",
      capabilities: 11,
      maxFrameSize: 104_857_600,
    },
  ]);
  send(ack);
  expect(await client.ready).toEqual(ack);
});

describe("a call", () => {
  test.each([
    [undefined, 0],
    [1, 1],
    [0.2, 1],
    [1500.5, 1501],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [2 ** 31, 2 ** 31 - 1],
    [2 ** 40, 2 ** 31 - 1],
    [Infinity, 2 ** 32 - 1],
  ])("with timeoutMs %p has the deadline %p on the wire", async (timeoutMs, deadlineMs) => {
    const { invokes, call } = world();
    void call({}, { timeoutMs });
    await settle();
    expect(invokes().map((invoke) => invoke.deadlineMs)).toEqual([deadlineMs]);
  });

  test.each([0, -1, -Infinity])("with timeoutMs %p is 2001 and is not sent", async (timeoutMs) => {
    const { invokes, call } = world();
    expect(await call({}, { timeoutMs })).toMatchObject({ code: 2001, functionName: "f" });
    await settle();
    expect(invokes()).toEqual([]);
  });

  test("with timeoutMs NaN is 1000 and is not sent", async () => {
    const { invokes, call } = world();
    expect(await call({}, { timeoutMs: Number.NaN })).toMatchObject({ code: 1000 });
    expect(invokes()).toEqual([]);
  });

  test("that was aborted before is 2002 with the signal's reason as its cause, and is not sent", async () => {
    const { invokes, call } = world();
    const reason = new Error("changed my mind");
    const error = await call({}, { signal: AbortSignal.abort(reason) });
    expect(error).toMatchObject({ code: 2002, name: "Cancelled", cause: reason });
    await settle();
    expect(invokes()).toEqual([]);
  });

  test("that is aborted on the way is 2002 at once, sends Cancel, and its late answer is dropped", async () => {
    const { received, send, call } = world();
    const controller = new AbortController();
    const [first, second] = [call({}, { signal: controller.signal }), call()];
    await settle();
    controller.abort();
    expect(await first).toMatchObject({ code: 2002, requestId: 1 });
    // Bytes that cannot be decoded: a late answer is not even looked into.
    send({ type: "InvokeResult", requestId: 1, result: Uint8Array.of(0xc1), durationUs: 1 });
    send({ type: "InvokeResult", requestId: 2, result: encodeValue("second"), durationUs: 1 });
    expect(await second).toEqual({ value: "second", code: 0 });
    expect(received.at(-1)).toEqual({ type: "Cancel", requestId: 1 });
  });

  test("whose signal cannot be listened to is 1000 with the reason, and is not sent; the next one is", async () => {
    const { invokes, call, send } = world();
    const cause = new Error("not here");
    expect(await call({}, { signal: stubborn("addEventListener", cause) })).toMatchObject({
      code: 1000,
      functionName: "f",
      message: expect.stringContaining("not here"),
      cause,
    });
    await settle();
    expect(invokes()).toEqual([]);
    const next = call();
    await settle();
    send({
      type: "InvokeResult",
      requestId: Number(invokes()[0]?.requestId),
      result: encodeValue(1),
      durationUs: 1,
    });
    expect(await next).toEqual({ value: 1, code: 0 });
  });

  test("whose signal is aborted by being listened to is 2002, and is not sent", async () => {
    const { invokes, call } = world();
    const signal = new AbortController().signal;
    Object.defineProperty(signal, "addEventListener", {
      value: () => Object.defineProperty(signal, "aborted", { value: true }),
    });
    expect(await call({}, { signal })).toMatchObject({ code: 2002 });
    await settle();
    expect(invokes()).toEqual([]);
  });

  test("whose signal cannot be let go of has its answer all the same, and so have those that came with it", async () => {
    const { call, send } = world();
    const [first, second] = [call({}, { signal: stubborn("removeEventListener", new Error("no")) }), call()];
    send({ type: "InvokeResult", requestId: 1, result: encodeValue("first"), durationUs: 1 });
    send({ type: "InvokeResult", requestId: 2, result: encodeValue("second"), durationUs: 1 });
    expect([await first, await second]).toEqual([
      { value: "first", code: 0 },
      { value: "second", code: 0 },
    ]);
  });

  test("whose params are too large lets go of its signal", async () => {
    const { call } = world();
    const { signal } = new AbortController();
    expect(await call({ all: new Uint8Array(104_857_600) }, { signal })).toMatchObject({ code: 1004 });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("whose result cannot be read is 3000 and names the function; the link goes on", async () => {
    const { send, call } = world();
    const [broken, good] = [call(), call()];
    send({ type: "InvokeResult", requestId: 1, result: Uint8Array.of(0xc1), durationUs: 1 });
    send({ type: "InvokeResult", requestId: 2, result: new Uint8Array(0), durationUs: 1 });
    expect(await broken).toMatchObject({ code: 3000, functionName: "f", requestId: 1 });
    expect(await good).toEqual({ value: undefined, code: 0 });
  });

  test("that fails keeps code, kind, message and details", async () => {
    const { send, call } = world();
    const failing = call();
    const details = encodeValue({ name: "OutOfStock", data: { left: 0 } });
    send({ type: "InvokeError", requestId: 1, code: 2000, kind: "User", message: "no bread", details });
    expect(await failing).toMatchObject({
      code: 2000,
      name: "ExecutionFailed",
      kind: "User",
      message: "no bread",
      retryable: false,
      functionName: "f",
      requestId: 1,
      details: { name: "OutOfStock", data: { left: 0 } },
    });
  });

  test("carries params, headers, auth and ids", async () => {
    const { invokes, call } = world();
    const headers = [
      ["a", "1"],
      ["A", "2"],
    ] as const;
    void call(
      { n: 1 },
      { headers, auth: { userId: "ada", roles: ["admin"] }, traceId: 2n ** 63n, spanId: 7 },
    );
    await settle();
    const [invoke] = invokes();
    expect(invoke?.context).toEqual({
      traceId: 2n ** 63n,
      spanId: 7,
      headers,
      auth: { userId: "ada", roles: ["admin"] },
    });
    expect(decodeValue(invoke?.params ?? new Uint8Array(0))).toEqual({ n: 1 });
  });

  test("with params that cannot be carried is 1001, with a name that is no text 1000; neither is sent", async () => {
    const { client, invokes, call } = world();
    expect(await call({ tags: new Set() })).toMatchObject({
      code: 1001,
      message: expect.stringContaining("params.tags"),
    });
    const notText: unknown = 7;
    await expect(client.call(notText as string, {})).rejects.toMatchObject({ code: 1000 });
    await settle();
    expect(invokes()).toEqual([]);
  });
});

describe("a link that ends", () => {
  test("ends every call under way and every listing as link lost, and later ones too", async () => {
    const { client, call, peer, send } = world();
    send(ack);
    await client.ready;
    const [calling, listing] = [call(), client.exports().catch((error: unknown) => error)];
    await settle();
    peer.destroy();
    expect(await calling).toMatchObject({ code: 3003, name: "LinkLost", retryable: false, requestId: 1 });
    expect(await listing).toMatchObject({ code: 3003 });
    expect(await call()).toMatchObject({ code: 3003 });
  });

  test("says what the supervisor gave as the reason", async () => {
    const { client, call, send } = world();
    const message = "The peer speaks protocol 1.0 (65536), this side speaks 2.0 (131072).";
    send({ type: "InvokeError", requestId: 0, code: 1000, kind: "System", message, details: null });
    await expect(client.ready).rejects.toMatchObject({ code: 1000, message });
    expect(await call()).toMatchObject({ code: 1000, message });
  });

  test("garbage from the supervisor ends it, and nothing throws", async () => {
    const { call, peer } = world();
    const calling = call();
    peer.write(Uint8Array.of(0, 0, 0, 1, 0x99, 0xc0), () => undefined);
    expect(await calling).toMatchObject({ code: 3003 });
  });
});

describe("connecting", () => {
  async function silentServer(
    run: (path: string, clock: ReturnType<typeof createVirtualClock>) => Promise<void>,
  ) {
    const folder = await mkdtemp(join(tmpdir(), "sc-"));
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.resume();
    });
    server.listen(join(folder, "s"));
    await once(server, "listening");
    try {
      await run(join(folder, "s"), createVirtualClock());
    } finally {
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  test("nobody there: 3001 no-supervisor at once, naming the path", async () => {
    await expect(connectToSupervisor("/tmp/no-such.sock", createVirtualClock())).rejects.toMatchObject({
      code: 3001,
      details: { reason: "no-supervisor" },
      message: expect.stringContaining("/tmp/no-such.sock"),
    });
  });

  test("somebody who never answers the handshake: 3001 unresponsive after 5 s", async () => {
    await silentServer(async (path, clock) => {
      const connecting = connectToSupervisor(path, clock).catch((error: unknown) => error);
      while (clock.timerCount === 0) await new Promise(setImmediate);
      clock.advance(5000);
      expect(await connecting).toMatchObject({ code: 3001, details: { reason: "unresponsive" } });
    });
  });

  test("an abort gives up", async () => {
    await silentServer(async (path, clock) => {
      const controller = new AbortController();
      const connecting = connectToSupervisor(path, clock, controller.signal).catch((error: unknown) => error);
      while (clock.timerCount === 0) await new Promise(setImmediate);
      controller.abort();
      expect(await connecting).toMatchObject({ code: 3003 });
      expect(clock.timerCount).toBe(0);
    });
  });
});
