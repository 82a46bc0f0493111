// Readers that do not read, and large items beside small calls (rows 33, 45, 49 and 62).

import { afterEach, expect, test } from "@jest/globals";
import { closeLeftovers, until } from "../harness.js";
import { connectHost, startHosted } from "../host/raw-host.js";
import { Reader, upTo } from "./reader.js";

afterEach(closeLeftovers);

const windowChunks = 8;

test("100 streams whose reader acknowledges nothing: each stops at its window, all else goes on (row 45)", async () => {
  const system = await startHosted({ streams: { windowChunks } });
  const host = await connectHost(system, { capabilities: 3 });
  const other = await connectHost(system, { capabilities: 3 });
  const ids = upTo(100).map((n) => n + 1);
  for (const id of ids) host.invoke(id, "feed.count", { bytes: 1000 });
  for (const id of ids)
    await host.next("StreamChunk", ({ requestId, sequence }) => requestId === id && sequence === 7);
  // Through the same worker: a stream to its end, and calls.
  expect(await Reader.embedded(system).read("feed.count", { count: 300 })).toMatchObject({
    items: upTo(300),
  });
  other.invoke(1, "feed.state");
  expect(await other.value(1)).toEqual({ open: 100, made: 100 * windowChunks + 300 });
  for (const id of ids) expect(host.items(id)).toEqual(upTo(windowChunks));
  // One that goes on gets more; the others do not.
  host.acknowledge(50, 7, 2);
  await host.next("StreamChunk", ({ requestId, sequence }) => requestId === 50 && sequence === 9);
  other.invoke(2, "feed.state");
  expect(await other.value(2)).toMatchObject({ made: 100 * windowChunks + 302 });
  for (const id of ids) host.cancel(id);
  for (const id of ids) expect((await host.failure(id)).code).toBe(2002);
  await system.end();
});

test("a host that stops reading pauses its own streams alone, and goes on where it stopped (row 33)", async () => {
  const system = await startHosted();
  const stuck = await connectHost(system, { capabilities: 3 });
  const other = await connectHost(system, { capabilities: 3 });
  stuck.socket.pause();
  const ids = upTo(16).map((n) => n + 1);
  for (const id of ids) stuck.invoke(id, "feed.count", { bytes: 100_000 });
  const made = async (requestId: number): Promise<number> => {
    other.invoke(requestId, "feed.state");
    return ((await other.value(requestId)) as { made: number }).made;
  };
  // Ten of 100 kB are as many as may be on the way unacknowledged, and one more is made for each stream.
  let request = 0;
  await until("the streams stand still", async () => (await made(++request)) >= 16 * 10);
  const reader = await Reader.connected(system, 3);
  for (let round = 0; round < 5; round++)
    expect(await reader.read("feed.count", { count: 200, bytes: 2000 })).toMatchObject({
      code: 0,
      items: upTo(200),
    });
  expect(await made(++request)).toBeLessThanOrEqual(16 * 11 + 5 * 200);
  expect(stuck.items(1)).toEqual([]);
  stuck.socket.resume();
  for (const id of ids) {
    await stuck.next("StreamChunk", ({ requestId, sequence }) => requestId === id && sequence === 9);
    stuck.acknowledge(id, 9, 4);
    await stuck.next("StreamChunk", ({ requestId, sequence }) => requestId === id && sequence === 13);
    stuck.cancel(id);
    expect((await stuck.failure(id)).code).toBe(2002);
  }
  await reader.splice.close();
  await system.end();
});

