// Restart intensity, the spawn breaker, restart kinds, strategies and recycling with real processes (rows 1, 15 and G13).

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeLeftovers, fixtures, startSystem, until, type TestSystem } from "../harness.js";

const functions = join(fixtures, "faults/functions");
const fakeWorker = join(fixtures, "faults/worker.mjs");
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "st-"));
});
afterEach(async () => {
  await closeLeftovers();
  await rm(folder, { recursive: true, force: true });
});

const fake = (argument: string) => [process.execPath, fakeWorker, argument];
const of = (system: TestSystem, type: string) => system.events.filter((event) => event.type === type);

describe("a pool whose workers crash as soon as they start", () => {
  test("stops starting them, refuses at once with the reason, tries one, and heals (row 15)", async () => {
    const mode = join(folder, "mode");
    await writeFile(mode, "serve");
    const system = await startSystem({
      pools: { app: { command: fake(mode) }, other: { functions } },
      restart: { backoffMs: [0], maxFailedStarts: 3, cooldownMs: 300, maxCooldownMs: 300 },
    });
    await writeFile(mode, "exit");
    process.kill((await system.workers()).find(({ id }) => id === "app:1")?.pid ?? 0, "SIGKILL");
    await until("its breaker opens", () => of(system, "breaker.opened").length === 1);
    const spawned = system.journal.of("spawn").length;
    const refused = await system.call("fake.echo", { value: 1 });
    expect(refused).toMatchObject({
      code: 3001,
      error: {
        details: {
          reason: "breaker-open",
          state: "open",
          since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown,
          retryAfterMs: expect.any(Number) as unknown,
        },
      },
    });
    expect(refused.message).toContain("3 starts in a row did not become ready");
    const status = await system.splice.status();
    expect(status.pools[0]?.breaker.state).not.toBe("closed");
    expect(status.pools[1]?.breaker).toEqual({ state: "closed", retryAfterMs: null });
    expect((await system.call("work.echo")).code).toBe(0);
    // At most one start for each time it was tried.
    await until("one was tried in vain", () => of(system, "breaker.opened").length >= 2);
    expect(system.journal.of("spawn").length - spawned).toBe(of(system, "breaker.halfOpened").length);
    await writeFile(mode, "serve");
    await until("it heals", () => of(system, "breaker.closed").length > 0);
    expect((await system.call("fake.echo", { value: 2 })).code).toBe(0);
    await system.end();
  });

  test("is within its window never started more than maxRestarts + 1 times (G13)", async () => {
    const system = await startSystem({
      functions,
      restart: { backoffMs: [0], maxRestarts: 4, withinMs: 60_000 },
      breaker: { quarantineCrashes: 0 },
    });
    for (let n = 0; n < 5; n++) {
      await system.readyAfter(n + 1);
      await system.call("harm.kill");
    }
    await until("its breaker opens", () => of(system, "breaker.opened").length === 1);
    expect(system.journal.of("spawn")).toHaveLength(5);
    expect((await system.call("work.echo")).error?.details).toMatchObject({ reason: "breaker-open" });
    await system.splice.call("splice.breaker", { pool: "app", action: "reset" });
    expect((await system.call("work.echo")).code).toBe(0);
    await system.end();
  });

  test("can be closed to starts by hand; calls that wait are told so at once", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [5000], withinMs: 600_000 } });
    process.kill(await system.pid(), "SIGKILL");
    await until("it waits to be started", async () => (await system.workers())[0]?.state === "backingOff");
    const waiting = system.call("work.echo");
    await system.splice.call("splice.breaker", { pool: "app", action: "trip" });
    expect(await waiting).toMatchObject({
      code: 3001,
      error: { details: { reason: "breaker-open", state: "forcedOpen" } },
    });
    await expect(
      system.splice.call("splice.breaker", { pool: "none", action: "trip" }),
    ).rejects.toMatchObject({
      code: 1001,
      message: expect.stringContaining("must be one of the pools app"),
    });
    await system.end();
  });
});

describe("restart kinds", () => {
  test.each([
    ["permanent", 0, true],
    ["transient", 0, false],
    ["transient", 1, true],
    ["temporary", 1, false],
  ] as const)("a %s worker that ends with code %s comes back: %s", async (restartType, code, comesBack) => {
    const system = await startSystem({
      pools: { app: { functions, restartType } },
      restart: { backoffMs: [0] },
    });
    expect((await system.call("harm.exit", { code })).code).toBe(2003);
    const next = await system.call("work.echo");
    expect(next.code).toBe(comesBack ? 0 : 3001);
    if (!comesBack) expect(next.error?.details).toMatchObject({ reason: "no-worker" });
    await system.end();
  });
});

test("rest_for_one: the pools after the one whose worker died are started anew, those before it are not", async () => {
  const pool = (name: string) => ({ command: fake("serve"), env: { NAMESPACE: name } });
  const system = await startSystem(
    {
      pools: { a: pool("a"), b: pool("b"), c: pool("c") },
      strategy: "rest_for_one",
      restart: { backoffMs: [0] },
    },
    { keyed: false },
  );
  const pids = async () => (await system.ready()).map(({ pid }) => pid);
  const before = await pids();
  process.kill(before[1] ?? 0, "SIGKILL");
  await system.readyAfter(5);
  const after = await pids();
  expect([after[0] === before[0], after[1] === before[1], after[2] === before[2]]).toEqual([
    true,
    false,
    false,
  ]);
  await system.end();
});

describe("recycling", () => {
  test("a worker that has had maxCalls calls is followed by another; no call of many fails, nor waits for a start", async () => {
    const system = await startSystem({ pools: { app: { functions, maxCalls: 40, workers: 2 } } });
    const pids = new Set<unknown>();
    // Its successor is started beside it, so that it has some more calls until that one is ready.
    await until("five workers have answered", async () => {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => system.call("work.pid")));
      for (const { code, value } of outcomes) {
        expect(code).toBe(0);
        pids.add((value as { value: unknown }).value);
      }
      return pids.size >= 5;
    });
    expect(of(system, "breaker.opened")).toEqual([]);
    await system.ready();
    await system.end();
  });

  test("a worker that holds more than maxRssMb is followed by another (Linux)", async () => {
    const system = await startSystem({
      pools: { app: { functions, maxRssMb: 1 } },
      health: { intervalMs: 50 },
    });
    if (process.platform === "linux") await system.readyAfter(2);
    expect((await system.call("work.echo")).code).toBe(0);
    await system.end();
  });
});
