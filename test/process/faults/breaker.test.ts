// A function that takes its worker down with one of its inputs, and one that keeps failing: each is refused for a while,
// and what stands beside it goes on (row 16).

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { closeLeftovers, fixtures, startSystem, until, type Outcome, type TestSystem } from "../harness.js";

/** Whatever a failed test would have gone on calling. */
const loads = new Set<{ stop: () => Promise<void> }>();

afterEach(async () => {
  for (const each of loads) await each.stop();
  loads.clear();
  await closeLeftovers();
});

const functions = join(fixtures, "faults/functions");

const breakerOf = async ({ splice }: TestSystem, name: string) =>
  (await splice.status()).functions.find((each) => each.name === name)?.breaker;

/** The lifecycle of one function's breaker, oldest first. */
const told = ({ events }: TestSystem, name: string) =>
  events.filter(({ functionName }) => functionName === name).map(({ type }) => type);

const halfOpened = (system: TestSystem, name: string, times: number) =>
  until(`the breaker of ${name} has let a call through ${String(times)} times`, () => {
    return told(system, name).filter((type) => type === "breaker.halfOpened").length >= times;
  });

/** Calls `name` again and again until it is told to stop, a few at a time. */
function load(system: TestSystem, name: string, width: number) {
  const outcomes: Outcome[] = [];
  let isOn = true;
  const lane = async () => {
    while (isOn) outcomes.push(await system.call(name));
  };
  const lanes = Array.from({ length: width }, lane);
  const running = {
    outcomes,
    stop: async () => {
      isOn = false;
      await Promise.all(lanes);
    },
  };
  loads.add(running);
  return running;
}

describe("poison: one input takes the worker down each time (row 16)", () => {
  test("2003 for each such call; after three the function is in quarantine, and good calls go on throughout", async () => {
    const system = await startSystem({
      pools: { app: { functions, workers: 2 } },
      restart: { backoffMs: [0], jitter: 0 },
      breaker: { quarantineCrashes: 3, quarantineMs: 1500 },
    });
    const good = load(system, "work.echo", 3);
    await until("the good function is known to be good", () => good.outcomes.length >= 100);
    for (let crash = 1; crash <= 3; crash++) {
      expect(await breakerOf(system, "harm.poison")).toEqual(
        crash === 1 ? null : { state: "closed", retryAfterMs: null },
      );
      expect((await system.call("harm.poison", { arg: "x" })).code).toBe(2003);
      if (crash < 3) await system.ready();
    }
    const refused = await system.call("harm.poison", { arg: "x" });
    expect(refused).toMatchObject({
      code: 3001,
      error: { retryable: true, details: { reason: "quarantined", state: "open" } },
    });
    expect(refused.message).toContain("its calls took down 3 workers within 60 s");
    // The function as a whole, whatever it is given: what is poison cannot be told from outside.
    expect((await system.call("harm.poison", { arg: "good" })).code).toBe(3001);
    const { retryAfterMs = 0, ...breaker } = (await breakerOf(system, "harm.poison")) ?? {};
    expect(breaker).toEqual({ state: "open" });
    expect(retryAfterMs).toBeGreaterThan(0);
    await system.ready();
    const seen = good.outcomes.length;
    const spawned = system.journal.of("spawn").length;
    await until("good calls went on", () => good.outcomes.length >= seen + 100);
    expect(good.outcomes.slice(seen).every(({ code }) => code === 0)).toBe(true);
    expect(system.journal.of("spawn")).toHaveLength(spawned);

    // Tried and poisonous still: in quarantine again at once, for one worker.
    await halfOpened(system, "harm.poison", 1);
    expect((await system.call("harm.poison", { arg: "x" })).code).toBe(2003);
    expect(await system.call("harm.poison", { arg: "x" })).toMatchObject({
      code: 3001,
      error: { details: { reason: "quarantined" } },
    });
    await system.ready();
    await halfOpened(system, "harm.poison", 2);
    expect((await system.call("harm.poison", { arg: "good" })).code).toBe(0);
    expect((await system.call("harm.poison", { arg: "good" })).code).toBe(0);
    await good.stop();
    expect(good.outcomes.every(({ code }) => code === 0 || code === 2003)).toBe(true);
    expect(told(system, "work.echo")).toEqual([]);
    expect(told(system, "harm.poison")).toEqual([
      "breaker.opened",
      "breaker.halfOpened",
      "breaker.opened",
      "breaker.halfOpened",
      "breaker.closed",
    ]);
    expect(system.log).toContainEqual(
      expect.objectContaining({ level: "warn", message: expect.stringContaining("took down 3 workers") }),
    );
    expect(await system.end()).toMatchObject({ counts: { lost: 0, duplicated: 0, lied: 0 } });
  });

  test("workers that are killed on request are charged to nobody", async () => {
    const system = await startSystem({
      functions,
      restart: { backoffMs: [0] },
      breaker: { quarantineCrashes: 1 },
    });
    for (let round = 0; round < 3; round++) {
      const call = system.call("work.hang");
      await until("it runs", () => system.journal.of("dispatch").length === round + 1);
      await system.splice.call("splice.kill", { worker: "app:1" });
      expect((await call).code).toBe(2003);
    }
    expect(await breakerOf(system, "work.hang")).toBeNull();
    await system.end();
  });

  test("quarantineCrashes 0 lets a function crash for ever", async () => {
    const system = await startSystem({
      functions,
      restart: { backoffMs: [0] },
      breaker: { quarantineCrashes: 0 },
    });
    for (let round = 0; round < 5; round++)
      expect((await system.call("harm.poison", { arg: "x" })).code).toBe(2003);
    await system.end();
  });
});

