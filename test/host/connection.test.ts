// One host connection over the in-memory twin, under a clock that the test moves: what is a matter of time, and what
// the two sides of a busy link do to each other.

import { describe, expect, test } from "@jest/globals";
import { encode, type Message } from "../../src/protocol/index.js";
import { noContext, settle, world } from "./world.js";

describe("time", () => {
  test("a host has 5 s for its handshake, is told why, and is cut when it then stays", async () => {
    const { clock, connect, refused } = world();
    const silent = connect();
    clock.advance(4999);
    await settle();
    expect(silent.received).toEqual([]);
    clock.advance(1);
    await settle();
    expect(silent.received).toMatchObject([{ type: "InvokeError", requestId: 0, code: 1000 }]);
    expect(refused).toEqual([expect.stringContaining("5000 ms")]);
    expect(silent.state).toMatchObject({ hasEnded: true, isForgotten: false });
    clock.advance(2000);
    await settle();
    expect(silent.state.isForgotten).toBe(true);
    expect(clock.timerCount).toBe(0);
  });

  test("bytes that are no whole handshake buy no time", async () => {
    const { clock, connect } = world();
    const host = connect();
    const bytes = encode({
      type: "Handshake",
      protocolVersion: 0x1_0000,
      role: "Host",
      capabilities: 2,
      maxFrameSize: 1024,
    });
    for (const byte of bytes.subarray(0, 9)) {
      host.write(Uint8Array.of(byte));
      await settle();
      clock.advance(500);
    }
    expect(host.received).toEqual([]);
    clock.advance(500);
    await settle();
    expect(host.received).toMatchObject([{ type: "InvokeError", requestId: 0 }]);
  });

  test("after the handshake silence is no matter", async () => {
    const { clock, connect } = world();
    const host = connect();
    host.shakeHands();
    await settle();
    clock.advance(24 * 3_600_000);
    host.invoke(1, "none");
    await settle();
    expect(host.types()).toEqual(["HandshakeAck", "InvokeError"]);
    expect(clock.timerCount).toBe(0);
  });

  test("a frame has 10 s and a second for every 64 KiB of it in all, however its bytes trickle in", async () => {
    const { clock, connect, refused, dispatcher } = world();
    const [slow, other] = [connect(), connect()];
    slow.shakeHands();
    other.shakeHands();
    other.invoke(1);
    slow.invoke(1);
    slow.write(Uint8Array.of(0, 0, 4, 0, 0x20));
    await settle();
    for (let second = 0; second < 9; second++) {
      clock.advance(1000);
      slow.write(Uint8Array.of(0x81));
      await settle();
    }
    expect(slow.state.isForgotten).toBe(false);
    clock.advance(1100);
    await settle();
    expect(slow.state).toMatchObject({ hasEnded: true, isForgotten: true });
    expect(refused).toEqual([expect.stringContaining("frame in time")]);
    expect(other.state.isForgotten).toBe(false);
    expect(dispatcher.inFlight).toBe(2);
  });
});

describe("ids", () => {
  test("may be used again once their call is answered", async () => {
    const { connect, answer, sent } = world();
    const host = connect();
    host.shakeHands();
    host.invoke(5);
    await settle();
    answer(0);
    host.invoke(5);
    await settle();
    answer(1);
    await settle();
    expect(sent).toHaveLength(2);
    expect(host.types()).toEqual(["HandshakeAck", "InvokeResult", "InvokeResult"]);
  });

  test("an id beyond 2^53 that is in flight is recognised as such", async () => {
    const { connect } = world();
    const host = connect();
    host.shakeHands();
    host.invoke(2n ** 53n + 1n);
    host.invoke(2n ** 53n);
    await settle();
    expect(host.types()).toEqual(["HandshakeAck"]);
    host.invoke(2n ** 53n + 1n);
    await settle();
    expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
  });
});

describe("what holds up nobody", () => {
  test("U3: a call that runs holds up no other of its connection, and answers come as they are ready", async () => {
    const { connect, sent, answer } = world();
    const host = connect();
    host.shakeHands();
    for (const id of [1, 2, 3]) host.invoke(id);
    await settle();
    expect(sent).toHaveLength(3);
    answer(2);
    answer(0);
    await settle();
    expect(host.received.slice(1)).toMatchObject([
      { type: "InvokeResult", requestId: 3 },
      { type: "InvokeResult", requestId: 1 },
    ]);
  });

  test("U12: a host that says nothing, or half of its handshake, holds up no other", async () => {
    const { connect, sent } = world();
    connect();
    connect().write(Uint8Array.of(0, 0, 0, 20, 1));
    const host = connect();
    host.shakeHands();
    host.invoke(1);
    await settle();
    expect([host.types(), sent.length]).toEqual([["HandshakeAck"], 1]);
  });
});

