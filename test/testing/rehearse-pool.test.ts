// A pool rehearsed under its configuration: what it does about crashes is the charts' business; here it is that a
// rehearsal says it, at the right time and in words that a test of one's own can use.

import { describe, expect, test } from "@jest/globals";
import { ConfigError } from "../../src/errors.js";
import { rehearsePool, type PoolRehearsal } from "../../src/testing/rehearse-pool.js";

const types = ({ facts }: PoolRehearsal): string[] => facts.map(({ type }) => type);

describe("rehearsePool", () => {
  test("begins with a process that is coming, for each worker", () => {
    const pool = rehearsePool({ pools: { app: { functions: "functions", workers: 2 } } });
    expect([pool.state, pool.calls, pool.ready]).toEqual(["starting", "wait", 0]);
    expect(types(pool)).toEqual(["process.started", "process.started"]);
    pool.becomeReady();
    expect([pool.state, pool.calls, pool.ready]).toEqual(["serving", "go", 1]);
    pool.becomeReady();
    expect(pool.ready).toBe(2);
    expect(() => pool.becomeReady()).toThrow("No process is coming");
  });

  test("waits before each restart as long as its configuration says, and starts the row anew after a quiet time", () => {
    const pool = rehearsePool({ restart: { backoffMs: [0, 100, 500], resetAfterMs: 1000, jitter: 0 } });
    pool.becomeReady();
    const waits = Array.from({ length: 4 }, () => {
      pool.crash();
      const waitedMs = pool.untilStart();
      pool.becomeReady();
      return waitedMs;
    });
    expect(waits).toEqual([0, 100, 500, 500]);
    pool.clock.advance(1000);
    pool.crash();
    expect(pool.untilStart()).toBe(0);
  });

  test("spreads the waits by what stands for Math.random", () => {
    const pool = rehearsePool({ restart: { backoffMs: [100], jitter: 0.5 } }, { random: () => 0.5 });
    pool.becomeReady();
    pool.crash();
    expect(pool.untilStart()).toBe(125);
  });

  test("gives up after more ends than are allowed, tries one start after the cooldown, and comes to itself with it", () => {
    const pool = rehearsePool({ restart: { backoffMs: [0], maxRestarts: 2, cooldownMs: 1000 } });
    pool.becomeReady();
    for (const state of ["serving", "serving", "givenUp"]) {
      pool.crash(3);
      expect(pool.state).toBe(state);
      if (state === "givenUp") break;
      expect(pool.untilStart()).toBe(0);
      pool.becomeReady();
    }
    expect(pool.calls).toBe("refused");
    expect(pool.facts.at(-1)).toMatchObject({
      type: "breaker.opened",
      reason: expect.stringContaining("3 times"),
    });
    expect(pool.untilStart()).toBe(1000);
    expect([pool.state, pool.calls]).toEqual(["probing", "wait"]);
    // Longer, each time that its probe does not hold.
    pool.crash();
    expect([pool.state, pool.untilStart()]).toEqual(["givenUp", 2000]);
    pool.becomeReady();
    expect([pool.state, pool.calls]).toEqual(["serving", "go"]);
  });

  test("fails with the first process that ends before any was ready, and with one that never gets there", () => {
    const broken = rehearsePool({});
    broken.crash();
    expect([broken.state, broken.facts.at(-1)?.reason]).toEqual(["failed", "ended unasked with exit code 1"]);
    expect(() => broken.crash()).toThrow("No process lives; the start has failed");
    expect(() => broken.becomeReady()).toThrow("No process is coming; the start has failed");
    const slow = rehearsePool({ connectTimeoutMs: 700 });
    slow.clock.advance(699);
    expect(slow.state).toBe("starting");
    slow.clock.advance(1);
    expect([slow.state, slow.facts.at(-1)?.reason]).toEqual([
      "failed",
      expect.stringContaining("did not become ready within 700 ms"),
    ]);
  });

  test.each([
    ["temporary", 1],
    ["transient", 0],
  ] as const)("has ended when its last %s worker has", (restartType, exitCode) => {
    const pool = rehearsePool({ pools: { once: { functions: "functions", restartType, workers: 2 } } });
    pool.becomeReady();
    pool.becomeReady();
    pool.crash(exitCode);
    expect([pool.state, pool.calls]).toEqual(["serving", "go"]);
    pool.crash(exitCode);
    expect([pool.state, pool.calls]).toEqual(["ended", "refused"]);
    expect(() => pool.untilStart()).toThrow(`a ${restartType} one is not started again`);
    expect(() => pool.becomeReady()).toThrow(`a ${restartType} one is not started again`);
  });

  test("serves on where a transient worker crashed", () => {
    const pools = { once: { functions: "functions", restartType: "transient" as const } };
    const pool = rehearsePool({ pools, restart: { backoffMs: [100], jitter: 0 } });
    pool.becomeReady();
    pool.crash();
    expect([pool.state, pool.calls, pool.untilStart()]).toEqual(["serving", "wait", 100]);
  });

  test.each(["SIGKILL", -1, 256, 1.5, NaN])("refuses %p as an exit code", (exitCode) => {
    expect(() => rehearsePool({}).crash(exitCode as number)).toThrow(
      "an exit code, a whole number from 0 to 255",
    );
  });

  test("refuses what a configuration may not hold, and a pool that it does not name", () => {
    expect(() => rehearsePool({ restart: { jitter: 2 } })).toThrow(ConfigError);
    expect(() => rehearsePool({}, { pool: "other" })).toThrow("no pool other; name one of its pools");
  });
});
