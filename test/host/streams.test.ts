// Streams of one host: what reaches it, what it may acknowledge, and what its link and its handshake have to do with it.

import { describe, expect, test } from "@jest/globals";
import type { Message } from "../../src/protocol/index.js";
import { encodeValue } from "../../src/protocol/values.js";
import { settle, world } from "./world.js";

const both = 3;
const cancellationOnly = 2;
const bytes = (count: number) => new Uint8Array(count);
const start = (requestId: number, window = 4) => ({ type: "StreamStart", requestId, window }) as const;
const chunk = (requestId: number, sequence: number, count = 1) =>
  ({ type: "StreamChunk", requestId, sequence, data: bytes(count) }) as const;
const end = (requestId: number, totalChunks: number) =>
  ({ type: "StreamEnd", requestId, totalChunks }) as const;
const ack = (requestId: number, ackSequence: number, window: number): Message => ({
  type: "StreamAck",
  requestId,
  ackSequence,
  window,
});

/** A host after its handshake, with `calls` calls of a streaming function, ids 100, 101, … */
async function open(calls: number, { capabilities = both, maxFrameSize = 1_000_000 } = {}) {
  const all = world("s", true);
  const host = all.connect();
  host.shakeHands(maxFrameSize, capabilities);
  for (let n = 0; n < calls; n++) host.invoke(100 + n, "s");
  await settle();
  /** What came since the handshake, in short. */
  const came = () =>
    host.received.slice(1).map((message) => {
      const id = "requestId" in message ? ` ${String(message.requestId)}` : "";
      const more =
        message.type === "StreamChunk"
          ? ` ${String(message.sequence)}`
          : message.type === "InvokeError" || message.type === "StreamError"
            ? ` ${String(message.code)}`
            : "";
      return `${message.type}${id}${more}`;
    });
  return { ...all, host, came };
}

describe("a host's stream", () => {
  test("has the host's own id, the order of its worker and its end", async () => {
    const { stream, came, host, dispatcher } = await open(2);
    for (const message of [start(1), start(0), chunk(1, 0), chunk(0, 0), chunk(1, 1), end(1, 2)])
      stream(message);
    await settle();
    expect(came().filter((each) => each.includes(" 101"))).toEqual([
      "StreamStart 101",
      "StreamChunk 101 0",
      "StreamChunk 101 1",
      "StreamEnd 101",
    ]);
    expect(host.received.at(-1)).toMatchObject({ totalChunks: 2 });
    expect(dispatcher.inFlight).toBe(1);
  });

  test("ends with StreamError behind its items, with InvokeError when there are details or no stream", async () => {
    const { stream, fail, came, host } = await open(3);
    for (const place of [0, 1]) for (const message of [start(place), chunk(place, 0)]) stream(message);
    fail(0);
    fail(1, encodeValue({ name: "Error" }));
    fail(2);
    await settle();
    expect(came()).toEqual([
      "StreamStart 100",
      "StreamStart 101",
      "InvokeError 102 2000",
      "StreamChunk 100 0",
      "StreamChunk 101 0",
      "StreamError 100 2000",
      "InvokeError 101 2000",
    ]);
    expect(host.received.find(({ type }) => type === "StreamError")).toMatchObject({ message: "it threw" });
  });

  test("is cancelled by the host, and what still comes until the worker's last word is passed on", async () => {
    const { stream, fail, came, host, cancelled, sent } = await open(1);
    stream(start(0));
    host.send({ type: "Cancel", requestId: 100 });
    await settle();
    stream(chunk(0, 0));
    fail(0);
    await settle();
    expect(cancelled).toEqual(sent);
    expect(came()).toEqual(["StreamStart 100", "CancelAck 100", "StreamChunk 100 0", "StreamError 100 2000"]);
  });

  test("is cancelled when the host goes away, and its slot comes back with the worker's word", async () => {
    const { stream, fail, host, cancelled, sent, dispatcher } = await open(1);
    stream(start(0));
    host.peer.destroy();
    await settle();
    expect(cancelled).toEqual(sent);
    stream(chunk(0, 0));
    fail(0);
    expect(dispatcher.inFlight).toBe(0);
  });

  test("with an item that is over the host's frame limit ends with ResultTooLarge, and is cancelled", async () => {
    const { stream, came, host, cancelled, sent } = await open(1, { maxFrameSize: 1000 });
    for (const message of [start(0), chunk(0, 0, 900), chunk(0, 1, 2000)]) stream(message);
    await settle();
    expect(came()).toEqual(["StreamStart 100", "StreamChunk 100 0", "InvokeError 100 2000"]);
    expect(host.received.at(-1)).toMatchObject({ message: expect.stringContaining("2000 bytes") });
    expect(cancelled).toEqual(sent);
  });

  test("keeps a Shutdown waiting, which is acknowledged behind its last item; acks are taken until then", async () => {
    const { stream, came, host, acks } = await open(1);
    for (const message of [start(0), chunk(0, 0)]) stream(message);
    host.send({ type: "Shutdown" });
    host.send(ack(100, 0, 4));
    await settle();
    expect(acks).toEqual([[0, 4]]);
    for (const message of [chunk(0, 1), end(0, 2)]) stream(message);
    await settle();
    expect(came().slice(-3)).toEqual(["StreamChunk 100 1", "StreamEnd 100", "ShutdownAck"]);
    expect(host.state.hasEnded).toBe(true);
  });

  test("is 1000 for a host that did not offer to take it; a Cancel of one that did not offer that is fatal", async () => {
    const { came, sent, host } = await open(1, { capabilities: cancellationOnly });
    expect([came(), sent]).toEqual([["InvokeError 100 1000"], []]);
    expect(host.state.hasEnded).toBe(false);
    const other = await open(1, { capabilities: 1 });
    other.stream(start(0));
    other.host.send({ type: "Cancel", requestId: 100 });
    await settle();
    expect(other.came()).toEqual(["StreamStart 100", "InvokeError 0 1000"]);
  });
});

