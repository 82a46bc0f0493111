// Inputs through dispatch: held until there is a worker, passed on, acknowledged, and what breaks the rules.

import { describe, expect, test } from "@jest/globals";
import type { CallId } from "../../src/ids.js";
import { encodeContext } from "../../src/protocol/context.js";
import { createBench, id, ScriptedCaller, type Bench } from "./scripted.js";

const withInput = encodeContext({ traceId: 0, spanId: 0, headers: [["splice-input", "1"]], auth: null });

/** A caller that can give inputs, and hears how far they are read. */
class InputCaller extends ScriptedCaller {
  readonly streams = {
    refusalOf: () => null,
    started: () => undefined,
    chunk: () => null,
    ended: () => undefined,
  };
  readonly acks: [requestId: number | bigint, sequence: number, window: number][] = [];
  readonly inputs = {
    refusalOf: () => null,
    acknowledged: (requestId: number | bigint, sequence: number, window: number) => {
      this.acks.push([requestId, sequence, window]);
    },
  };
}

function invoke(bench: Bench, caller: ScriptedCaller, name = "f"): CallId {
  return bench.dispatcher.invoke(caller, 7, name, new Uint8Array(0), undefined, withInput) as CallId;
}

// The host's own number is on what it sends; dispatch is told which call it means.
const start = (window = 4) => ({ type: "StreamStart", requestId: 7, window }) as const;
const chunk = (sequence: number, bytes = 1) =>
  ({ type: "StreamChunk", requestId: 7, sequence, data: new Uint8Array(bytes) }) as const;
const end = (totalChunks: number) => ({ type: "StreamEnd", requestId: 7, totalChunks }) as const;
const ack = (callId: CallId, ackSequence: number, window = 4) =>
  ({ type: "StreamAck", requestId: callId, ackSequence, window }) as const;

function running() {
  const bench = createBench();
  const port = bench.attach(1);
  bench.ready(1);
  const caller = new InputCaller();
  const callId = invoke(bench, caller);
  const { inputs } = bench.dispatcher.streams;
  return { bench, port, caller, callId, inputs, receive: inputs.receive.bind(inputs, callId) };
}

test("goes to the call's worker under dispatch's own number, and its acknowledgements come back", () => {
  const { caller, callId, port, inputs, receive } = running();
  for (const message of [start(), chunk(0), chunk(1), end(2)]) expect(receive(message)).toBeNull();
  expect(port.inputs.map(({ type, requestId }) => [type, requestId])).toEqual([
    ["StreamStart", callId],
    ["StreamChunk", callId],
    ["StreamChunk", callId],
    ["StreamEnd", callId],
  ]);
  inputs.onAck(id(1), ack(callId, 1));
  expect(caller.acks).toEqual([[7, 1, 4]]);
});

test("is held while its call waits for a worker, and follows the Invoke", () => {
  const bench = createBench();
  bench.attach(1);
  bench.dispatcher.publish({
    admission: "open",
    pools: new Map([["app", { ready: [], outlook: null, exports: [{ ...exportedF }] }]]),
  });
  const callId = invoke(bench, new InputCaller());
  const { inputs } = bench.dispatcher.streams;
  for (const message of [start(), chunk(0), chunk(1)]) expect(inputs.receive(callId, message)).toBeNull();
  expect(inputs.receive(callId, chunk(5))).toMatch(/chunk 5 came where 2 was due/);
  const port = bench.attach(2);
  bench.ready(2);
  expect(port.ids).toEqual([callId]);
  expect(port.inputs.map(({ type }) => type)).toEqual(["StreamStart", "StreamChunk", "StreamChunk"]);
  expect(inputs.receive(callId, end(2))).toBeNull();
  expect(port.inputs.at(-1)?.type).toBe("StreamEnd");
});

test("is held while its call waits for a slot", () => {
  const bench = createBench({ maxInFlight: 1, maxQueue: 5 });
  const port = bench.attach(1);
  bench.ready(1);
  const first = bench.call();
  const callId = invoke(bench, new InputCaller());
  const { inputs } = bench.dispatcher.streams;
  expect(inputs.receive(callId, start())).toBeNull();
  expect(inputs.receive(callId, chunk(0))).toBeNull();
  bench.result(1, first);
  expect(port.inputs.map(({ type }) => type)).toEqual(["StreamStart", "StreamChunk"]);
});

test("what comes after the answer is dropped, whoever sends it", () => {
  const { bench, caller, callId, port, inputs, receive } = running();
  receive(start());
  receive(chunk(0));
  bench.dispatcher.cancel(callId, true);
  expect(caller.codes(7)).toEqual([2002]);
  expect(receive(chunk(9))).toBeNull();
  inputs.onAck(id(1), ack(callId, 0));
  bench.error(1, callId, 2002);
  inputs.onAck(id(1), ack(callId, 0));
  expect(receive(end(17))).toBeNull();
  expect(port.inputs).toHaveLength(2);
  expect(caller.acks).toEqual([]);
  expect(bench.breaches).toEqual([]);
});

