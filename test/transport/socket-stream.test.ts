import { afterEach, describe, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { config, firstValueFrom, type Subscription } from "rxjs";
import { encode } from "../../src/protocol/codec.js";
import type { Message, WireMessage } from "../../src/protocol/messages.js";
import { fromSocket, type ByteDuplex } from "../../src/transport/duplex.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import {
  createSocketStream,
  lingerMs,
  type CloseReason,
  type SocketStream,
  type SocketStreamOptions,
} from "../../src/transport/socket-stream.js";
import { pairKinds, rawPeer, socketPair, type RawPeer } from "../support/duplex-pairs.js";
import { createVirtualClock, type VirtualClock } from "../../src/testing/virtual-clock.js";

const messages: Message[] = [
  { type: "InvokeResult", requestId: 7, result: Uint8Array.of(0x2a), durationUs: 12 },
  { type: "HealthCheck" },
  { type: "InvokeError", requestId: 2n ** 60n, code: 2000, kind: "User", message: "nö", details: null },
  { type: "StreamChunk", requestId: 9, sequence: 0, data: new Uint8Array(300).fill(5) },
];
const frames = messages.map((message) => encode(message));
const glued = Buffer.concat(frames);

interface Watched {
  readonly stream: SocketStream;
  readonly clock: VirtualClock;
  readonly batches: (readonly WireMessage[])[];
  readonly closed: Promise<CloseReason>;
  readonly subscription: Subscription;
}

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const duplex of open.splice(0)) duplex.destroy();
});

function watch(duplex: ByteDuplex, options: Partial<SocketStreamOptions> = {}): Watched {
  const clock = createVirtualClock();
  const stream = createSocketStream(duplex, { clock, maxFrameBytes: 65_536, ...options });
  open.push(stream);
  const batches: (readonly WireMessage[])[] = [];
  const subscription = stream.messages$.subscribe((batch) => batches.push(batch));
  return { stream, clock, batches, closed: firstValueFrom(stream.closed$), subscription };
}

function peerOf(duplex: ByteDuplex, options?: { reads?: boolean }): RawPeer {
  const peer = rawPeer(duplex, options);
  open.push(peer);
  return peer;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Until `is` holds, one turn of the event loop after another; jest's own time limit ends a wait in vain. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await turn();
}

function plain(batches: readonly (readonly WireMessage[])[]): unknown[] {
  const bytesAsNumbers = (_key: string, value: unknown): unknown => {
    if (value instanceof Uint8Array || ArrayBuffer.isView(value)) {
      return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
    }
    return typeof value === "bigint" ? String(value) : value;
  };
  return batches.flat().map((message) => JSON.parse(JSON.stringify(message, bytesAsNumbers)) as unknown);
}
const expected = plain([messages as WireMessage[]]);

