// Streams that are left half-read, over and over: nothing of them may stay (rows 48 and 64).

import { afterEach, expect, test } from "@jest/globals";
import { closeLeftovers } from "../harness.js";
import { connectHost, startHosted } from "../host/raw-host.js";
import { Reader, upTo } from "./reader.js";

afterEach(closeLeftovers);

test.each([
  ["embedded", 10_000],
  ["through a socket", 10_000],
])(
  "opened, read for two items and left %s, %i times: every credit and slot is back (row 48)",
  async (way, times) => {
    // A small window: what was sent ahead and is thrown away is most of the work, and none of the question.
    const system = await startHosted({ streams: { windowChunks: 8 } });
    const host = await connectHost(system);
    const reader = way === "embedded" ? Reader.embedded(system) : await Reader.connected(system, 2);
    let started = 0;
    const leave = async (): Promise<void> => {
      while (started < times) {
        started += 1;
        const { items } = await reader.read("feed.count", {}, { take: 2, isKeyed: false });
        if (items.join() !== "0,1") throw new Error(`It had ${items.join()}.`);
      }
    };
    await Promise.all(Array.from({ length: 32 }, leave));
    await system.atRest();
    const { journal } = system;
    expect([journal.of("stream").length, journal.of("credit").length]).toEqual([times, times]);
    // The next one finds everything as the first did.
    expect(await reader.read("feed.count", { count: 200 })).toMatchObject({ code: 0, items: upTo(200) });
    host.invoke(1, "feed.state");
    expect(await host.value(1)).toMatchObject({ open: 0 });
    expect(journal.of("spawn")).toHaveLength(1);
    await system.atRest();
    await reader.splice.close();
    await (way === "embedded" ? system.endClosed() : system.end());
  },
  60_000,
);

test("opened and cancelled as fast as the socket takes them: never more than the limit, and one answer each (row 64)", async () => {
  const system = await startHosted({ limits: { maxInFlight: 16, maxInFlightPerFunction: 16 } });
  const host = await connectHost(system, { capabilities: 3 });
  const count = 2000;
  for (let id = 1; id <= count; id++) {
    host.invoke(id, "feed.count");
    host.cancel(id);
    // Those that were refused are no more in flight: their Cancels are control frames, of which there may not be many.
    if (id % 16 === 0) await host.terminal(id);
  }
  const codes = new Set<number>();
  for (let id = 1; id <= count; id++) {
    codes.add((await host.failure(id)).code);
    expect(host.terminals(id)).toHaveLength(1);
  }
  expect(codes.has(2002)).toBe(true);
  expect([...codes].filter((code) => code !== 2002 && code !== 3002)).toEqual([]);
  await system.end();
});
