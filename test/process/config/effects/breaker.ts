// breaker.*

import { expect } from "@jest/globals";
import type { BreakerConfig } from "../../../../src/config/types.js";
import { until, type TestSystem } from "../../harness.js";
import { expectCode, functions, hold, holdBack, inSystem, letGo, pass, type Effects } from "./rig.js";

/** Calls that pass their deadline stay where they are until the test lets them go. */
const inBreaker = (breaker: BreakerConfig, look: (system: TestSystem) => Promise<unknown>) =>
  inSystem({ functions, breaker, health: { cancelGraceMs: 600_000 }, restart: { backoffMs: [0] } }, look);

const fail = async (system: TestSystem) => {
  expectCode(2001, await hold(system, 20));
};
const poison = (system: TestSystem) => system.call("harm.poison", { arg: "x" });
const antidote = (system: TestSystem) => system.call("harm.poison", { arg: "good" });
const refusedWith = (reason: string) => ({ code: 3001, error: { details: { reason } } });

export const breaker: Effects<BreakerConfig> = {
  failureRatio: () =>
    inBreaker({ failureRatio: 0.3, minCalls: 6 }, async (system) => {
      // Calls of a function are counted from its first failure on.
      await fail(system);
      const held = Array.from({ length: 4 }, () => hold(system));
      await letGo(system);
      expectCode(0, ...(await Promise.all(held)));
      await holdBack(system);
      await fail(system);
      await letGo(system);
      expect(await hold(system)).toMatchObject(refusedWith("breaker-open"));
    }),

  minCalls: () =>
    inBreaker({ minCalls: 1 }, async (system) => {
      await fail(system);
      expect(await hold(system)).toMatchObject(refusedWith("breaker-open"));
    }),

  windowMs: () =>
    inBreaker({ minCalls: 2, windowMs: 60 }, async (system) => {
      for (let n = 0; n < 4; n++) {
        await fail(system);
        await pass(120);
      }
    }),

  openMs: () =>
    inBreaker({ minCalls: 1, openMs: 90 }, async (system) => {
      await fail(system);
      const { error } = await hold(system);
      expect((error?.details as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(90);
      await letGo(system);
      await until("it is tried, and closes", async () => (await hold(system)).code === 0);
    }),

  quarantineCrashes: () =>
    inBreaker({ quarantineCrashes: 1 }, async (system) => {
      expectCode(2003, await poison(system));
      expect(await antidote(system)).toMatchObject(refusedWith("quarantined"));
    }),

  quarantineWithinMs: () =>
    inBreaker({ quarantineCrashes: 2, quarantineWithinMs: 60 }, async (system) => {
      for (let n = 0; n < 3; n++) {
        expectCode(2003, await poison(system));
        await pass(120);
      }
      expectCode(0, await antidote(system));
    }),

  quarantineMs: () =>
    inBreaker({ quarantineCrashes: 1, quarantineMs: 90 }, async (system) => {
      expectCode(2003, await poison(system));
      const { error } = await antidote(system);
      expect((error?.details as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(90);
      await until("it is tried, and closes", async () => (await antidote(system)).code === 0);
    }),
};
