// `splice serve --watch`: an edit is served without a word to it; what breaks callers is refused there.

import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import type { Status } from "../../../src/contract/status.js";
import { until } from "../harness.js";
import { Project, type Running, saysReloaded } from "./run-cli.js";

let project: Project;
let server: Running;

const edit = (source: string, file = "a.ts") => writeFile(join(project.folder, "functions", file), source);
const call = async (name = "a.f") => (await project.run(["call", name])).stdout.trim();
const says = (text: string) => until(`it says ${text}`, () => server.said.stderr.includes(text));
const status = async () => JSON.parse((await project.run(["status", "--json"])).stdout) as Status;

afterEach(async () => {
  server.child.kill("SIGTERM");
  await server.finished;
  await project.nothingLeft();
  await project.clean();
});

async function serve(...args: string[]): Promise<void> {
  project = await Project.make({ "package.json": "{}", "functions/a.ts": "export const f = () => 1;\n" });
  server = await project.serve(args);
  await says('"serving ');
}

test("an edit, a new file, a syntax error and its mending, each by itself", async () => {
  await serve("--watch");
  await edit("export const f = () => 2;\n");
  await until("the edit serves", () => saysReloaded(server, "identical"));
  expect(await call()).toBe("2");
  await edit("export const g = () => 7;\n", "b.ts");
  await until("the new file serves", () => saysReloaded(server, "additive"));
  expect(await call("b.g")).toBe("7");
  await edit("export const f = (;\n");
  await says("was not reloaded");
  expect(await call()).toBe("2");
  const { reload, pools } = await status();
  expect(reload.lastError).toMatch(/a\.ts:1:\d+/);
  const before = pools[0]?.generation ?? 0;
  await edit("export const f = () => 4;\n");
  await until("it is mended", () => saysReloaded(server, "", 3));
  expect(await call()).toBe("4");
  const after = await status();
  expect(after.reload.lastError).toBeNull();
  expect(after.pools[0]?.generation).toBeGreaterThan(before);
});

test("an edit while the first workers start is served as soon as they do", async () => {
  const waiting = `import { existsSync, writeFileSync } from "node:fs";\nwriteFileSync("loading", "");\nwhile (!existsSync("go")) await new Promise((r) => setTimeout(r, 5));\n`;
  project = await Project.make({
    "package.json": "{}",
    "functions/a.ts": `${waiting}export const f = () => 1;\n`,
  });
  server = project.start(["serve", "--watch"]);
  await until("it is being loaded", () => existsSync(join(project.folder, "loading")));
  await edit("export const f = () => 2;\n");
  await says("not in service");
  await writeFile(join(project.folder, "go"), "");
  await until("the edit serves", () => saysReloaded(server, "identical"));
  expect(await call()).toBe("2");
});

test("what would break callers is refused, and the old code serves on", async () => {
  await serve("--watch");
  await edit("export const g = () => 2;\n");
  await says("It would break callers");
  expect(await call()).toBe("1");
});

test("a functions folder that disappears: the old code serves on, and the folder is watched again when it is back", async () => {
  await serve("--watch");
  const folder = join(project.folder, "functions");
  await rename(folder, join(project.folder, "away"));
  await says("is gone; pool app goes on with what it has");
  expect(await call()).toBe("1");
  await writeFile(join(project.folder, "away/a.ts"), "export const f = () => 2;\n");
  await rename(join(project.folder, "away"), folder);
  await until("the new code serves", async () => ((await call()) === "2" ? true : null));
  await rm(join(folder, "a.ts"));
  await edit("export const f = () => 3;\n");
  await until("an edit is seen again", async () => ((await call()) === "3" ? true : null));
});

test("without --watch an edit waits to be asked for", async () => {
  await serve();
  await edit("export const f = () => 2;\n");
  expect(await call()).toBe("1");
  expect((await project.run(["reload"])).code).toBe(0);
  expect(await call()).toBe("2");
});
