// The files that a supervisor makes for its workers, taken away while it runs: by `rm -rf .splice`, by a tidy
// colleague, by another container that shares the folder.

import { afterEach, expect, test } from "@jest/globals";
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { closeLeftovers, fixtures, makeFolder, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

test("rm -rf .splice under a running supervisor: the next worker starts all the same", async () => {
  const project = await makeFolder();
  await cp(join(fixtures, "faults/functions"), join(project, "functions"), { recursive: true });
  const system = await startSystem({
    functions: join(project, "functions"),
    restart: { backoffMs: [0], jitter: 0 },
  });
  await rm(join(project, ".splice"), { recursive: true });
  process.kill(await system.pid(), "SIGKILL");
  await until("the end is noticed", () => system.journal.of("exit").length === 1);
  expect((await system.call("work.echo", { value: 1 }, { timeoutMs: 10_000 })).code).toBe(0);
  expect(system.journal.of("spawn")).toHaveLength(2);
  await system.end();
  await rm(project, { recursive: true });
});

test("a bundle that cannot be written again: a failed start that says why, and service once it can", async () => {
  const project = await makeFolder();
  await cp(join(fixtures, "faults/functions"), join(project, "functions"), { recursive: true });
  const system = await startSystem({
    functions: join(project, "functions"),
    restart: { backoffMs: [0, 20], jitter: 0 },
  });
  const folder = join(project, ".splice");
  await rm(folder, { recursive: true });
  await writeFile(folder, "in the way");
  process.kill(await system.pid(), "SIGKILL");
  await until("the failure is in the log", () =>
    system.log.some(({ message }) =>
      /The bundle of .* cannot be written to .*(ENOTDIR|EEXIST)/.test(message),
    ),
  );
  expect(system.journal.of("spawn")).toHaveLength(1);
  await rm(folder);
  expect((await system.call("work.echo", { value: 1 }, { timeoutMs: 10_000 })).code).toBe(0);
  await system.end();
  await rm(project, { recursive: true });
});
