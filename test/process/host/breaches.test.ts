// Peers that break the protocol on the real socket: what is fatal, to whom, and that nobody else notices.

import { afterEach, describe, expect, test } from "@jest/globals";
import { encode, type Invoke, type Message } from "../../../src/protocol/index.js";
import { closeLeftovers, type TestSystem, until } from "../harness.js";
import {
  connectHost,
  connectPeer,
  handshake,
  hostFixtures,
  type HostPeer,
  noContext,
  startHosted,
} from "./raw-host.js";

afterEach(closeLeftovers);

/** A frame by its parts, right or wrong. */
function frame(claimedBytes: number, code: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(claimedBytes);
  header[4] = code;
  return Buffer.concat([header, payload]);
}

const longestFrame = 104_857_600;

/** Another host that is served all the time. */
async function isServed(system: TestSystem): Promise<void> {
  const host = await connectHost(system);
  host.invoke(1, "work.echo");
  await host.value(1);
}

describe("ids", () => {
  test("an id that is still in flight is fatal; the call that has it is ended, and its slot comes back", async () => {
    const system = await startHosted();
    const [host, other] = [await connectHost(system), await connectHost(system)];
    host.invoke(1, "work.untilCancelled");
    const repeat = {
      type: "Invoke",
      requestId: 1,
      functionName: "work.echo",
      params: new Uint8Array(0),
    } as const;
    host.send({ ...repeat, deadlineMs: 0, context: noContext });
    expect(await host.fatal()).toMatchObject({
      code: 1000,
      message: expect.stringMatching(/request id 1.*in flight/),
    });
    await system.atRest();
    expect(system.journal.of("accept")).toHaveLength(1);
    other.invoke(1, "work.echo");
    await other.value(1);
    await system.end();
  });

  test("id 0 is fatal", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    const params = new Uint8Array(0);
    host.send({
      type: "Invoke",
      requestId: 0,
      functionName: "work.echo",
      params,
      deadlineMs: 0,
      context: noContext,
    });
    expect(await host.fatal()).toMatchObject({
      code: 1000,
      message: expect.stringContaining("request id 0"),
    });
    expect(system.journal.of("accept")).toEqual([]);
    await system.end();
  });
});

describe("messages of the other role", () => {
  const data = new Uint8Array(1);
  const messages: readonly Message[] = [
    {
      type: "HandshakeAck",
      protocolVersion: 0x1_0000,
      capabilities: 2,
      serverId: Array<number>(16).fill(0),
      exportCount: 0,
    },
    { type: "ShutdownAck" },
    { type: "ListExportsResult", exports: [] },
    { type: "InvokeResult", requestId: 1, result: data, durationUs: 1 },
    { type: "InvokeError", requestId: 1, code: 2000, kind: "User", message: "", details: null },
    { type: "StreamStart", requestId: 1, window: 1 },
    { type: "StreamChunk", requestId: 1, sequence: 0, data },
    { type: "StreamEnd", requestId: 1, totalChunks: 0 },
    { type: "StreamError", requestId: 1, code: 2000, message: "" },
    { type: "CancelAck", requestId: 1 },
    { type: "LogEvent", level: "info", message: "", fields: [] },
    { type: "HealthStatus", uptimeMs: 1, activeRequests: 0, totalRequests: 0 },
  ];

  test("a host that sends one is closed with the message's name, and no call of another is touched", async () => {
    const system = await startHosted();
    const other = await connectHost(system);
    other.invoke(1, "work.hold", { gate: "g" });
    for (const message of messages) {
      const host = await connectHost(system);
      host.send(message);
      expect(await host.fatal()).toMatchObject({
        code: 1000,
        message: expect.stringContaining(message.type),
      });
    }
    other.invoke(2, "work.release", { gate: "g" });
    await other.value(1);
    expect(system.log.filter(({ message }) => message.includes("was closed"))).toHaveLength(messages.length);
    await system.end();
  });

  test.each(["raw.invoke", "raw.exportCount"])(
    "a worker that sends one (%s) is replaced; its call ends with 2003, and later ones are served",
    async (name) => {
      const command = [process.execPath, `${hostFixtures}/raw-worker.mjs`];
      const system = await startHosted({ pools: { raw: { command } } });
      const host = await connectHost(system);
      host.invoke(1, name);
      expect((await host.failure(1)).code).toBe(2003);
      host.invoke(2, "raw.echo");
      await host.value(2);
      expect(system.journal.of("spawn")).toHaveLength(2);
      await system.end();
    },
  );
});

