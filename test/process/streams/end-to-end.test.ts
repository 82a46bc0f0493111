// Streams from a function in a worker process to their reader, embedded and through a socket. The predecessor had
// streams on the wire and nowhere else (U23).

import { afterEach, describe, expect, test } from "@jest/globals";
import { closeLeftovers, until, type TestSystem } from "../harness.js";
import { connectHost, startHosted } from "../host/raw-host.js";
import { Reader, upTo } from "./reader.js";

afterEach(closeLeftovers);

/** A killed worker is followed by another at once, as often as it takes. */
const restart = { backoffMs: [0], maxRestarts: 1000, maxFailedStarts: 1000 };
const breaker = { quarantineCrashes: 0, minCalls: 1_000_000 };

const ways: [string, (system: TestSystem) => Promise<Reader>][] = [
  ["embedded", (system) => Promise.resolve(Reader.embedded(system))],
  ["through a socket", (system) => Reader.connected(system)],
];

describe.each(ways)("U23: a stream that is read %s", (_, reach) => {
  test("has all its items in their order, its error behind them, and ends when its reader leaves", async () => {
    const system = await startHosted();
    const reader = await reach(system);
    expect(await reader.read("feed.count", { count: 500 })).toEqual({
      code: 0,
      message: "",
      items: upTo(500),
    });
    expect(await reader.read("feed.count", { count: 0 })).toMatchObject({ code: 0, items: [] });
    expect(await reader.read("feed.count", { count: 40, thenThrow: true })).toEqual({
      code: 2000,
      message: "The last one is missing.",
      items: upTo(39),
    });
    expect(await reader.read("feed.count", {}, { take: 70 })).toMatchObject({ code: 2002, items: upTo(70) });
    // Items of 100 kB: more than may be on the way at once.
    expect(await reader.read("feed.count", { count: 40, bytes: 100_000 })).toMatchObject({
      code: 0,
      items: upTo(40),
    });
    // One that is larger than that travels alone.
    expect(await reader.read("feed.count", { count: 3, bytes: 3_000_000 })).toMatchObject({ items: upTo(3) });
    await system.atRest();
    await reader.splice.close({ drainMs: 1000 });
    await (reader.splice === system.splice ? system.endClosed() : system.end());
  });

  test("ends at its deadline, at its idle timeout and by its signal, each after what came", async () => {
    const system = await startHosted({ streams: { idleTimeoutMs: 1000 } });
    const reader = await reach(system);
    expect(await reader.read("feed.listen", {}, { timeoutMs: 400 })).toMatchObject({
      code: 2001,
      message: expect.stringContaining("did not answer within 400 ms"),
      items: [0],
    });
    expect(await reader.read("feed.listen")).toMatchObject({
      code: 2001,
      message: expect.stringContaining("nothing came for 1000 ms"),
      items: [0],
    });
    const controller = new AbortController();
    const aborted = await reader.read(
      "feed.listen",
      {},
      {
        signal: controller.signal,
        onItem: () => {
          setImmediate(() => {
            controller.abort();
          });
        },
      },
    );
    expect(aborted).toMatchObject({ code: 2002, items: [0] });
    await system.atRest();
    await reader.splice.close({ drainMs: 1000 });
    await (reader.splice === system.splice ? system.endClosed() : system.end());
  });

  test("ends with 2001 when its reader would wait no longer, which is a Cancel to everybody else", async () => {
    const system = await startHosted();
    const reader = await reach(system);
    const read = await reader.read("feed.listen", {}, { idleTimeoutMs: 100 });
    expect(read).toMatchObject({ code: 2001, items: [0] });
    expect(read.message).toContain("nothing came for 100 ms");
    await system.atRest();
    const { journal } = system;
    expect(journal.of("settle").map(({ code }) => code)).toEqual([2002]);
    expect([journal.of("cancel").length, journal.of("credit").length]).toEqual([1, 1]);
    await reader.splice.close({ drainMs: 1000 });
    await (reader.splice === system.splice ? system.endClosed() : system.end());
  });

  test("breaks off with 2003 after exactly what was delivered, when its worker is killed at any item (row 51)", async () => {
    const system = await startHosted({ restart, breaker });
    const reader = await reach(system);
    // A fixed sequence: a failure comes back with the same seed.
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 1; round <= 12; round++) {
      const dieAt = random(150);
      const { code, items } = await reader.read("feed.count", {
        dieAt,
        turns: random(4),
        bytes: random(3) * 20_000,
      });
      expect([code, items]).toEqual([2003, upTo(items.length)]);
      expect(items.length).toBeLessThanOrEqual(dieAt);
      await system.readyAfter(round + 1);
    }
    expect(await reader.read("feed.count", { count: 10 })).toMatchObject({ code: 0, items: upTo(10) });
    await system.atRest();
    await reader.splice.close({ drainMs: 1000 });
    await (reader.splice === system.splice ? system.endClosed() : system.end());
  });
});

test("U4: a host's Cancel is read while its stream runs, and the generator's finally has run when the 2002 comes", async () => {
  const system = await startHosted();
  const host = await connectHost(system, { capabilities: 3 });
  host.invoke(1, "feed.listen");
  host.invoke(2, "feed.count", { bytes: 10 });
  await host.next("StreamChunk", ({ requestId }) => requestId === 1);
  host.cancel(1);
  expect(await host.failure(1)).toMatchObject({ code: 2002, kind: "Cancelled" });
  host.invoke(3, "feed.state");
  expect(await host.value(3)).toMatchObject({ open: 1 });
  host.cancel(2);
  expect((await host.failure(2)).code).toBe(2002);
  const types = host.received.filter((message) => "requestId" in message && message.requestId === 1);
  expect(types.map(({ type }) => type)).toEqual(["StreamStart", "StreamChunk", "CancelAck", "StreamError"]);
  await system.end();
});

test("streams and plain calls of one function each, each asked for in the other's way", async () => {
  const system = await startHosted();
  const { splice } = system;
  await expect(splice.call("feed.count", { count: 1 })).rejects.toMatchObject({
    code: 1001,
    message: expect.stringContaining("stream()"),
  });
  const items: unknown[] = [];
  for await (const item of splice.stream("work.echo", { value: 1 })) items.push(item);
  expect(items).toEqual([{ value: 1 }]);
  await until("all is at rest", async () => (await splice.status()).calls.active === 0);
  await splice.close();
});

test("a host that did not offer to take streams gets 1000, and its plain calls go on", async () => {
  const system = await startHosted();
  const host = await connectHost(system);
  host.invoke(1, "feed.count", { count: 1 });
  expect((await host.failure(1)).code).toBe(1000);
  host.invoke(2, "work.echo");
  expect(await host.value(2)).toHaveProperty("key");
  await system.end();
});
