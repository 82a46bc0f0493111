// shutdown.*: the steps by which a worker is ended.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { defaults } from "../../../../src/config/defaults.js";
import type { ShutdownConfig } from "../../../../src/config/types.js";
import { startSystem, until } from "../../harness.js";
import { functions, inSystem, isBefore, type Effects } from "./rig.js";

/** Closes a system whose worker is deaf to all but SIGKILL, and says whether that was before a default's time. */
async function closeDeaf(shutdown: ShutdownConfig, defaultMs: number): Promise<boolean> {
  const system = await startSystem({ functions, shutdown });
  const file = join(system.folder, "deaf");
  const call = system.call("harm.deaf", { file });
  await until("it is deaf", async () => (await readFile(file, "utf8").catch(() => "")) !== "");
  const isInTime = await isBefore(defaultMs, system.splice.close());
  expect((await call).code).toBe(2002);
  await system.endClosed();
  return isInTime;
}

export const shutdown: Effects<ShutdownConfig> = {
  drainMs: () =>
    inSystem({ functions, shutdown: { drainMs: 50, shutdownMs: 50 } }, async (system) => {
      const call = system.call("work.hang");
      await until("it runs", () => system.journal.of("dispatch").length === 1);
      await system.splice.close();
      expect(await call).toMatchObject({ code: 2002, error: { details: { reason: "draining" } } });
    }),

  shutdownMs: async () => {
    const steps = { drainMs: 0, shutdownMs: 50, terminateMs: 50 };
    expect(await closeDeaf(steps, defaults.shutdown.shutdownMs)).toBe(true);
  },

  terminateMs: async () => {
    const steps = { drainMs: 0, shutdownMs: 60, terminateMs: 40 };
    expect(await closeDeaf(steps, defaults.shutdown.terminateMs)).toBe(true);
  },
};
