// `splice dev` without a terminal: plain lines, each thing once, and a process that stays through everything an edit
// can break (the predecessor killed its worker for good at the first reload).

import { rename, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import type { Status } from "../../../src/contract/status.js";
import { connect } from "../../../src/index.js";
import { until } from "../harness.js";
import { Project, type Running, saysReloaded } from "./run-cli.js";

let project: Project;
let dev: Running;

const edit = (source: string) => writeFile(join(project.folder, "functions/a.ts"), source);
const version = (n: number) => `export const f = () => ${String(n)};\n`;
const call = async (name = "a.f") => (await project.run(["call", name])).stdout.trim();
const says = (text: string) => until(`it says ${text}`, () => dev.said.stderr.includes(text));
const status = async () => JSON.parse((await project.run(["status", "--json"])).stdout) as Status;

afterEach(async () => {
  dev.child.kill("SIGINT");
  expect((await dev.finished).code).toBe(0);
  await project.nothingLeft();
  await project.clean();
});

async function start(source = version(1), ...args: string[]): Promise<void> {
  project = await Project.make({ "package.json": "{}", "functions/a.ts": source });
  dev = project.start(["dev", ...args]);
}

test("an edit is served, and each thing is one plain line", async () => {
  await start();
  await says("serving 1 functions");
  await edit(version(2));
  await until("the edit serves", () => saysReloaded(dev, "identical"));
  expect(await call()).toBe("2");
  expect((await status()).pools[0]?.workers).toHaveLength(1);
  // Breaking what callers use is allowed here.
  await edit("export const g = () => 3;\n");
  await until("the other serves", () => saysReloaded(dev, "breaking"));
  expect(await call("a.g")).toBe("3");
  const lines = dev.said.stderr.trimEnd().split("\n");
  for (const once of ["serving 1 functions", "(identical)", "(breaking)"])
    expect(lines.filter((line) => line.includes(once))).toHaveLength(1);
  // One for each generation after the first, whose workers the first line names.
  expect(lines.filter((line) => line.includes("worker app:1 is ready"))).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d (info |warn ) /);
  expect(dev.said.stderr).not.toContain("\u001b");
  expect(dev.said.stdout).toBe("");
});

test("--json: lines for machines", async () => {
  await start(version(1), "--json");
  await says("serving 1 functions");
  for (const line of dev.said.stderr.trimEnd().split("\n"))
    expect(() => JSON.parse(line) as unknown).not.toThrow();
});

test("what does not compile at the start: file, line and excerpt, and it is served once it is mended", async () => {
  await start("export const f = (;\n");
  await says("an edit is waited for");
  expect(dev.said.stderr).toMatch(/a\.ts:1:\d+/);
  expect(dev.said.stderr).toContain("export const f = (;");
  expect(existsSync(project.socket)).toBe(false);
  await edit('throw new Error("no database");\n');
  await says("no database");
  await edit(version(1));
  await says("serving 1 functions");
  expect(await call()).toBe("1");
});

test("an edit that mends the first start while that still goes on is not waited for again", async () => {
  await start(
    `import { existsSync, writeFileSync } from "node:fs";\nwriteFileSync("loading", "");\nwhile (!existsSync("go")) await new Promise((r) => setTimeout(r, 5));\nthrow new Error("no database");\n`,
  );
  await until("it is being loaded", () => existsSync(join(project.folder, "loading")));
  // When edits are watched is told by nobody; chokidar needs far less.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await edit(version(2));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await writeFile(join(project.folder, "go"), "");
  await says("serving 1 functions");
  expect(await call()).toBe("2");
});

test("a build command that fails at the start: it stays, and tries again at the next edit", async () => {
  const build = '["sh", "-c", "test -e src/good || { echo no good >&2; exit 3; }"]';
  project = await Project.make({
    "package.json": "{}",
    "functions/a.ts": version(1),
    "src/main": "",
    "splice.config.mjs": `export default { pools: { app: { functions: "functions" }, made: { command: ["./none"], build: ${build}, watch: ["src"] } } };\n`,
  });
  dev = project.start(["dev"]);
  await says("an edit is waited for");
  expect(dev.said.stderr).toContain("no good");
  await writeFile(join(project.folder, "src/good"), "");
  // The build is done now; what it should have made is not there.
  await until("it is tried again", () => (dev.said.stderr.match(/an edit is waited for/g) ?? []).length > 1);
});

test("a folder that is gone and comes back", async () => {
  await start();
  await says("serving 1 functions");
  const [folder, away] = [join(project.folder, "functions"), join(project.folder, "away")];
  await rename(folder, away);
  await says("is gone");
  expect(await call()).toBe("1");
  await writeFile(join(away, "a.ts"), version(2));
  await rename(away, folder);
  await until("the new code serves", async () => ((await call()) === "2" ? true : null));
});

test("twenty reloads in a row, with a worker killed amid one of them: the last code serves, by one worker", async () => {
  await start();
  await says("serving 1 functions");
  await using splice = await connect({ socket: project.socket });
  for (let n = 2; n <= 21; n++) {
    await edit(version(n));
    if (n === 10) {
      const { pools } = await splice.status();
      await splice.call("splice.kill", { worker: pools[0]?.workers[0]?.id });
    }
    expect(await splice.reload()).toMatchObject({ ok: true });
    expect(await splice.call("a.f")).toBe(n);
  }
  const { reload, pools } = await until("the old workers are gone", async () => {
    const now = await splice.status();
    return now.pools[0]?.workers.length === 1 ? now : null;
  });
  expect(reload.lastError).toBeNull();
  expect(pools[0]?.workers[0]?.state).toBe("ready");
});

test("a socket that another has: a sentence and exit code 1, and the first serves on", async () => {
  await start();
  await says("serving 1 functions");
  const { code, stderr } = await project.run(["dev"]);
  expect(code).toBe(1);
  expect(stderr).toContain(project.socket);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(await call()).toBe("1");
});

test("no functions folder at all: exit code 2 and a sentence", async () => {
  await start();
  await says("serving 1 functions");
  const empty = await Project.make({ "package.json": "{}" });
  const { code, stderr } = await empty.run(["dev"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/functions/);
  await empty.clean();
});