describe.each(pairKinds)("over %s", (_name, makePair) => {
  test("decodes the same wherever the bytes are split", async () => {
    for (let at = 1; at < glued.length; at += glued.length > 200 && at > 100 && at < 300 ? 17 : 1) {
      const [left, right] = await makePair();
      const { batches, closed } = watch(left);
      const peer = peerOf(right);
      await peer.write(glued.subarray(0, at));
      await turn();
      await peer.write(glued.subarray(at));
      peer.end();
      expect(await closed).toEqual({ type: "ended" });
      expect(plain(batches)).toEqual(expected);
    }
  });

  test("gives one batch for frames that come glued", async () => {
    const [left, right] = await makePair();
    const { batches, closed } = watch(left);
    const peer = peerOf(right);
    await peer.write(glued);
    peer.end();
    await closed;
    expect(batches).toHaveLength(1);
    expect(plain(batches)).toEqual(expected);
  });

  test("decodes the same from one byte per write", async () => {
    const [left, right] = await makePair();
    const { batches, closed, clock } = watch(left);
    const peer = peerOf(right);
    for (const byte of glued) await peer.write(Uint8Array.of(byte));
    peer.end();
    expect(await closed).toEqual({ type: "ended" });
    expect(plain(batches)).toEqual(expected);
    await until(() => clock.timerCount === 0);
  });

  test("an end inside a frame is a loss, and the part is no message", async () => {
    const [left, right] = await makePair();
    const { batches, closed } = watch(left);
    const peer = peerOf(right);
    await peer.write(glued.subarray(0, glued.length - 1));
    peer.end();
    const reason = await closed;
    expect(reason.type).toBe("lost");
    expect(reason).toMatchObject({
      error: { message: expect.stringMatching(/inside a frame, after \d+ bytes/) },
    });
    expect(plain(batches)).toEqual(expected.slice(0, 3));
    await peer.closed;
  });

  test("an end inside a header is a loss too", async () => {
    const [left, right] = await makePair();
    const { closed } = watch(left);
    const peer = peerOf(right);
    await peer.write(Uint8Array.of(0));
    peer.end();
    expect((await closed).type).toBe("lost");
  });

  test("a peer that resets while we write is a loss; nothing throws, then or later", async () => {
    const [left, right] = await makePair();
    const { stream, closed } = watch(left);
    const peer = peerOf(right, { reads: false });
    const result = new Uint8Array(60_000);
    for (let i = 0; i < 40; i++) stream.outbox.sendResult(i + 1, result, 0);
    await turn();
    peer.destroy();
    const reason = await closed;
    expect(reason.type).toBe("lost");
    expect(stream.outbox.send({ type: "HealthCheck" })).toBe(false);
    expect(stream.outbox.sendResult(1, result, 0)).toBe(false);
    expect(stream.outbox.queuedBytes).toBe(0);
    stream.outbox.flush();
    stream.pause();
    stream.resume();
    stream.end();
    stream.destroy();
  });

  test("a header that claims too much ends reading at once, after the messages before it", async () => {
    const [left, right] = await makePair();
    const { stream, batches, closed } = watch(left, { maxFrameBytes: 1_000 });
    const peer = peerOf(right);
    await peer.write(Buffer.concat([glued, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x20)]));
    const reason = await closed;
    expect(reason).toMatchObject({ type: "protocol", error: { reason: "frame-too-large" } });
    expect(plain(batches)).toEqual(expected);

    // The way out still works, so that the owner can say why.
    const fatal: Message = {
      type: "InvokeError",
      requestId: 0,
      code: 1004,
      kind: "System",
      message: "too large",
      details: null,
    };
    expect(stream.outbox.send(fatal)).toBe(true);
    stream.end();
    await peer.ended;
    expect(Buffer.compare(peer.received(), encode(fatal))).toBe(0);
    await peer.write(glued);
    peer.end();
    await peer.closed;
    expect(plain(batches)).toEqual(expected);
  });

  test("the limit is accepted, one byte more is not", async () => {
    const payloadBytes = (frames[3] ?? new Uint8Array()).length - 5;
    for (const [maxFrameBytes, type] of [
      [payloadBytes, "ended"],
      [payloadBytes - 1, "protocol"],
    ] as const) {
      const [left, right] = await makePair();
      const { stream, closed } = watch(left);
      stream.maxFrameBytes = maxFrameBytes;
      expect(stream.maxFrameBytes).toBe(maxFrameBytes);
      const peer = peerOf(right);
      await peer.write(frames[3] ?? new Uint8Array());
      peer.end();
      expect((await closed).type).toBe(type);
    }
  });

  test.each([
    ["an unknown type code", [0, 0, 0, 1, 0x7f, 0xc0], "unknown-message"],
    ["a reserved byte", [0, 0, 0, 1, 0x60, 0xc1], "malformed"],
    [
      "bytes behind the value",
      [...encode({ type: "HealthCheck" }), 0].map((b, i) => (i === 3 ? b + 1 : b)),
      "malformed",
    ],
  ])("refuses %s", async (_what, bytes, reason) => {
    const [left, right] = await makePair();
    const { closed } = watch(left);
    await peerOf(right).write(Uint8Array.from(bytes));
    expect(await closed).toMatchObject({ type: "protocol", error: { reason } });
  });

  test("a peer that broke the protocol and does not leave is left after the linger time", async () => {
    const [left, right] = await makePair();
    const { stream, clock, closed } = watch(left);
    const peer = peerOf(right);
    await peer.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0));
    await closed;
    stream.end();
    await peer.ended;
    expect(clock.timerCount).toBe(1);
    clock.advance(lingerMs);
    expect(clock.timerCount).toBe(0);
    // Writing to it fails now: nobody is there.
    let isTaken = false;
    void peer.write(new Uint8Array(10)).then(() => (isTaken = true));
    expect(await peer.closed).toMatchObject({ code: "EPIPE" });
    await turn();
    expect(isTaken).toBe(false);
  });

  test("what the owner sends when the peer has ended still goes out", async () => {
    const [left, right] = await makePair();
    const { stream } = watch(left);
    const peer = peerOf(right);
    stream.outbox.send({ type: "HealthCheck" });
    stream.closed$.subscribe(() => stream.outbox.send({ type: "ShutdownAck" }));
    peer.end();
    await peer.ended;
    const sent = Buffer.concat([encode({ type: "HealthCheck" }), encode({ type: "ShutdownAck" })]);
    expect(Buffer.compare(peer.received(), sent)).toBe(0);
    await peer.closed;
  });

  test("end() writes everything queued, then ends; messages arrive until the peer ends too", async () => {
    const [left, right] = await makePair();
    const { stream, batches, closed } = watch(left);
    const peer = peerOf(right, { reads: false });
    const result = new Uint8Array(50_000).fill(3);
    for (let i = 0; i < 30; i++) stream.outbox.sendResult(i + 1, result, 0);
    stream.end();
    expect(stream.outbox.send({ type: "HealthCheck" })).toBe(false);
    peer.resume();
    await peer.ended;
    expect(peer.received().length).toBeGreaterThan(30 * 50_000);
    expect(peer.received().length).toBeLessThan(30 * 50_100);
    await peer.write(glued);
    peer.end();
    expect(await closed).toEqual({ type: "ended" });
    expect(plain(batches)).toEqual(expected);
  });

  test("the peer's bytes wait while we are paused, and its time stands still", async () => {
    const [left, right] = await makePair();
    const { stream, clock, batches, closed } = watch(left);
    const peer = peerOf(right);
    await peer.write(glued.subarray(0, 3));
    await until(() => clock.timerCount === 1);
    stream.pause();
    expect(clock.timerCount).toBe(0);
    clock.advance(60_000);
    const rest = peer.write(glued.subarray(3));
    for (let i = 0; i < 5; i++) await turn();
    expect(batches).toEqual([]);
    stream.resume();
    expect(clock.timerCount).toBe(1);
    await rest;
    peer.end();
    expect(await closed).toEqual({ type: "ended" });
    expect(plain(batches)).toEqual(expected);
  });

  test("a slow frame has a total time, however many bytes trickle in", async () => {
    const [left, right] = await makePair();
    const { clock, closed, stream } = watch(left);
    const peer = peerOf(right);
    let reason: CloseReason | undefined;
    stream.closed$.subscribe((value) => (reason = value));
    let sent = 0;
    for (let second = 0; second < 10; second++) {
      await peer.write(glued.subarray(sent, ++sent));
      await until(() => clock.timerCount === 1);
      for (let i = 0; i < 3; i++) await turn();
      clock.advance(999);
    }
    expect(reason).toBeUndefined();
    clock.advance(11);
    expect(await closed).toMatchObject({ type: "stalled", receivedBytes: 10 });
    await Promise.race([peer.ended, peer.closed]);
    expect(clock.timerCount).toBe(0);
  });

  test("destroy() is told as such, once, also to those who ask late", async () => {
    const [left, right] = await makePair();
    const { stream, closed } = watch(left);
    const peer = peerOf(right);
    stream.destroy();
    stream.destroy();
    expect(await closed).toEqual({ type: "destroyed" });
    expect(await firstValueFrom(stream.closed$)).toEqual({ type: "destroyed" });
    await Promise.race([peer.ended, peer.closed]);
  });

  test.each([
    ["a bad frame", [0xff, 0xff, 0xff, 0xff, 0]],
    ["a part of a frame", [0, 0, 0]],
  ])("destroy() from inside a batch is the last word, with %s behind it", async (_what, behind) => {
    const [left, right] = await makePair();
    const clock = createVirtualClock();
    const stream = createSocketStream(left, { clock, maxFrameBytes: 1_000 });
    const seen: string[] = [];
    stream.messages$.subscribe({
      next: (batch) => {
        seen.push(...batch.map((message) => message.type));
        stream.destroy();
      },
      complete: () => seen.push("complete"),
    });
    stream.closed$.subscribe((reason) => seen.push(reason.type));
    void peerOf(right).write(Buffer.concat([encode({ type: "HealthCheck" }), Uint8Array.from(behind)]));
    await firstValueFrom(stream.closed$);
    stream.end();
    await turn();
    expect(seen).toEqual(["HealthCheck", "complete", "destroyed"]);
    expect(clock.timerCount).toBe(0);
  });

  test("nothing is read, and nothing lost, before somebody listens", async () => {
    const [left, right] = await makePair();
    const stream = createSocketStream(left, { clock: createVirtualClock(), maxFrameBytes: 1_000 });
    open.push(stream);
    const peer = peerOf(right);
    void peer.write(glued);
    stream.resume();
    for (let i = 0; i < 5; i++) await turn();
    const first = await firstValueFrom(stream.messages$);
    expect(plain([first])).toEqual(expected);
  });
});

