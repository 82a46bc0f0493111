// A pool of a command with `watch`: what it is made from is compared by content, once it lies still.

import { copyFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import type { ReloadReport } from "../../../src/contract/reload-report.js";
import type { Status } from "../../../src/contract/status.js";
import { fixtures, until } from "../harness.js";
import { Project, type Running } from "./run-cli.js";

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
  const at = async (n: number) =>
    until(`generation ${String(n)} serves`, async () => ((await generation()) === n ? true : null));
  const model = join(project.folder, "data/model.bin");
  await writeFile(model, "2");
  await at(2);
  for (const n of [3, 4]) {
    await writeFile(join(project.folder, "next"), String(n));
    await rename(join(project.folder, "next"), model);
    await at(n);
  }
  const program = join(project.folder, "worker.sh");
  for (const n of [5, 6]) {
    await copyFile(program, join(project.folder, "next"));
    await writeFile(join(project.folder, "next"), `\n# ${String(n)}\n`, { flag: "a" });
    await rename(join(project.folder, "next"), program);
    await at(n);
  }
  await writeFile(join(project.folder, "data/other.html"), "<p>");
  await at(7);
});
