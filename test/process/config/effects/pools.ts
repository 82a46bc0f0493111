// The keys of a pool.

import { readFileSync, readlinkSync } from "node:fs";
import { realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import type { PoolConfig } from "../../../../src/config/types.js";
import { builtProject } from "../../build/built.js";
import { fixtures, makeFolder, root } from "../../harness.js";
import { fake, functions, inSystem, killWorker, type Effects } from "./rig.js";

export const pools: Effects<PoolConfig> = {
  functions: () =>
    inSystem(
      { pools: { app: { functions: join(fixtures, "functions/nine") } } },
      async (system) => {
        expect((await system.call("get_version")).value).toBe(1);
      },
      { keyed: false },
    ),

  command: () =>
    inSystem({ pools: { app: { command: fake() } } }, async (system) => {
      expect((await system.call("fake.echo", { value: 1 })).code).toBe(0);
    }),

  build: async () => {
    const { project, manifest } = await builtProject();
    expect(manifest.pools.map(({ name, file }) => [name, file !== null])).toEqual([
      ["app", true],
      ["made", true],
    ]);
    await project.clean();
  },

  watch: async () => {
    const folder = await makeFolder();
    const file = join(folder, "model.bin");
    await writeFile(file, "1");
    await inSystem({ pools: { app: { command: fake(), watch: [folder] } } }, async (system) => {
      expect((await system.splice.reload()).pools).toMatchObject([{ to: 1, verdict: "unchanged" }]);
      await writeFile(file, "2");
      expect((await system.splice.reload()).pools).toMatchObject([{ to: 2, verdict: "identical" }]);
    });
  },

  link: () =>
    inSystem({ pools: { app: { command: fake(), link: "socket" } } }, async (system) => {
      const { value } = (await system.call("fake.environment")).value as { value: Record<string, string> };
      expect([value["ZAP_SOCKET"], value["SPLICE_FD"]]).toEqual([expect.any(String), undefined]);
    }),

  workers: () =>
    inSystem({ pools: { app: { functions, workers: 3 } } }, async (system) => {
      expect(new Set((await system.ready()).map(({ pid }) => pid)).size).toBe(3);
    }),

  env: () =>
    inSystem({ pools: { app: { command: fake(), env: { NAMESPACE: "mine" } } } }, async (system) => {
      expect((await system.call("mine.echo")).code).toBe(0);
    }),

  maxCalls: () =>
    inSystem({ pools: { app: { functions, maxCalls: 3 } } }, async (system) => {
      for (let n = 0; n < 3; n++) expect((await system.call("work.echo")).code).toBe(0);
      await system.readyAfter(2);
    }),

  maxRssMb: () =>
    inSystem({ pools: { app: { functions, maxRssMb: 1 } }, health: { intervalMs: 20 } }, async (system) => {
      if (process.platform === "linux") await system.readyAfter(2);
      await system.splice.close();
    }),

  restartType: () =>
    inSystem({ pools: { app: { functions, restartType: "temporary" } } }, async (system) => {
      await killWorker(system);
      expect(await system.call("work.echo")).toMatchObject({
        code: 3001,
        error: { details: { reason: "no-worker" } },
      });
    }),

  cwd: () =>
    inSystem(
      { pools: { app: { functions: join(root, "test/fixtures/faults/functions"), cwd: tmpdir() } } },
      async (system) => {
        expect(readlinkSync(`/proc/${String(await system.pid())}/cwd`)).toBe(await realpath(tmpdir()));
      },
    ),

  execArgv: () =>
    inSystem({ pools: { app: { functions, execArgv: ["--max-old-space-size=77"] } } }, async (system) => {
      const words = readFileSync(`/proc/${String(await system.pid())}/cmdline`, "utf8").split("\0");
      expect(words).toContain("--max-old-space-size=77");
    }),
};