test.each([
  ["items of streams", "feed.count", { count: 1, bytes: 1_000_000 }],
  ["results", "work.bytes", { count: 1_000_000 }],
])(
  "of the %s of a host that never reads no more than 64 MiB are kept: the calls beyond end with 2000 (row 33)",
  async (_, name, params) => {
    const system = await startHosted({ limits: { maxFrameBytes: 1_048_576 } });
    const stuck = await connectHost(system, { capabilities: 3 });
    const other = await connectHost(system);
    stuck.socket.pause();
    const ids = upTo(100).map((n) => n + 1);
    // In one piece: of a host that is behind no more is served.
    stuck.send(...ids.map((id) => stuck.invocation(id, name, params)));
    await until(
      "every call has its outcome or waits for credit",
      () => system.journal.of("settle").length === ids.length,
    );
    const dropped = system.journal.of("settle").filter(({ code }) => code === 2000);
    // 67 of a million bytes fit in.
    expect(dropped.length).toBeGreaterThanOrEqual(100 - 67);
    other.invoke(1, "work.echo");
    expect(await other.value(1)).toHaveProperty("key");
    stuck.socket.resume();
    const failed: number[] = [];
    for (const id of ids) {
      const { type } = await stuck.terminal(id);
      if (type !== "InvokeError") continue;
      failed.push(id);
      expect(await stuck.failure(id)).toMatchObject({
        code: 2000,
        kind: "System",
        message: expect.stringContaining("does not read"),
        details: { name: "ResultTooLarge", bytes: expect.any(Number), limit: 64 * 1_048_576 },
      });
    }
    expect(failed).toHaveLength(dropped.length);
    // It has caught up, and is served as ever.
    stuck.invoke(101, "work.bytes", { count: 1_000_000 });
    expect(await stuck.value(101)).toHaveLength(1_000_000);
    await system.end();
  },
);

test("both sides write large at once, and neither waits for the other (row 49)", async () => {
  const system = await startHosted();
  const host = await connectHost(system, { capabilities: 3 });
  const ids = upTo(32).map((n) => n + 1);
  const count = 20;
  const data = new Uint8Array(1_000_000);
  host.socket.on("data", () => {
    for (const id of ids) {
      const sequence = host.items(id).length - 1;
      if (sequence < (acked.get(id) ?? 0)) continue;
      acked.set(id, sequence + 1);
      host.acknowledge(id, sequence, 8);
    }
  });
  const acked = new Map<number, number>();
  for (const id of ids) {
    host.invoke(id, "feed.count", { count, bytes: 100_000 });
    host.invoke(1000 + id, "work.size", { data });
  }
  for (const id of ids) {
    expect(await host.value(1000 + id)).toBe(data.length);
    expect(await host.terminal(id)).toMatchObject({ type: "StreamEnd", totalChunks: count });
    expect(host.items(id)).toEqual(upTo(count));
  }
  await system.end();
});

test("items that together are 100 MiB keep a small call behind one or two of them at most (row 62)", async () => {
  const system = await startHosted();
  const host = await connectHost(system, { capabilities: 3 });
  const other = await connectHost(system);
  const ids = upTo(20).map((n) => n + 1);
  for (const id of ids) host.invoke(id, "feed.count", { count: 1, bytes: 5 * 1024 * 1024 });
  await host.next("StreamChunk");
  const chunks = () => host.received.filter(({ type }) => type === "StreamChunk").length;
  const before = chunks();
  // On a connection of its own: one that has so much unread is not read itself.
  other.invoke(1, "work.echo");
  await other.value(1);
  // One on the worker's link and one on the host's, and some for the turns that the call itself takes.
  expect(chunks() - before).toBeLessThanOrEqual(6);
  for (const id of ids) expect((await host.terminal(id)).type).toBe("StreamEnd");
  await system.end();
});

test("a frame of 100 MiB on one connection, and small calls on another, which do not wait for it (row 62)", async () => {
  const system = await startHosted({
    pools: { app: { functions: "test/fixtures/hosts/functions", workers: 2 } },
  });
  const [large, small] = [await connectHost(system), await connectHost(system)];
  const bytes = 100 * 1024 * 1024 - 1000;
  large.socket.pause();
  large.invoke(1, "work.bytes", { count: bytes });
  for (let id = 1; id <= 100; id++) small.invoke(id, "work.echo");
  for (let id = 1; id <= 100; id++) expect(await small.value(id)).toHaveProperty("key");
  expect(large.terminals(1)).toEqual([]);
  large.socket.resume();
  expect((await large.terminal(1)).type).toBe("InvokeResult");
  await system.end();
});