describe("a function that keeps failing", () => {
  test("opens its breaker, alone; the call that tries it later closes it", async () => {
    const system = await startSystem({
      functions,
      breaker: { minCalls: 5, openMs: 1000 },
      health: { intervalMs: 60_000 },
    });
    const file = join(system.folder, "healed");
    for (let round = 0; round < 5; round++) {
      expect((await system.call("work.hold", { file }, { timeoutMs: 20 })).code).toBe(2001);
      expect((await system.call("work.echo")).code).toBe(0);
    }
    const refused = await system.call("work.hold", { file });
    expect(refused).toMatchObject({
      code: 3001,
      error: { details: { reason: "breaker-open", state: "open" } },
    });
    expect(refused.message).toMatch(
      /5 of 5 calls failed within 10 s, the last with 2001\. One call will be let through/,
    );
    expect((await system.call("work.echo")).code).toBe(0);
    expect(await breakerOf(system, "work.echo")).toBeNull();

    await halfOpened(system, "work.hold", 1);
    expect(await breakerOf(system, "work.hold")).toEqual({ state: "halfOpen", retryAfterMs: null });
    const probe = system.call("work.hold", { file });
    expect(await system.call("work.hold", { file })).toMatchObject({
      code: 3001,
      error: { details: { state: "halfOpen" } },
    });
    await writeFile(file, "");
    expect((await probe).code).toBe(0);
    expect((await system.call("work.hold", { file })).code).toBe(0);
    expect(told(system, "work.hold")).toEqual(["breaker.opened", "breaker.halfOpened", "breaker.closed"]);
    expect(system.events.find(({ type }) => type === "breaker.closed")?.reason).toBe("its probe succeeded");
    await system.end();
  });

  test("is waited for by a call with `retry`, for as long as the refusal says", async () => {
    const system = await startSystem({ functions, breaker: { minCalls: 3, openMs: 200 } });
    const file = join(system.folder, "healed");
    for (let round = 0; round < 3; round++) await system.call("work.hold", { file }, { timeoutMs: 20 });
    await writeFile(file, "");
    await expect(
      system.splice.call("work.hold", { key: "again", file }, { retry: { attempts: 3 } }),
    ).resolves.toMatchObject({
      key: "again",
    });
    await system.atRest();
    await system.splice.close();
    await rm(system.folder, { recursive: true });
  });

  test("that throws opens nothing: it ran, and said so", async () => {
    const system = await startSystem({ functions, breaker: { minCalls: 2 } });
    for (let round = 0; round < 10; round++)
      expect((await system.call("work.throws", { message: "no" })).code).toBe(2000);
    expect(await breakerOf(system, "work.throws")).toBeNull();
    await system.end();
  });
});