describe("a StreamAck", () => {
  test("reaches the worker, and no other one", async () => {
    const { stream, host, acks } = await open(1);
    for (const message of [start(0), chunk(0, 0), chunk(0, 1)]) stream(message);
    await settle();
    host.send(ack(100, 1, 0));
    host.send(ack(100, 1, 1024));
    host.send(ack(4711, 7, 9999));
    await settle();
    expect(acks).toEqual([
      [1, 0],
      [1, 1024],
    ]);
    expect(host.state.hasEnded).toBe(false);
  });

  test("of a stream that is over is dropped, whatever it says", async () => {
    const { stream, host, acks } = await open(1);
    for (const message of [start(0), end(0, 0)]) stream(message);
    await settle();
    host.send(ack(100, 99, 9999));
    await settle();
    expect([acks, host.state.hasEnded]).toEqual([[], false]);
  });

  test.each([
    ["of more than came", ack(100, 2, 4), "A StreamAck was of chunk 2, but 2 were sent."],
    ["that goes back", ack(100, 0, 4), "A StreamAck of chunk 0 came after one of 1."],
    ["that grants too much", ack(100, 1, 1025), "A StreamAck granted 1025 chunks, more than 1024."],
    ["of a stream that has not begun", ack(101, 0, 4), "A StreamAck came for a call that has no stream."],
  ])("%s is fatal, and the host's streams are cancelled", async (_, message, why) => {
    const { stream, host, came, cancelled, sent, refused } = await open(2);
    for (const each of [start(0), chunk(0, 0), chunk(0, 1)]) stream(each);
    await settle();
    host.send(ack(100, 1, 4));
    host.send(message);
    await settle();
    expect(came().at(-1)).toBe("InvokeError 0 1000");
    expect([refused, host.state.hasEnded]).toEqual([[why], true]);
    expect(cancelled).toEqual(sent);
  });
});

test("a host that does not read is not read, and what it is to get is bounded by the windows", async () => {
  const { stream, host, came } = await open(2);
  host.peer.pause();
  for (const place of [0, 1]) {
    stream(start(place));
    for (let n = 0; n < 4; n++) stream(chunk(place, n, 250_000));
  }
  host.send(ack(100, 0, 4));
  await settle();
  host.peer.resume();
  await settle();
  expect(came().filter((each) => each.startsWith("StreamChunk"))).toHaveLength(8);
  expect(host.state.hasEnded).toBe(false);
});