test("one session cut at every byte, glued, and byte by byte: the same answers", async () => {
  const system = await startHosted();
  const params = Uint8Array.of(0x81, 0xa1, 0x61, 0xc4, 2, 1, 2);
  const context = {
    traceId: 1,
    spanId: 2n ** 60n,
    headers: [["a", "b"] as const],
    auth: { userId: "u", roles: ["r"] },
  };
  const session = (peer: Awaited<ReturnType<typeof connectPeer>>): Buffer =>
    Buffer.concat(
      [
        handshake(),
        peer.invocation(1, "work.echo", {}, { params, context }),
        { type: "Cancel", requestId: 77 } as const,
        peer.invocation(2n ** 53n, "work.echo", {}, { params }),
        { type: "ListExports" } as const,
        peer.invocation(3, "no.such"),
        { type: "Shutdown" } as const,
      ].map((message) => encode(message)),
    );
  const answers = async (cut: (bytes: Buffer) => readonly Buffer[]): Promise<readonly unknown[]> => {
    const peer = await connectPeer(system);
    for (const part of cut(session(peer))) {
      peer.write(part);
      // The supervisor lives in this process: after a turn or two of the loop it has read what was written.
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    }
    await peer.closed;
    const seen = peer.received.map((message) =>
      message.type === "InvokeResult" ? { ...message, durationUs: 0 } : message,
    );
    return seen.sort((left, right) => order(left).localeCompare(order(right)));
  };
  const order = (message: Message): string =>
    `${message.type} ${"requestId" in message ? String(message.requestId) : ""}`;
  let sessionBytes = 0;
  const whole = await answers((bytes) => {
    sessionBytes = bytes.length;
    return [bytes];
  });
  expect(whole.map((message) => (message as Message).type)).toEqual([
    "CancelAck",
    "HandshakeAck",
    "InvokeError",
    "InvokeResult",
    "InvokeResult",
    "ListExportsResult",
    "ShutdownAck",
  ]);
  for (let at = 1; at < sessionBytes; at++) {
    expect(await answers((bytes) => [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
  }
  expect(sessionBytes).toBeGreaterThan(200);
  expect(await answers((bytes) => [...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole);
  await system.end();
}, 20_000);

describe("frame lengths", () => {
  // Defect U17 of the predecessor: five bytes could make it reserve 100 MiB.
  test("100 peers that claim more than the limit are refused at the header, without memory for it", async () => {
    const system = await startHosted();
    const before = process.memoryUsage();
    for (let peer = 0; peer < 100; peer++) {
      const host = await connectHost(system);
      host.write(frame(peer % 2 === 0 ? longestFrame + 1 : 0xffff_ffff, 0x20));
      expect((await host.fatal()).code).toBe(1004);
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 * 1_048_576);
    await isServed(system);
    await system.end();
  });

  test("100 peers that claim the whole limit and send nothing get no memory for it either", async () => {
    const system = await startHosted();
    const before = process.memoryUsage();
    for (let peer = 0; peer < 100; peer++)
      (await connectHost(system)).write(frame(longestFrame, 0x20, Buffer.alloc(10)));
    await isServed(system);
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(16 * 1_048_576);
    await system.end();
  });

  test("before the handshake the limit is 64 KiB", async () => {
    const system = await startHosted();
    const [above, equal] = [await connectPeer(system), await connectPeer(system)];
    above.write(frame(65_537, 0x01));
    expect((await above.fatal()).code).toBe(1004);
    equal.write(frame(65_536, 0x01, Buffer.alloc(65_536, 0xc1)));
    expect((await equal.fatal()).code).toBe(1000);
    await system.end();
  });

  test("a frame as long as the limit is accepted, one byte more is fatal", async () => {
    const maxFrameBytes = 65_536;
    const system = await startHosted({ limits: { maxFrameBytes } });
    const host = await connectHost(system);
    // The deadline is as long on the wire to the worker as it is here, and the ids are not longer.
    const framed = (requestId: number, params: Uint8Array): Invoke => {
      const rest = { functionName: "work.size", deadlineMs: 2 ** 31 - 1, context: noContext };
      return { type: "Invoke", requestId, params, ...rest };
    };
    const overhead = encode(framed(1, sizedParams(0))).length - 5;
    // One more byte: from 256 on the length of params needs two bytes.
    const room = maxFrameBytes - overhead - 1;
    const { params } = host.invocation(1, "work.size", {}, { params: sizedParams(room) });
    const equal = encode(framed(1, params));
    expect(equal.length).toBe(5 + maxFrameBytes);
    host.write(equal);
    expect(await host.value(1)).toBe(room);
    host.write(encode(framed(2, sizedParams(room + 1))));
    expect((await host.fatal()).code).toBe(1004);
    await system.end();
  });
});

/** {data: bin16 of `count` zeros} */
function sizedParams(count: number): Uint8Array {
  const head = Uint8Array.of(0x81, 0xa4, 0x64, 0x61, 0x74, 0x61, 0xc5, count >>> 8, count & 0xff);
  return Buffer.concat([head, Buffer.alloc(count)]);
}

describe("frames that are none", () => {
  const health = encode({ type: "HealthCheck" });
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["an unknown type code", frame(1, 0x7f, Uint8Array.of(0xc0))],
    ["a type code of another message", frame(health.length - 5, 0x10, health.subarray(5))],
    ["the reserved byte 0xc1", frame(1, 0x60, Uint8Array.of(0xc1))],
    ["an empty payload", frame(0, 0x60)],
    [
      "bytes after the document",
      frame(health.length - 4, 0x60, Buffer.concat([health.subarray(5), Buffer.of(0xc0)])),
    ],
    [
      "fields as a map",
      frame(10, 0x40, Uint8Array.of(0x81, 0xa6, 0x43, 0x61, 0x6e, 0x63, 0x65, 0x6c, 0x80, 0xc0)),
    ],
  ];

  test.each(wrong)("%s is fatal; what came before it in the same write is answered", async (_, bytes) => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.write(Buffer.concat([encode({ type: "ListExports" }), bytes]));
    expect((await host.fatal()).code).toBe(1000);
    expect(host.received.map(({ type }) => type)).toEqual([
      "HandshakeAck",
      "ListExportsResult",
      "InvokeError",
    ]);
    await isServed(system);
    await system.end();
  });
});

describe("connections that end in the middle", () => {
  test("inside a frame: the call in it never begins, the others of that connection are cancelled", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.invoke(1, "work.untilCancelled");
    await until("it is dispatched", () => system.journal.of("dispatch").length === 1);
    const params = new Uint8Array(0);
    const invoke = encode({
      type: "Invoke",
      requestId: 2,
      functionName: "work.echo",
      params,
      deadlineMs: 0,
      context: noContext,
    });
    host.socket.end(invoke.subarray(0, -1));
    await host.closed;
    await system.atRest();
    expect(system.journal.of("accept")).toHaveLength(1);
    await isServed(system);
    await system.end();
  });

  test("a reset with answers unread, at any moment: the supervisor writes on into nothing and serves the others", async () => {
    const system = await startHosted();
    for (let round = 0; round < 30; round++) {
      const host = await connectHost(system);
      host.socket.pause();
      for (let id = 1; id <= 20; id++) host.invoke(id, "work.bytes", { count: 20_000 });
      for (let turn = round; turn > 0; turn--) await new Promise(setImmediate);
      host.socket.destroy();
      await host.closed;
    }
    await system.atRest();
    await isServed(system);
    await system.end();
  });

  test("a supervisor that is half a handshake away from a vanished host goes on", async () => {
    const system = await startHosted();
    for (let cut = 0; cut < 40; cut++) {
      const peer = await connectPeer(system);
      peer.write(encode(handshake()).subarray(0, cut));
      peer.destroy();
      await peer.closed;
    }
    await isServed(system);
    await system.end();
  });
});

describe("peers that say nothing", () => {
  // Defect U12 of the predecessor: one silent client stopped every other, and all timers.
  test("200 silent connections delay nobody, and each is told why and closed when its time is over", async () => {
    const system = await startHosted();
    const early = await connectHost(system);
    const silent: HostPeer[] = [];
    for (let peer = 0; peer < 200; peer++) {
      const one = await connectPeer(system);
      if (peer % 2 === 1) one.write(frame(20, 0x01));
      silent.push(one);
    }
    const late = await connectHost(system);
    early.invoke(1, "work.echo");
    await early.value(1);
    await isServed(system);
    // Both were answered with all of them waiting, and not because they had been sent away.
    expect(silent.filter(({ isClosed }) => isClosed)).toEqual([]);
    const [worker] = await system.ready();
    process.kill(worker?.pid ?? 0, "SIGKILL");
    await system.readyAfter(2);
    await isServed(system);
    const fatals = await Promise.all(silent.map((one) => one.fatal()));
    expect(new Set(fatals.map(({ code }) => code))).toEqual(new Set([1000]));
    expect(fatals.filter(({ message }) => !message.includes("Handshake"))).toEqual([]);
    expect(system.log.filter(({ message }) => message.includes("No Handshake came"))).toHaveLength(200);
    // Those that talk stay, however long ago they were greeted.
    for (const host of [early, late]) {
      expect(host.isClosed).toBe(false);
      host.invoke(2, "work.echo");
      await host.value(2);
    }
    await system.end();
  }, 25_000);
});
