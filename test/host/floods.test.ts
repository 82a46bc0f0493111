// What one host may ask, over the in-memory twin and under a clock that the test moves: control frames in a second,
// replies left unread, and how long it may leave its answers lying.

import { describe, expect, test } from "@jest/globals";
import { encode, type Message } from "../../src/protocol/index.js";
import { noContext, settle, world } from "./world.js";

const health: Message = { type: "HealthCheck" };
const repeated = (count: number, message: (place: number) => Message): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, place) => encode(message(place))));
const unknownCancel = (place: number): Message => ({ type: "Cancel", requestId: 1_000_000 + place });

/** A world with one host that has shaken hands. */
async function withHost() {
  const made = world();
  const host = made.connect();
  host.shakeHands();
  await settle();
  return { ...made, host, typed: (type: string) => host.types().filter((name) => name === type).length };
}

describe("control frames in a second", () => {
  const kinds: readonly (readonly [string, (place: number) => Message, string])[] = [
    ["HealthCheck", () => health, "HealthStatus"],
    ["ListExports", () => ({ type: "ListExports" }), "ListExportsResult"],
    ["Cancel of an id that is not in flight", unknownCancel, "CancelAck"],
  ];

  test.each(kinds)("1 000 of %s are answered, one more is fatal and logged", async (_, message, reply) => {
    const { host, typed, refused, clock } = await withHost();
    host.write(repeated(1000, message));
    await settle();
    expect(typed(reply)).toBe(1000);
    clock.advance(999);
    host.send(message(1000));
    await settle();
    expect(typed(reply)).toBe(1000);
    expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
    expect(refused).toEqual([expect.stringMatching(/^More than 1000 control frames .* within a second\.$/)]);
    expect(host.state.hasEnded).toBe(true);
  });

  test("all kinds count together, and each host for itself", async () => {
    const { host, connect, refused } = await withHost();
    const other = connect();
    other.shakeHands();
    host.write(repeated(400, () => health));
    host.write(repeated(400, unknownCancel));
    other.write(repeated(1000, () => health));
    host.write(repeated(201, () => ({ type: "ListExports" })));
    await settle();
    expect(refused).toHaveLength(1);
    expect(host.state.hasEnded).toBe(true);
    expect(other.state.hasEnded).toBe(false);
  });

  test("a host that asks 1 000 times a second, every second, and reads, is a good one", async () => {
    const { host, typed, refused, clock } = await withHost();
    for (let second = 0; second < 5; second++) {
      host.write(repeated(1000, () => health));
      await settle();
      clock.advance(1000);
    }
    expect(typed("HealthStatus")).toBe(5000);
    expect(refused).toEqual([]);
  });

  test("frames in the same chunk after the one too many are not looked at, calls among them neither", async () => {
    const { host, dispatcher } = await withHost();
    const invoke: Message = {
      type: "Invoke",
      requestId: 1,
      functionName: "f",
      params: new Uint8Array(0),
      deadlineMs: 0,
      context: noContext,
    };
    host.write(Buffer.concat([repeated(1001, () => health), encode(invoke)]));
    await settle();
    expect(dispatcher.counters.total).toBe(0);
  });

  test("calls, and Cancels of calls in flight, are no control frames", async () => {
    const { host, sent, cancelled, refused, answer, typed } = await withHost();
    for (let id = 1; id <= 100; id++) host.invoke(id);
    for (let round = 0; round < 30; round++)
      host.write(repeated(100, (place) => ({ type: "Cancel", requestId: place + 1 })));
    for (let id = 1000; id < 3000; id++) host.invoke(id, "none");
    await settle();
    for (let turn = 0; turn < 100; turn++) await settle();
    expect(refused).toEqual([]);
    expect(typed("CancelAck")).toBe(3000);
    expect(typed("InvokeError")).toBe(2000);
    // However often it is said, the worker hears it once.
    expect(cancelled).toEqual(sent);
    for (const place of sent.keys()) answer(place);
    host.send(health);
    await settle();
    expect(typed("HealthStatus")).toBe(1);
  });
});