test("a worker that streams is not idle while it waits for input, and is when there is some to read", () => {
  const bench = createBench({ idleTimeoutMs: 1000 });
  bench.attach(1);
  bench.ready(1);
  const caller = new InputCaller();
  const callId = invoke(bench, caller, "s");
  const { streams } = bench.dispatcher;
  streams.onStart(id(1), { type: "StreamStart", requestId: callId, window: 4 });
  bench.clock.advance(5000);
  streams.inputs.receive(callId, start());
  bench.clock.advance(5000);
  expect(caller.answers).toEqual([]);
  streams.inputs.receive(callId, chunk(0));
  bench.clock.advance(2500);
  expect(caller.codes(7)).toEqual([2001]);
});

describe("a link without the capability", () => {
  test("of the worker: 1000, and nothing is sent", () => {
    const bench = createBench();
    const port = bench.attach(1);
    port.canTakeInput = false;
    bench.ready(1);
    const caller = new InputCaller();
    invoke(bench, caller);
    expect(caller.last).toMatchObject({ code: 1000, message: expect.stringContaining("its worker") });
    expect(port.ids).toEqual([]);
    expect(bench.dispatcher.inFlight).toBe(0);
  });

  test("of the caller: 1000", () => {
    const bench = createBench();
    bench.attach(1);
    bench.ready(1);
    expect(invoke(bench, bench.caller)).toBe(0);
    expect(bench.caller.last).toMatchObject({ code: 1000, message: expect.stringContaining("its caller") });
  });
});

describe("what a caller may not do", () => {
  test.each([
    ["a chunk before the start", [chunk(0)], /StreamChunk came before its StreamStart/],
    ["an end before the start", [end(0)], /StreamEnd came before its StreamStart/],
    ["two starts", [start(), start()], /started twice/],
    ["no window", [start(0)], /window was 0/],
    ["too large a window", [start(1025)], /window was 1025/],
    ["a gap", [start(), chunk(1)], /chunk 1 came where 0 was due/],
    ["a repeat", [start(), chunk(0), chunk(0)], /chunk 0 came where 1 was due/],
    ["more than is granted", [start(1), chunk(0), chunk(1)], /beyond the 0/],
    ["more than 1 MiB", [start(), chunk(0, 900), chunk(1, 1_048_000)], /more than 1048576 unacknowledged/],
    ["a wrong total", [start(), end(3)], /total of 3 chunks after 0/],
    ["a chunk after the end", [start(), end(0), chunk(0)], /after its end/],
  ])("%s", (_, messages, expected) => {
    const { receive, port } = running();
    const breaches = messages.map((message) => receive(message));
    expect(breaches.pop()).toMatch(expected);
    expect(breaches.every((breach) => breach === null)).toBe(true);
    expect(port.inputs).toHaveLength(messages.length - 1);
  });

  test("an input for a call that has none", () => {
    const { bench, inputs } = running();
    const plain = bench.call() as CallId;
    expect(inputs.receive(plain, start())).toMatch(/has no input/);
  });
});

describe("a worker that breaks the rules is replaced, and the call ends with 3000", () => {
  test.each([
    ["acknowledges what was not sent", 1, 4],
    ["grants too much", 0, 1025],
  ])("it %s", (_, sequence, window) => {
    const { bench, caller, callId, inputs, receive } = running();
    receive(start());
    receive(chunk(0));
    inputs.onAck(id(1), ack(callId, sequence, window));
    expect(caller.codes(7)).toEqual([3000]);
    expect(bench.breaches).toHaveLength(1);
    expect(caller.acks).toEqual([]);
  });

  test("it acknowledges before the start, or for a call without an input", () => {
    const { bench, caller, callId, inputs } = running();
    inputs.onAck(id(1), ack(callId, 0));
    expect(caller.codes(7)).toEqual([3000]);
    bench.attach(2);
    bench.ready(2);
    const plain = bench.call() as CallId;
    inputs.onAck(id(2), ack(plain, 0));
    expect(bench.breaches.map(([instance]) => instance)).toEqual([1, 2]);
  });

  test("it goes back behind an earlier acknowledgement", () => {
    const { bench, callId, inputs, receive } = running();
    for (const message of [start(), chunk(0), chunk(1)]) receive(message);
    inputs.onAck(id(1), ack(callId, 1));
    inputs.onAck(id(1), ack(callId, 0));
    expect(bench.breaches).toHaveLength(1);
  });
});

test("an item that is too large for the worker ends the input, not the call", () => {
  const { bench, caller, callId, port, receive } = running();
  port.maxFrameBytes = 1000;
  for (const message of [start(), chunk(0), chunk(1, 2000), chunk(2), end(3)])
    expect(receive(message)).toBeNull();
  expect(port.inputs.map(({ type }) => type)).toEqual(["StreamStart", "StreamChunk", "StreamError"]);
  expect(port.inputs.at(-1)).toMatchObject({ code: 1004, requestId: callId });
  bench.result(1, callId);
  expect(caller.codes(7)).toEqual([0]);
});

const exportedF = { name: "f", isAsync: true, isStreaming: false, paramsSchema: "{}", returnSchema: "{}" };
