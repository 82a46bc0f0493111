// A worker stuck in a stream that nobody gave a deadline: streams.idleTimeoutMs finds it, also before the stream has begun.

import { afterEach, expect, test } from "@jest/globals";
import { closeLeftovers } from "../harness.js";
import { startHosted } from "../host/raw-host.js";
import { Reader } from "./reader.js";

afterEach(closeLeftovers);

test.each([
  ["before its first item", 0],
  ["after three items", 3],
])("in a loop %s: 2001, and another worker follows", async (_, after) => {
  const system = await startHosted({
    streams: { idleTimeoutMs: 300 },
    health: { cancelGraceMs: 100 },
    restart: { backoffMs: [0] },
  });
  const reader = Reader.embedded(system);
  const { code, items, message } = await reader.read("feed.stuck", { after });
  expect([code, items.length]).toEqual([2001, after]);
  expect(message).toContain("nothing came for 300 ms");
  await system.readyAfter(2);
  expect(await reader.read("feed.count", { count: 3 })).toMatchObject({ code: 0, items: [0, 1, 2] });
  await system.end();
});

test("in a function that never returns its items: 2001, and its worker goes on once it has heard", async () => {
  const system = await startHosted({ streams: { idleTimeoutMs: 300 } });
  const reader = Reader.embedded(system);
  expect(await reader.read("feed.late", {}, { isKeyed: false })).toMatchObject({ code: 2001, items: [] });
  await system.atRest();
  expect(await reader.read("feed.count", { count: 3 })).toMatchObject({ code: 0, items: [0, 1, 2] });
  expect(system.journal.of("spawn")).toHaveLength(1);
  await system.end();
});