describe("unread replies to control frames", () => {
  test("255 are no matter for any length of time, 256 and the next control frame is fatal", async () => {
    const { host, refused, clock } = await withHost();
    host.peer.pause();
    host.write(repeated(255, () => health));
    await settle();
    clock.advance(60_000);
    host.send(health);
    await settle();
    clock.advance(60_000);
    expect(refused).toEqual([]);
    host.send(health);
    await settle();
    expect(refused).toEqual([expect.stringContaining("256 replies")]);
    host.peer.resume();
    await settle();
    expect(host.types().filter((type) => type === "HealthStatus")).toHaveLength(256);
    expect(host.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
    expect(host.state.hasEnded).toBe(true);
  });

  test("those that were read count no more, and answers to calls never", async () => {
    const { host, refused, answer, clock, typed } = await withHost();
    for (let round = 0; round < 10; round++) {
      host.peer.pause();
      host.write(repeated(200, () => health));
      await settle();
      host.peer.resume();
      await settle();
      clock.advance(1000);
    }
    host.peer.pause();
    for (let id = 1; id <= 100; id++) host.invoke(id);
    for (let id = 1000; id < 2000; id++) host.invoke(id, "none");
    await settle();
    for (let place = 0; place < 100; place++) answer(place);
    for (let count = 0; count < 50; count++) {
      host.send(health);
      await settle();
    }
    expect(refused).toEqual([]);
    host.peer.resume();
    for (let turn = 0; turn < 50; turn++) await settle();
    expect(typed("HealthStatus")).toBe(2050);
  });
});

describe("a host that leaves its answers lying", () => {
  const large = new Uint8Array(600_000);

  /** Two answers that it does not read, and two more calls under way. */
  async function withStalledHost() {
    const made = await withHost();
    const { host, answer } = made;
    for (let id = 1; id <= 4; id++) host.invoke(id);
    await settle();
    host.peer.pause();
    answer(0, large);
    answer(1, large);
    await settle();
    return made;
  }

  test("is closed after 30 s, logged, and its calls are cancelled; another's go on", async () => {
    const { host, connect, clock, refused, cancelled, sent, answer } = await withStalledHost();
    const other = connect();
    other.shakeHands();
    other.invoke(1);
    await settle();
    clock.advance(29_999);
    await settle();
    expect(refused).toEqual([]);
    clock.advance(1);
    await settle();
    expect(refused).toEqual([expect.stringMatching(/unread for 30000 ms, 1200\d\d\d bytes/)]);
    expect(cancelled).toEqual(sent.slice(2, 4));
    answer(4);
    await settle();
    expect(other.types()).toEqual(["HandshakeAck", "InvokeResult"]);
    clock.advance(2000);
    await settle();
    expect(host.state.isForgotten).toBe(true);
  });

  test("in time for it wakes up and is served as before, with its time from the start again", async () => {
    const { host, clock, refused, answer, sent } = await withStalledHost();
    clock.advance(29_999);
    host.peer.resume();
    await settle();
    host.peer.pause();
    answer(2, large);
    answer(3, large);
    await settle();
    clock.advance(29_999);
    host.peer.resume();
    host.invoke(5);
    await settle();
    expect(refused).toEqual([]);
    expect(sent).toHaveLength(5);
    answer(4);
    await settle();
    expect(host.types().filter((type) => type === "InvokeResult")).toHaveLength(5);
    clock.advance(3_600_000);
    await settle();
    expect(refused).toEqual([]);
    expect(host.state.hasEnded).toBe(false);
    expect(clock.timerCount).toBe(0);
  });

  test("no timer of it is left when it vanishes, or is sent away for something else", async () => {
    const vanishing = await withStalledHost();
    const timers = vanishing.clock.timerCount;
    vanishing.host.peer.destroy();
    await settle();
    expect(vanishing.host.state.isForgotten).toBe(true);
    expect(vanishing.clock.timerCount).toBe(timers - 1);
    const closing = await withStalledHost();
    closing.host.connection.close();
    closing.clock.advance(2000);
    await settle();
    expect(closing.host.state.isForgotten).toBe(true);
    // Nor one of its calls: the worker had its time to answer them.
    expect(closing.clock.timerCount).toBe(0);
    expect(closing.refused).toEqual([]);
  });
});

test("a chunk full of calls that are refused gets no more refusals queued than it reads, and each one in the end", async () => {
  const { host, dispatcher, typed } = await withHost();
  host.peer.pause();
  const invoke = (place: number): Message => ({
    type: "Invoke",
    requestId: place + 1,
    functionName: `none.${"x".repeat(200)}`,
    params: new Uint8Array(0),
    deadlineMs: 0,
    context: noContext,
  });
  host.write(repeated(20_000, invoke));
  await settle();
  // 1 MiB of refusals of some hundred bytes each.
  const { rejected } = dispatcher.counters;
  expect(rejected).toBeGreaterThan(1000);
  expect(rejected).toBeLessThan(8000);
  for (let turn = 0; turn < 20; turn++) await settle();
  expect(dispatcher.counters.rejected).toBe(rejected);
  host.peer.resume();
  for (let turn = 0; turn < 50; turn++) await settle();
  expect(dispatcher.counters.rejected).toBe(20_000);
  expect(typed("InvokeError")).toBe(20_000);
  expect(new Set(host.received.map((message) => "requestId" in message && message.requestId)).size).toBe(
    20_001,
  );
});
