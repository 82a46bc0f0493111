// A pool of a command with `watch`: what it is made from is compared by content, once it lies still.

import { copyFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import type { ReloadReport } from "../../../src/contract/reload-report.js";
import type { Status } from "../../../src/contract/status.js";
import { fixtures, until } from "../harness.js";
import { Project, type Running, saysReloaded } from "./run-cli.js";

let project: Project;
let server: Running;

afterEach(async () => {
  server.child.kill("SIGTERM");
  await server.finished;
  await project.nothingLeft();
  await project.clean();
});

/** A worker program that is a script beside a file that it is told to watch. */
async function serve(watch: string, ...args: string[]): Promise<void> {
  const program = `#!/bin/sh\nexec '${process.execPath}' '${join(fixtures, "faults/worker.mjs")}' serve\n`;
  project = await Project.make({
    "package.json": "{}",
    "worker.sh": program,
    "data/model.bin": "1",
    "splice.config.mjs": `export default { pools: { native: { command: ["sh", "./worker.sh"]${watch} } } };\n`,
  });
  server = await project.serve(["--allow-breaking", ...args]);
  await until("it serves", () => server.said.stderr.includes('"serving '));
}

const generation = async () =>
  (JSON.parse((await project.run(["status", "--json"])).stdout) as Status).pools[0]?.generation;
const reload = async () =>
  (JSON.parse((await project.run(["reload", "--json"])).stdout) as ReloadReport).pools[0];

test("without watch a reload starts new workers in any case", async () => {
  await serve("");
  expect(await reload()).toMatchObject({ from: 1, to: 2, verdict: "identical", error: null });
  expect(await reload()).toMatchObject({ from: 2, to: 3 });
});

test("with watch it does so when the content is another; --watch sees writes, renames and new files, again and again", async () => {
  await serve(', watch: ["worker.sh", "data"]', "--watch");
  expect(await reload()).toMatchObject({ from: 1, to: 1, verdict: "unchanged" });
  let reloads = 0;
  /** Of which number the next generation is nobody's to foresee: a write may be seen in two breaths. */
  const seen = async (what: string): Promise<void> => {
    await until(`${what} is seen`, () => saysReloaded(server, "", reloads + 1));
    // Whatever of it is still to be seen is seen by this, and not taken for the next.
    await reload();
    while (saysReloaded(server, "", reloads + 1)) reloads += 1;
  };
  const model = join(project.folder, "data/model.bin");
  await writeFile(model, "2");
  await seen("a write");
  for (const text of ["3", "4"]) {
    await writeFile(join(project.folder, "next"), text);
    await rename(join(project.folder, "next"), model);
    await seen(`a rename of data to ${text}`);
  }
  const program = join(project.folder, "worker.sh");
  for (const text of ["5", "6"]) {
    await copyFile(program, join(project.folder, "next"));
    await writeFile(join(project.folder, "next"), `\n# ${text}\n`, { flag: "a" });
    await rename(join(project.folder, "next"), program);
    await seen(`a rename of the program to ${text}`);
  }
  await writeFile(join(project.folder, "data/other.html"), "<p>");
  await seen("a new file");
  expect(await generation()).toBeGreaterThan(reloads);
});
