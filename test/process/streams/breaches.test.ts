// Workers and hosts that break the rules of streams (rows 46, 47 and 50).

import { afterEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { Readable } from "node:stream";
import { closeLeftovers, until } from "../harness.js";
import { connectHost, hostFixtures, startHosted } from "../host/raw-host.js";
import { Reader, upTo } from "./reader.js";

afterEach(closeLeftovers);

const rules = {
  restart: { backoffMs: [0], maxRestarts: 1000, maxFailedStarts: 1000 },
  breaker: { quarantineCrashes: 0, minCalls: 1_000_000 },
};
const startRaw = (env: Record<string, string> = {}) =>
  startHosted({
    pools: { raw: { command: [process.execPath, join(hostFixtures, "stream-worker.mjs")], env } },
    ...rules,
  });

describe("a worker that breaks the rules: 3000 after what was right, and another one follows", () => {
  test.each([
    ["past", 4, /its chunk 4 was beyond the 3 that was granted/],
    ["unacked", 2, /made more than 1048576 unacknowledged/],
    ["gap", 2, /its chunk 3 came where 2 was due/],
    ["repeat", 2, /its chunk 1 came where 2 was due/],
    ["total", 2, /a total of 3 chunks after 2/],
    ["again", 2, /it started twice/],
    ["result", 2, /it ended with a result/],
    ["early", 0, /a chunk came before its start/],
    ["wide", 0, /its window was 1025/],
    ["none", 0, /it ended before its start/],
    ["plain", 0, /it has no stream/],
  ])("raw.%s", async (name, delivered, reason) => {
    const system = await startRaw();
    const host = await connectHost(system, { capabilities: 3 });
    host.invoke(1, `raw.${name}`);
    const { code, message } = await host.failure(1);
    expect(code).toBe(3000);
    expect(message).toMatch(reason);
    expect(host.items(1)).toEqual(upTo(delivered));
    await system.readyAfter(2);
    host.invoke(2, "raw.good");
    expect(await host.terminal(2)).toMatchObject({ type: "StreamEnd", totalChunks: 3 });
    expect(host.items(1)).toEqual(upTo(delivered));
    await system.end();
  });

  test("is seen by a reader as the items that were right, then the error", async () => {
    const system = await startRaw();
    const embedded = Reader.embedded(system);
    const connected = await Reader.connected(system);
    let spawned = 1;
    for (const reader of [embedded, connected]) {
      for (const name of ["gap", "repeat", "total", "again", "result"]) {
        const read = await reader.read(`raw.${name}`);
        expect(read).toMatchObject({ code: 3000, items: [0, 1] });
        await system.readyAfter(++spawned);
      }
      expect(await reader.read("raw.good")).toMatchObject({ code: 0, items: [0, 1, 2] });
    }
    await connected.splice.close();
    await system.end();
  });

  test.each([
    ["of more than came", "raw.ackMore", /a StreamAck was of chunk 5, but \d were sent/],
    ["that goes back", "raw.ackBack", /a StreamAck of chunk 0 came after one of 1/],
    ["with a window above 1024", "raw.ackWide", /a StreamAck granted 1025 chunks/],
    ["of a call without an input", "raw.ackNone", /a StreamAck came for a call that has no input/],
  ])(
    "a StreamAck of an input %s is 3000 as well, and the input is ended (row 50)",
    async (_, name, reason) => {
      const system = await startRaw({ CAPABILITIES: "11" });
      const embedded = Reader.embedded(system);
      const connected = await Reader.connected(system);
      let spawned = 1;
      for (const reader of [embedded, connected]) {
        const input = new Readable({ objectMode: true, read: () => undefined });
        for (const item of [0, 1, 2]) input.push(item);
        const read = await reader.read(name, {}, name === "raw.ackNone" ? {} : { input });
        expect(read).toMatchObject({ code: 3000, items: [] });
        expect(read.message).toMatch(reason);
        if (name !== "raw.ackNone") await until("its input is destroyed", () => input.destroyed);
        await system.readyAfter(++spawned);
        expect(await reader.read("raw.good")).toMatchObject({ code: 0, items: [0, 1, 2] });
      }
      await connected.splice.close();
      await system.end();
    },
  );

  test("but what it says of a stream that has ended is dropped", async () => {
    const system = await startRaw();
    const reader = Reader.embedded(system);
    for (let n = 0; n < 3; n++)
      expect(await reader.read("raw.after")).toMatchObject({ code: 0, items: [0, 1] });
    expect(system.journal.of("spawn")).toHaveLength(1);
    expect((await system.splice.status()).calls.late).toBeGreaterThan(0);
    await system.end();
  });

  test("and one whose link does not carry streams is not asked for any", async () => {
    const system = await startRaw({ CAPABILITIES: "2" });
    expect(await Reader.embedded(system).read("raw.good")).toMatchObject({
      code: 1000,
      message: expect.stringContaining("its worker did not offer"),
      items: [],
    });
    await system.end();
  });
});

describe("a host whose StreamAck breaks the rules is told why and closed, and its streams end (row 50)", () => {
  test.each([
    ["of more than it received", 64, 64, /was of chunk 64, but 64 were sent/],
    ["that would overflow", 2 ** 53 - 1, 1024, /was of chunk 9007199254740991/],
    ["with a window above 1024", 10, 1025, /granted 1025 chunks/],
    ["with the largest window there is", 10, 4_294_967_295, /granted 4294967295 chunks/],
    ["that goes back", 5, 64, /of chunk 5 came after one of 9/],
  ])("%s", async (_, sequence, window, reason) => {
    const system = await startHosted();
    const [bad, good] = [
      await connectHost(system, { capabilities: 3 }),
      await connectHost(system, { capabilities: 3 }),
    ];
    for (const host of [bad, good]) {
      host.invoke(1, "feed.count");
      await host.next("StreamChunk", (chunk) => chunk.sequence === 63);
    }
    bad.acknowledge(1, 9, 0);
    bad.acknowledge(1, sequence, window);
    const { code, message } = await bad.fatal();
    expect(code).toBe(1000);
    expect(message).toMatch(reason);
    // The other one's stream is untouched.
    good.acknowledge(1, 63, 64);
    await good.next("StreamChunk", (chunk) => chunk.sequence === 127);
    good.cancel(1);
    expect((await good.failure(1)).code).toBe(2002);
    good.invoke(2, "feed.state");
    await system.atRest();
    good.invoke(3, "feed.state");
    expect(await good.value(3)).toMatchObject({ open: 0 });
    await system.end();
  });

  test("so is one that acknowledges a call without a stream; an id that is not in flight is no matter", async () => {
    const system = await startHosted();
    const host = await connectHost(system, { capabilities: 3 });
    host.acknowledge(77, 0, 1);
    host.invoke(1, "work.untilCancelled");
    host.acknowledge(1, 0, 1);
    expect((await host.fatal()).message).toMatch(/has no stream/);
    await system.end();
  });
});
