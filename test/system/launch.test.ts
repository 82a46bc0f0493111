// What pools run, made at the start: one that cannot be made leaves none of the others at work.

import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { resolveConfig } from "../../src/config/resolve.js";
import { prepareLaunches } from "../../src/system/launch.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-launch-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("where one does not compile, the build of another is ended before that is told", async () => {
  await mkdir(join(folder, "functions"));
  await writeFile(join(folder, "package.json"), "{}");
  await writeFile(join(folder, "functions/a.ts"), "export const f = (;\n");
  const pidFile = join(folder, "pid");
  const build = ["sh", "-c", `echo $$ > ${pidFile}; exec sleep 60`];
  const config = resolveConfig(
    { pools: { app: { functions: "functions" }, made: { command: ["./worker"], build } } },
    { cwd: folder, defaultWorkers: 1, defaultSocket: false },
  );
  const preparing = prepareLaunches(
    config,
    () => undefined,
    () => ({ signal: new AbortController().signal, onOutput: () => Promise.resolve() }),
  );
  await expect(preparing).rejects.toThrow("does not compile");
  // It may not even have begun.
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, "utf8"));
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});