describe("endings", () => {
  test("messages behind a fatal one in the same write are not looked at", async () => {
    const { connect, dispatcher } = world();
    const host = connect();
    host.shakeHands();
    host.invoke(0);
    host.invoke(1);
    await settle();
    expect(dispatcher.counters.total).toBe(0);
    expect(host.types()).toEqual(["HandshakeAck", "InvokeError"]);
  });

  test("a connection that is closed for a breach has its calls cancelled in the worker", async () => {
    const { connect, cancelled, sent, dispatcher, answer } = world();
    const host = connect();
    host.shakeHands();
    host.invoke(1);
    host.invoke(2);
    host.send({ type: "ShutdownAck" });
    await settle();
    expect(cancelled).toEqual(sent);
    expect(dispatcher.inFlight).toBe(2);
    answer(0);
    answer(1);
    expect(dispatcher.inFlight).toBe(0);
  });

  test("close() sends what is queued and cuts a host that does not go", async () => {
    const { connect, clock, answer } = world();
    const host = connect();
    host.shakeHands();
    host.invoke(1);
    await settle();
    answer(0);
    host.connection.close();
    await settle();
    expect(host.types()).toEqual(["HandshakeAck", "InvokeResult"]);
    expect(host.state).toMatchObject({ hasEnded: true, isForgotten: false });
    clock.advance(2000);
    await settle();
    expect(host.state.isForgotten).toBe(true);
  });

  test("a list of exports over the host's own limit ends that connection, and is no fault of the runtime", async () => {
    const { connect, faults, refused } = world("f".repeat(200));
    const host = connect();
    host.shakeHands(128);
    host.send({ type: "ListExports" });
    await settle();
    expect(faults).toEqual([]);
    expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1004 });
    expect(refused).toEqual([expect.stringContaining("128 bytes")]);
  });
});

test("a host that does not read its answers is not read either, until it does", async () => {
  const { connect, answer, sent } = world();
  const host = connect();
  host.shakeHands();
  await settle();
  host.peer.pause();
  const large = new Uint8Array(600_000);
  for (let id = 1; id <= 2; id++) {
    host.invoke(id);
    await settle();
    answer(id - 1, large);
  }
  for (let id = 3; id <= 6; id++) host.invoke(id);
  await settle();
  expect(sent).toHaveLength(2);
  host.peer.resume();
  await settle();
  expect(sent).toHaveLength(6);
  expect(host.types().filter((type) => type === "InvokeResult")).toHaveLength(2);
});

test("nor does one write full of questions get more answers queued than it reads", async () => {
  const { connect, asked } = world();
  const host = connect();
  host.shakeHands();
  await settle();
  host.peer.pause();
  // Each of these is answered with 40 times its name, 160 kB; together 16 MB, where 1 MiB is the mark.
  const name = `splice.${"x".repeat(4000)}`;
  const params = new Uint8Array(0);
  const question = (requestId: number): Message => {
    return { type: "Invoke", requestId, functionName: name, params, deadlineMs: 0, context: noContext };
  };
  host.write(Buffer.concat(Array.from({ length: 100 }, (_, at) => encode(question(at + 1)))));
  await settle();
  expect(asked.length).toBeLessThan(10);
  host.peer.resume();
  for (let turn = 0; turn < 20; turn++) await settle();
  expect(asked).toHaveLength(100);
  expect(host.types().filter((type) => type === "InvokeResult")).toHaveLength(100);
});

test("a StreamAck for a call that is over is dropped, one for a call without a stream is fatal", async () => {
  const { connect } = world();
  const host = connect();
  host.shakeHands();
  host.send({ type: "StreamAck", requestId: 9, ackSequence: 0, window: 1 });
  host.invoke(1);
  await settle();
  expect(host.types()).toEqual(["HandshakeAck"]);
  host.send({ type: "StreamAck", requestId: 1, ackSequence: 0, window: 1 });
  await settle();
  expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
});

describe("reserved functions", () => {
  test("are answered outside dispatch, with the same id at once again, and go away with the connection", async () => {
    const { connect, dispatcher } = world();
    const host = connect();
    host.shakeHands();
    host.invoke(1, "splice.status");
    host.invoke(1, "splice.status");
    host.send({ type: "Shutdown" });
    await settle();
    expect(host.types()).toEqual(["HandshakeAck", "InvokeResult", "InvokeResult", "ShutdownAck"]);
    expect(dispatcher.counters.total).toBe(0);
  });

  test("are refused like any other once the connection is leaving", async () => {
    const { connect } = world();
    const host = connect();
    host.shakeHands();
    host.invoke(1);
    host.send({ type: "Shutdown" });
    host.invoke(2, "splice.stop");
    await settle();
    expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 2, code: 3001 });
  });

  test("whose result is over the host's limit are 2000, and the connection stays", async () => {
    const { connect } = world();
    const host = connect();
    host.shakeHands(256);
    host.invoke(1, "splice.status");
    host.invoke(2, "none");
    await settle();
    expect(host.received).toMatchObject([
      { type: "HandshakeAck" },
      { type: "InvokeError", requestId: 1, code: 2000, kind: "System" },
      { type: "InvokeError", requestId: 2, code: 1002 },
    ]);
  });
});