describe("a subscriber that throws", () => {
  afterEach(() => {
    config.onUnhandledError = null;
  });

  test("is reported the way of RxJS, and the stream goes on", async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    const [left, right] = createMemoryPair();
    const { stream, batches, closed } = watch(left);
    const bug = new Error("a bug above");
    stream.messages$.subscribe(() => {
      throw bug;
    });
    const peer = peerOf(right);
    await peer.write(frames[0] ?? new Uint8Array());
    await peer.write(frames[1] ?? new Uint8Array());
    peer.end();
    expect(await closed).toEqual({ type: "ended" });
    expect(plain(batches)).toEqual(expected.slice(0, 2));
    await until(() => reported.length === 2);
    expect(reported).toEqual([bug, bug]);
  });
});

describe("bounds", () => {
  test("a peer that broke the protocol is not read until our last word is under way", async () => {
    const [left, right] = createMemoryPair();
    const { stream, closed } = watch(left);
    const peer = peerOf(right);
    await peer.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0));
    await closed;
    let isTaken = false;
    const more = peer.write(new Uint8Array(1_000)).then(() => (isTaken = true));
    for (let i = 0; i < 5; i++) await turn();
    expect(isTaken).toBe(false);
    stream.end();
    await more;
  });

  test("a hundred headers that claim 100 MiB take no memory (row 41)", async () => {
    const header = Uint8Array.of(0x06, 0x40, 0x00, 0x00, 0x20, 0x81);
    const before = process.memoryUsage().arrayBuffers;
    const watched: Watched[] = [];
    for (let i = 0; i < 100; i++) {
      const [left, right] = createMemoryPair();
      watched.push(watch(left, { maxFrameBytes: 104_857_600 }));
      await peerOf(right).write(header);
    }
    expect(watched.every(({ clock }) => clock.timerCount === 1)).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576);
  });
});

describe("a socket", () => {
  test("that failed before anybody attached tells it to the one who does", async () => {
    const [left, right] = await socketPair();
    const duplex = fromSocket(left);
    const isClosed = new Promise((resolve) => left.on("close", resolve));
    left.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    await isClosed;
    right.destroy();
    const { closed } = watch(duplex);
    expect(await closed).toMatchObject({ type: "lost", error: { cause: { code: "ECONNRESET" } } });
  });

  test("may be a child's extra descriptor; its death between two frames is an end", async () => {
    const echo = `
      const socket = new (require("node:net").Socket)({ fd: 3, readable: true, writable: true });
      socket.on("data", (chunk) => socket.write(chunk));`;
    const child = spawn(process.execPath, ["-e", echo], { stdio: ["ignore", "ignore", "inherit", "pipe"] });
    const link = child.stdio[3];
    if (!(link instanceof Socket)) throw new Error("The child has no descriptor 3.");
    const { stream, batches, closed } = watch(fromSocket(link));
    for (const message of messages) stream.outbox.send(message);
    await until(() => batches.flat().length === messages.length);
    expect(plain(batches)).toEqual(expected);
    child.kill("SIGKILL");
    expect(await closed).toEqual({ type: "ended" });
  });
});
