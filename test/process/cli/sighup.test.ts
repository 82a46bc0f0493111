// SIGHUP to `splice serve`: it reloads every pool and says how it went; while it stops, and when its terminal is gone, it
// does not (row 27).

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { isAlive, until } from "../harness.js";
import { main, Project, type Running, saysReloaded } from "./run-cli.js";

let project: Project;

const edit = (source: string) => writeFile(join(project.folder, "functions/a.ts"), source);
const call = async () => (await project.run(["call", "a.f"])).stdout.trim();

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

async function serve(): Promise<Running> {
  project = await Project.make({ "package.json": "{}", "functions/a.ts": "export const f = () => 1;\n" });
  return project.serve();
}

async function stop(server: Running): Promise<void> {
  server.child.kill("SIGTERM");
  expect(await server.finished).toMatchObject({ code: 0, signal: null });
}

test("it reloads all pools and logs the verdict; what does not compile leaves the old code", async () => {
  const server = await serve();
  await edit("export const f = () => 2;\n");
  server.child.kill("SIGHUP");
  await until("the verdict is logged", () => saysReloaded(server, "identical"));
  expect(server.said.stderr).toContain("SIGHUP: reloading");
  expect(await call()).toBe("2");
  await edit("export const f = (;\n");
  server.child.kill("SIGHUP");
  await until("the failure is logged", () => server.said.stderr.includes("was not reloaded"));
  expect(server.said.stderr).toMatch(/a\.ts:1:\d+/);
  expect(await call()).toBe("2");
  await stop(server);
});

test("before it serves: it reloads as soon as it does", async () => {
  const files = {
    "package.json": "{}",
    "functions/a.ts": `import { existsSync, writeFileSync } from "node:fs";\nwriteFileSync("loading", "");\nwhile (!existsSync("go")) await new Promise((r) => setTimeout(r, 5));\nexport const f = () => 1;\n`,
  };
  project = await Project.make(files);
  const server = project.start(["serve"]);
  await until("it is being loaded", () => existsSync(join(project.folder, "loading")));
  server.child.kill("SIGHUP");
  await edit("export const f = () => 2;\n");
  await writeFile(join(project.folder, "go"), "");
  await until("it has reloaded", () => saysReloaded(server));
  expect(await call()).toBe("2");
  await stop(server);
});

test("while it drains it is ignored: nothing is reloaded, nothing is hurried", async () => {
  project = await Project.make({
    "package.json": "{}",
    "functions/a.ts": `import { existsSync, writeFileSync } from "node:fs";\nexport async function f() { writeFileSync("runs", ""); while (!existsSync("go")) await new Promise((r) => setTimeout(r, 5)); return 1; }\n`,
  });
  const server = await project.serve();
  const calling = project.start(["call", "a.f"]);
  await until("it runs", () => existsSync(join(project.folder, "runs")));
  server.child.kill("SIGTERM");
  await until("it drains", () => server.said.stderr.includes("SIGTERM: draining"));
  server.child.kill("SIGHUP");
  server.child.kill("SIGHUP");
  await writeFile(join(project.folder, "go"), "");
  expect((await calling.finished).stdout.trim()).toBe("1");
  expect(await server.finished).toMatchObject({ code: 0, signal: null });
  expect(server.said.stderr).not.toContain("SIGHUP");
});

test("on a terminal that closes it stops; while the terminal is there it reloads", async () => {
  if (spawnSync("python3", ["--version"]).status !== 0)
    throw new Error("python3 is needed for this test: it gives the program a terminal and takes it away.");
  project = await Project.make({ "package.json": "{}", "functions/a.ts": "export const f = () => 1;\n" });
  // The child of a fork with a terminal of its own; closing our end hangs it up.
  const program = `
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:4])
open("pid", "w").write(str(pid))
while not os.path.exists("hang-up"): time.sleep(0.005)
os.close(fd)
os.waitpid(pid, 0)
`;
  const script = project.spawn("python3", ["-c", program, process.execPath, main, "serve"]);
  await until("the socket is there", () => existsSync(project.socket));
  const pid = Number(await readFile(join(project.folder, "pid"), "utf8"));
  await edit("export const f = () => 2;\n");
  process.kill(pid, "SIGHUP");
  await until("the new code serves", async () => ((await call()) === "2" ? true : null));
  await writeFile(join(project.folder, "hang-up"), "");
  expect((await script.finished).code).toBe(0);
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(project.socket)).toBe(false);
});
