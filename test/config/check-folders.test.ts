import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { checkFolders } from "../../src/config/check-folders.js";
import { resolveConfig } from "../../src/config/resolve.js";

let cwd: string;
const check = (config: unknown) => checkFolders(resolveConfig(config, { cwd, defaultWorkers: 1 }));

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "splice-config-"));
  await mkdir(join(cwd, "functions"));
  await writeFile(join(cwd, "file"), "");
});
afterEach(() => rm(cwd, { recursive: true }));

test("folders that exist pass, and a command's program is not looked for", async () => {
  await expect(check({})).resolves.toBeUndefined();
  await expect(check({ pools: { x: { command: ["./nowhere"] } } })).resolves.toBeUndefined();
});

test("a missing default folder is named by the key that would name another", async () => {
  await rm(join(cwd, "functions"), { recursive: true });
  await expect(check({})).rejects.toMatchObject({
    path: "functions",
    value: join(cwd, "functions"),
    message: expect.stringContaining("must be a folder that exists"),
  });
});

test("a missing folder of a pool is named by its path", async () => {
  await expect(check({ pools: { math: { functions: "nowhere" } } })).rejects.toMatchObject({
    path: "pools.math.functions",
  });
});

test("a file is no folder", async () => {
  await expect(check({ functions: "file" })).rejects.toMatchObject({
    path: "functions",
    message: expect.stringContaining("a folder, not a file"),
  });
});

test("a missing working directory is not taken for a missing program", async () => {
  await expect(check({ pools: { x: { command: ["ls"], cwd: "nowhere" } } })).rejects.toMatchObject({
    path: "pools.x.cwd",
  });
});
