// A Cancel that races the end of a stream, from a host on the real socket, down to exactly one end.

import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import type { Message } from "../../../src/protocol/index.js";
import { closeLeftovers, fixtures, until } from "../harness.js";
import { connectHost, isTerminal, startHosted } from "./raw-host.js";

afterEach(closeLeftovers);

test("a Cancel that races the end of a stream, 1 000 times: one end each, nothing behind it, and both happen", async () => {
  const system = await startHosted({ functions: join(fixtures, "inputs/functions") });
  const host = await connectHost(system, { capabilities: 11 });
  // A fixed sequence: a failure comes back with the same seed.
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const ofRequest = (id: number): readonly Message[] =>
    host.received.filter((message) => "requestId" in message && message.requestId === id);
  const isOver = (id: number): boolean => ofRequest(id).some(isTerminal);
  const rounds = 1000;
  for (let id = 1; id <= rounds; id++) {
    host.invoke(id, "read.turns", { count: random(6) });
    for (let turn = random(12); turn > 0; turn--) await new Promise(setImmediate);
    host.cancel(id);
    if (id % 50 === 0) await until(`call ${String(id)} is over`, () => isOver(id));
  }
  for (let id = 1; id <= rounds; id++) await until(`call ${String(id)} is over`, () => isOver(id));
  await system.atRest();
  let cancelled = 0;
  for (let id = 1; id <= rounds; id++) {
    const frames = ofRequest(id).filter(({ type }) => type !== "CancelAck");
    const over = frames.filter(isTerminal);
    expect(over).toHaveLength(1);
    expect(frames.at(-1)).toBe(over[0]);
    if (over[0]?.type === "StreamEnd") continue;
    expect(over[0]).toMatchObject({ code: 2002 });
    cancelled += 1;
  }
  expect(cancelled).toBeGreaterThan(0);
  expect(cancelled).toBeLessThan(rounds);
  await system.end();
});
