// Is our restart policy what we mean by it? Rehearsed on a clock that only the test moves; no process is started.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearsePool } from "splice-runtime/testing";

// As in splice.config.ts; import it from there.
const config = {
  restart: {
    backoffMs: [0, 200, 1000],
    jitter: 0,
    maxRestarts: 3,
    withinMs: 60_000,
    cooldownMs: 10_000,
    maxCooldownMs: 40_000,
  },
};

/** Crashes `times` times, each as soon as the last start was ready; returns how long each start took to come. */
function crashes(pool, times) {
  return Array.from({ length: times }, () => {
    pool.crash();
    const awayMs = pool.untilStart();
    pool.becomeReady();
    return awayMs;
  });
}

test("three crashes in a row cost our callers 1200 ms in all", () => {
  const pool = rehearsePool(config);
  pool.becomeReady();
  assert.deepEqual(crashes(pool, 3), [0, 200, 1000]);
  assert.equal(pool.state, "serving");
});

test("the fourth within a minute is one too many: calls are refused for 10 s, then one start is tried", () => {
  const pool = rehearsePool(config);
  pool.becomeReady();
  crashes(pool, 3);
  pool.crash();
  assert.deepEqual([pool.state, pool.calls], ["givenUp", "refused"]);
  assert.equal(pool.untilStart(), 10_000);
  assert.deepEqual([pool.state, pool.calls], ["probing", "wait"]);
  pool.becomeReady();
  assert.deepEqual([pool.state, pool.calls], ["serving", "go"]);
});

test("a pool that cannot come up is tried ever more rarely, every 40 s at last", () => {
  const pool = rehearsePool(config);
  pool.becomeReady();
  crashes(pool, 3);
  const awayMs = Array.from({ length: 4 }, () => {
    pool.crash();
    return pool.untilStart();
  });
  assert.deepEqual(awayMs, [10_000, 20_000, 40_000, 40_000]);
});

test("a crash every 25 s is forgiven for ever", () => {
  const pool = rehearsePool(config);
  pool.becomeReady();
  for (let crash = 0; crash < 100; crash++) {
    pool.clock.advance(25_000);
    crashes(pool, 1);
  }
  assert.equal(pool.state, "serving");
});
