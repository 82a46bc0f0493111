// A wall clock that jumps by an hour or ten years, back and forth, at every look, in the supervisor and in its workers:
// nothing happens, for whatever waits or measures does so on the monotonic clock (row 66).

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, jest, test } from "@jest/globals";
import { closeLeftovers, fixtures, startSystem } from "../harness.js";

afterEach(async () => {
  jest.restoreAllMocks();
  await closeLeftovers();
});

const functions = join(fixtures, "faults/functions");
const jumping = join(fixtures, "clock/jumping.mjs");
const jumpsMs = [0, 3_600_000, -3_600_000, 315_576_000_000, -315_576_000_000];

test("no worker is replaced, no call ends early, none late, and waits are as long as they are", async () => {
  const { now } = Date;
  let looks = 0;
  jest.spyOn(Date, "now").mockImplementation(() => now() + (jumpsMs[looks++ % jumpsMs.length] ?? 0));
  const system = await startSystem({
    pools: { app: { functions, execArgv: ["--import", jumping] } },
    health: { intervalMs: 20, maxMisses: 3, cancelGraceMs: 600_000 },
    limits: { maxInFlightPerFunction: 4, maxQueue: 8, maxQueueWaitMs: 60_000 },
    restart: { backoffMs: [60], jitter: 0 },
  });
  const pid = await system.pid();
  const file = join(system.folder, "go");
  const held = Array.from({ length: 6 }, () => system.call("work.hold", { file }, { timeoutMs: 60_000 }));
  // Deadlines that pass, one after the other, while the others wait, two of them for a slot.
  for (let n = 0; n < 5; n++) {
    const startedAtMs = performance.now();
    const { code, endedAtMs } = await system.call("work.hang", {}, { timeoutMs: 60 });
    expect(code).toBe(2001);
    expect(endedAtMs - startedAtMs).toBeGreaterThan(58);
    expect((await system.call("work.pid")).value).toMatchObject({ value: pid });
  }
  await writeFile(file, "");
  for (const outcome of await Promise.all(held)) expect(outcome.code).toBe(0);
  expect(system.journal.of("spawn")).toHaveLength(1);
  process.kill(pid, "SIGKILL");
  await system.readyAfter(2);
  const [[exit], [, spawn]] = [system.journal.of("exit"), system.journal.of("spawn")];
  expect((spawn?.atMs ?? 0) - (exit?.atMs ?? 0)).toBeGreaterThan(58);
  expect((await system.call("work.echo")).code).toBe(0);
  expect(looks).toBeGreaterThan(0);
  await system.end();
});
