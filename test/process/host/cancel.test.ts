// Cancellation from a host on the real socket, down to the function's signal and back to exactly one answer.

import { afterEach, describe, expect, test } from "@jest/globals";
import { closeLeftovers, until } from "../harness.js";
import { connectHost, startHosted } from "./raw-host.js";

afterEach(closeLeftovers);

describe("Cancel of a call in flight", () => {
  // Defects U4 and U18 of the predecessor: a host's Cancel was never read, and no function could ever hear of one.
  test.each([
    ["returns", false],
    ["throws", true],
  ])("reaches the function's signal; a function that then %s ends with 2002", async (_, thenThrow) => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.invoke(1, "work.untilCancelled", { thenThrow });
    await until("it is dispatched", () => system.journal.of("dispatch").length === 1);
    host.cancel(1);
    expect(await host.failure(1)).toMatchObject({ code: 2002, kind: "Cancelled" });
    expect(host.received.map(({ type }) => type)).toEqual(["HandshakeAck", "CancelAck", "InvokeError"]);
    await system.end();
  });

  test("CancelAck comes at once, 2002 after the grace, and the slot stays taken until the worker has ended", async () => {
    const system = await startHosted({ health: { cancelGraceMs: 200 } });
    const host = await connectHost(system);
    host.invoke(1, "work.hold", { gate: "deaf" });
    // For its sake the worker is left alive when it has been found deaf.
    host.invoke(2, "work.hold", { gate: "neighbour" });
    await until("both are dispatched", () => system.journal.of("dispatch").length === 2);
    host.cancel(1);
    await host.next("CancelAck", ({ requestId }) => requestId === 1);
    expect(host.terminals(1)).toEqual([]);
    expect((await host.failure(1)).code).toBe(2002);
    expect((await system.splice.status()).calls.active).toBe(2);
    host.cancel(2);
    expect((await host.failure(2)).code).toBe(2002);
    await system.atRest();
    expect(host.terminals(1)).toHaveLength(1);
    await system.end();
  });

  test("a call that waits for a worker is cancelled without ever running", async () => {
    const system = await startHosted({ restart: { backoffMs: [60_000], withinMs: 1_000_000 } });
    const host = await connectHost(system);
    process.kill(await system.pid(), "SIGKILL");
    await until("the worker is gone", async () => (await system.workers())[0]?.pid === null);
    host.invoke(1, "work.echo");
    await until("it waits", async () => (await system.splice.status()).calls.active === 1);
    host.cancel(1);
    const failure = await host.failure(1);
    expect(failure.code).toBe(2002);
    expect(failure.message).toMatch(/before it ran/);
    await system.end();
  });
});

describe("Cancel of anything else", () => {
  test("before the Invoke, after the answer, twice, of an unknown id: acknowledged each time, and nothing more", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.cancel(1);
    host.invoke(1, "work.echo");
    expect(await host.value(1)).toHaveProperty("key");
    host.cancel(1);
    host.cancel(1);
    host.cancel(4_294_967_296);
    host.invoke(2, "work.untilCancelled");
    await until("it is dispatched", () => system.journal.of("dispatch").length === 2);
    host.cancel(2);
    host.cancel(2);
    await host.terminal(2);
    host.invoke(3, "work.echo");
    await host.value(3);
    const acknowledged = host.received.flatMap((message) =>
      message.type === "CancelAck" ? [message.requestId] : [],
    );
    expect(acknowledged).toEqual([1, 1, 1, 4_294_967_296, 2, 2]);
    for (const id of [1, 2, 3]) expect(host.terminals(id)).toHaveLength(1);
    await system.end();
  });

  test("another connection's calls are out of reach, whatever id is tried, 1 000 times and with both kinds of message", async () => {
    const system = await startHosted();
    const [owner, stranger] = [await connectHost(system), await connectHost(system)];
    for (let id = 1; id <= 20; id++) owner.invoke(id, "work.hold", { gate: String(id) });
    await until("all are dispatched", () => system.journal.of("dispatch").length === 20);
    // The host's own numbers, the supervisor's and those it had before are all among the guesses.
    for (let guess = 1; guess <= 1000; guess++) {
      stranger.cancel(guess);
      stranger.send({ type: "StreamAck", requestId: guess, ackSequence: 0, window: 1 });
      // Fewer unread replies than a host may leave, and fewer in a second than it may ask for.
      if (guess % 100 === 0) await stranger.next("CancelAck", ({ requestId }) => requestId === guess);
    }
    expect(stranger.isClosed).toBe(false);
    expect(stranger.received.filter(({ type }) => type === "InvokeError")).toEqual([]);
    expect(system.journal.of("cancel")).toEqual([]);
    expect(owner.received.filter(({ type }) => type !== "HandshakeAck")).toEqual([]);
    for (let id = 1; id <= 20; id++) owner.invoke(100 + id, "work.release", { gate: String(id) });
    for (let id = 1; id <= 20; id++) expect((await owner.terminal(id)).type).toBe("InvokeResult");
    await system.end();
  });
});

test("a Cancel that races the result, 1 000 times: one answer each, never both, and both of them happen", async () => {
  const system = await startHosted();
  const host = await connectHost(system);
  // A fixed sequence: a failure comes back with the same seed.
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const rounds = 1000;
  for (let id = 1; id <= rounds; id++) {
    host.invoke(id, "work.turns", { count: random(8) });
    for (let turn = random(12); turn > 0; turn--) await new Promise(setImmediate);
    host.cancel(id);
    if (id % 50 === 0) await host.terminal(id);
  }
  await Promise.all(Array.from({ length: rounds }, (_, index) => host.terminal(index + 1)));
  await system.atRest();
  const codes = new Map<number, number>();
  for (let id = 1; id <= rounds; id++) {
    const [answer, ...more] = host.terminals(id);
    expect(more).toEqual([]);
    const code = answer?.type === "InvokeError" ? answer.code : 0;
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  expect([...codes.keys()].sort()).toEqual([0, 2002]);
  expect((codes.get(0) ?? 0) + (codes.get(2002) ?? 0)).toBe(rounds);
  await system.end();
}, 20_000);
