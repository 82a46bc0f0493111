// Input frames of one host: which are passed on, which are dropped, and which end its connection.

import { describe, expect, test } from "@jest/globals";
import type { InstanceId } from "../../src/ids.js";
import type { Message } from "../../src/protocol/index.js";
import { noContext, settle, world } from "./world.js";

const withInput = { ...noContext, headers: [["splice-input", "1"]] as [string, string][] };
const allCapabilities = 11;

const start = (requestId = 1, window = 4): Message => ({ type: "StreamStart", requestId, window });
const chunk = (sequence: number, requestId = 1): Message => ({
  type: "StreamChunk",
  requestId,
  sequence,
  data: Uint8Array.of(1),
});
const end = (totalChunks: number, requestId = 1): Message => ({ type: "StreamEnd", requestId, totalChunks });
const broken: Message = { type: "StreamError", requestId: 1, code: 2000, message: "gone" };

function running() {
  const around = world();
  const host = around.connect();
  host.shakeHands(1_000_000, allCapabilities);
  host.invoke(1, "f", withInput);
  return { ...around, host };
}

test("an input reaches the worker, and the worker's acknowledgement the host, each with its own number", async () => {
  const { host, inputs, sent, dispatcher } = running();
  for (const message of [start(), chunk(0), chunk(1), end(2)]) host.send(message);
  await settle();
  expect(inputs.map(({ type }) => type)).toEqual(["StreamStart", "StreamChunk", "StreamChunk", "StreamEnd"]);
  expect(inputs.every(({ requestId }) => requestId === sent[0])).toBe(true);
  dispatcher.streams.inputs.onAck(1 as InstanceId, {
    type: "StreamAck",
    requestId: sent[0] ?? 0,
    ackSequence: 1,
    window: 4,
  });
  await settle();
  expect(host.received.at(-1)).toEqual({ type: "StreamAck", requestId: 1, ackSequence: 1, window: 4 });
});

test("its error ends the input and not the call", async () => {
  const { host, inputs, answer } = running();
  for (const message of [start(), broken]) host.send(message);
  await settle();
  expect(inputs.at(-1)).toMatchObject({ type: "StreamError", message: "gone" });
  expect(host.types()).toEqual(["HandshakeAck"]);
  answer(0);
  await settle();
  expect(host.types()).toEqual(["HandshakeAck", "InvokeResult"]);
});

test("what is under way when the call ends, or was refused, is dropped silently", async () => {
  const { host, inputs, answer, refused } = running();
  host.send(start());
  await settle();
  answer(0);
  for (const message of [chunk(0), chunk(1), end(2)]) host.send(message);
  host.invoke(2, "none", withInput);
  for (const message of [start(2), chunk(0, 2), end(1, 2)]) host.send(message);
  await settle();
  expect(host.types()).toEqual(["HandshakeAck", "InvokeResult", "InvokeError"]);
  expect(inputs).toHaveLength(1);
  expect(refused).toEqual([]);
});

test("a host whose handshake lacks the capability has that call refused with 1000, and goes on", async () => {
  const { connect, sent } = world();
  const host = connect();
  host.shakeHands(1_000_000, 3);
  host.invoke(1, "f", withInput);
  host.send(start());
  host.invoke(2);
  await settle();
  expect(host.received.slice(1)).toMatchObject([{ type: "InvokeError", requestId: 1, code: 1000 }]);
  expect(sent).toHaveLength(1);
});

describe("is fatal", () => {
  test.each<[string, Message[], RegExp]>([
    ["a chunk before the start", [chunk(0)], /StreamChunk came before its StreamStart/],
    ["a chunk beyond the grant", [start(1, 1), chunk(0), chunk(1)], /chunk 1 was beyond the 0/],
    ["a gap", [start(), chunk(1)], /chunk 1 came where 0 was due/],
    ["a repeat", [start(), chunk(0), chunk(0)], /chunk 0 came where 1 was due/],
    ["a wrong total", [start(), chunk(0), end(2)], /total of 2 chunks after 1/],
    ["a second start", [start(), start()], /started twice/],
    ["a chunk after the end", [start(), end(0), chunk(0)], /after its end/],
    ["an error before the start", [broken], /StreamError came before its StreamStart/],
    ["a start of a call without input", [start(2)], /call 2, which has no input/],
    ["an error of a call without input", [{ ...broken, requestId: 2 }], /has no input/],
  ])("%s", async (_, messages, expected) => {
    const { host, cancelled, refused } = running();
    host.invoke(2);
    for (const message of messages) host.send(message);
    await settle();
    expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
    expect(refused).toEqual([expect.stringMatching(expected)]);
    expect(refused[0]).toMatch(/^[A-Z].*\.$/);
    expect(cancelled).toHaveLength(2);
  });
});

test("a host that has announced no input may send none of its frames, whatever the id", async () => {
  for (const message of [start(9), chunk(0, 9), end(0, 9), broken]) {
    const { connect, refused } = world();
    const host = connect();
    host.shakeHands(1_000_000, allCapabilities);
    host.invoke(1);
    host.send(message);
    await settle();
    expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
    expect(refused).toEqual([
      expect.stringContaining(`${message.type} is not a message that a host may send`),
    ]);
  }
});
