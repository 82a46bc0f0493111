// restart.*

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, jest } from "@jest/globals";
import type { RestartConfig } from "../../../../src/config/types.js";
import { makeFolder, until, type TestSystem } from "../../harness.js";
import {
  fake,
  firstWaitMs,
  functions,
  happens,
  inSystem,
  killWorker,
  pass,
  typesOf,
  type Effects,
} from "./rig.js";

/** A pool that comes up once, whose worker is then killed, and whose starts fail from then on. */
async function failing(
  restart: RestartConfig,
  look: (system: TestSystem) => Promise<unknown>,
): Promise<void> {
  const folder = await makeFolder();
  const mode = join(folder, "mode");
  await writeFile(mode, "serve");
  await inSystem({ pools: { app: { command: fake(mode) } }, restart }, async (system) => {
    await writeFile(mode, "exit");
    process.kill(await system.pid(), "SIGKILL");
    await look(system);
  });
  await rm(folder, { recursive: true, force: true });
}

export const restart: Effects<RestartConfig> = {
  backoffMs: () =>
    inSystem({ functions, restart: { backoffMs: [250], jitter: 0 } }, async (system) => {
      await killWorker(system);
      await system.readyAfter(2);
      expect(firstWaitMs(system)).toBeGreaterThan(248);
    }),

  jitter: async () => {
    const random = jest.spyOn(Math, "random").mockReturnValue(0.99);
    await inSystem({ functions, restart: { backoffMs: [250], jitter: 1 } }, async (system) => {
      await killWorker(system);
      await system.readyAfter(2);
      expect(firstWaitMs(system)).toBeGreaterThan(490);
    });
    random.mockRestore();
  },

  resetAfterMs: () =>
    inSystem(
      {
        functions,
        restart: { backoffMs: [0, 60_000], maxRestarts: 3, withinMs: 1_000_000, resetAfterMs: 50 },
      },
      async (system) => {
        await killWorker(system);
        await system.readyAfter(2);
        await pass(80);
        await killWorker(system);
        await system.readyAfter(3);
      },
    ),

  maxRestarts: () =>
    inSystem({ functions, restart: { maxRestarts: 0 } }, async (system) => {
      await killWorker(system);
      await happens(system, "breaker.opened");
      expect(system.journal.of("spawn")).toHaveLength(1);
    }),

  withinMs: () =>
    inSystem({ functions, restart: { backoffMs: [0], maxRestarts: 1, withinMs: 60 } }, async (system) => {
      for (const processes of [2, 3, 4]) {
        await killWorker(system);
        await system.readyAfter(processes);
        await pass(80);
      }
      expect(typesOf(system)).not.toContain("breaker.opened");
    }),

  maxFailedStarts: () =>
    failing({ backoffMs: [0], maxFailedStarts: 1 }, async (system) => {
      await happens(system, "breaker.opened");
      expect(system.journal.of("spawn")).toHaveLength(2);
    }),

  cooldownMs: () =>
    inSystem({ functions, restart: { maxRestarts: 0, cooldownMs: 80 } }, async (system) => {
      await killWorker(system);
      await happens(system, "breaker.halfOpened");
      expect((await system.call("work.echo")).code).toBe(0);
    }),

  maxCooldownMs: () =>
    failing({ backoffMs: [0], maxFailedStarts: 1, cooldownMs: 40, maxCooldownMs: 40 }, async (system) => {
      const retries: (number | null | undefined)[] = [];
      system.splice.events$.subscribe(({ type }) => {
        if (type !== "breaker.opened") return;
        void system.splice.status().then(({ pools }) => retries.push(pools[0]?.breaker.retryAfterMs));
      });
      await until("it was tried in vain for the fourth time", () => retries.length >= 4);
      for (const retryAfterMs of retries) expect(retryAfterMs).toBeLessThanOrEqual(40);
    }),
};
