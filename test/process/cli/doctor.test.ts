// `splice doctor`: what it looks at, what it calls wrong, and that it leaves things as they are.

import { existsSync } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

interface Finding {
  readonly level: string;
  readonly name: string;
  readonly message: string;
}

async function examine(
  ...args: readonly string[]
): Promise<{ code: number | null; found: readonly Finding[] }> {
  const { code, stdout } = await project.run(["doctor", "--json", ...args]);
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: readonly Finding[] };
  expect(ok).toBe(code === 0);
  return { code, found: findings };
}

function of(found: readonly Finding[], name: string): Finding | undefined {
  return found.findLast((finding) => finding.name === name);
}

test("a sound project: every line is ok or warn, exit 0, and no socket was made", async () => {
  project = await Project.make();
  const plain = await project.run(["doctor"]);
  expect(plain).toMatchObject({ code: 0, stderr: "" });
  for (const line of plain.stdout.trimEnd().split("\n"))
    expect(line).toMatch(/^(?:ok {2}|warn) {2}[\w ]+: .*\.$|\)$/);
  for (const name of [
    "platform",
    "config",
    "limits",
    "pool app",
    "socket path",
    "socket directory",
    "socket",
  ])
    expect(plain.stdout).toContain(` ${name}: `);
  expect(existsSync(project.socket)).toBe(false);
});

test("the limits that hold are told, those of the configuration among them", async () => {
  project = await Project.make({
    "functions/a.ts": "export const f = () => 1;",
    "splice.config.ts": `export default {
      limits: { maxInFlight: 7, maxInFlightPerFunction: 3, maxFrameBytes: 65536, defaultTimeoutMs: 500, maxQueue: 9 },
      pools: { app: { functions: "./functions", workers: 2, maxRssMb: 300, maxCalls: 1000 } } };`,
  });
  expect(of((await examine()).found, "limits")).toEqual({
    level: "ok",
    name: "limits",
    message:
      "7 calls at once, 3 of one function, 9 more wait up to 1000 ms, frames to 65536 bytes, a deadline of 500 ms; " +
      "workers: 2 of app (to 300 MiB and 1000 calls each).",
  });
  await writeFile(join(project.folder, "splice.config.ts"), "export default {};");
  const defaults = of((await examine()).found, "limits")?.message;
  expect(defaults).toMatch(
    /^1024 calls at once, 256 of one function, none waits, frames to 104857600 bytes, a deadline of 30000 ms; workers: \d+ of app\.$/,
  );
});

test("who holds the start lock is told by pid, and that a lock without a holder goes by itself", async () => {
  project = await Project.make();
  await mkdir(join(project.folder, "run"), { mode: 0o700 });
  const lock = join(project.folder, "run/s.lock");
  const look = async () => of((await examine("--socket", "run/s")).found, "start lock");
  expect(await look()).toBeUndefined();

  await writeFile(lock, `${String(process.pid)}\n`, { mode: 0o600 });
  expect(await look()).toMatchObject({
    level: "warn",
    message: expect.stringMatching(new RegExp(`held by pid ${String(process.pid)}.*mode 0600`)),
  });
  const died = project.spawn(process.execPath, ["-e", ""]);
  await died.finished;
  await writeFile(lock, `${String(died.child.pid)}\n`);
  expect(await look()).toMatchObject({
    level: "warn",
    message: expect.stringMatching(new RegExp(`left by pid ${String(died.child.pid)}, which is gone`)),
  });
  await writeFile(lock, "no number");
  expect(await look()).toMatchObject({
    level: "warn",
    message: expect.stringContaining("says not who holds it"),
  });
  await rm(lock);
  await mkdir(lock);
  expect(await look()).toMatchObject({
    level: "fail",
    message: expect.stringContaining("is not a plain file"),
  });
});

test("who serves here is named", async () => {
  project = await Project.make();
  const server = await project.serve(["--log-level", "error"]);
  const { code, found } = await examine();
  expect(code).toBe(0);
  expect(of(found, "socket")).toMatchObject({
    level: "ok",
    message: expect.stringContaining(`pid ${String(server.child.pid)}`),
  });
  expect(of(found, "socket directory")?.message).toContain("0700");
  server.child.kill("SIGTERM");
  await server.finished;
});

test.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
  ["functions that do not compile", { "functions/a.ts": "export const = 1;" }, "pool app", /a\.ts:1:14/],
  ["a missing folder", { "package.json": "{}" }, "pool app", /folder that exists/],
  ["a bad configuration", { "splice.config.ts": "export default { nope: 1 };" }, "config", /nope/],
  [
    "a program that is not there",
    { "splice.config.ts": 'export default { pools: { py: { command: ["no-such-program"] } } };' },
    "pool py",
    /"no-such-program" on PATH/,
  ],
])("%s fails with exit 1", async (_, files, name, sentence) => {
  project = await Project.make(files);
  const { code, found } = await examine();
  expect(code).toBe(1);
  expect(of(found, name)).toMatchObject({ level: "fail", message: expect.stringMatching(sentence) });
});

test("a directory that others may write to, and a file where the socket should be, fail", async () => {
  project = await Project.make();
  await mkdir(join(project.folder, "open"));
  await chmod(join(project.folder, "open"), 0o777);
  await writeFile(join(project.folder, "open/s"), "precious");
  const { code, found } = await examine("--socket", "open/s");
  expect(code).toBe(1);
  expect(of(found, "socket directory")).toMatchObject({
    level: "fail",
    message: expect.stringContaining("0777"),
  });
  expect(of(found, "socket")).toMatchObject({
    level: "fail",
    message: expect.stringContaining("regular file"),
  });
});

test("somebody else who listens there fails; a socket left by a dead one is a warning", async () => {
  project = await Project.make();
  await mkdir(join(project.folder, "run"), { mode: 0o700 });
  const stranger = createServer((peer) => {
    peer.on("error", () => undefined);
    peer.resume();
    peer.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((resolve) => stranger.listen(join(project.folder, "run/s"), resolve));
  const alive = await examine("--socket", "run/s");
  await new Promise((resolve) => stranger.close(resolve));
  expect(alive.code).toBe(1);
  expect(of(alive.found, "socket")).toMatchObject({ level: "fail" });

  const orphan = `require("net").createServer().listen("run/t", () => process.kill(process.pid, 9))`;
  await project.spawn(process.execPath, ["-e", orphan]).finished;
  const dead = await examine("--socket", "run/t");
  expect(dead.code).toBe(0);
  expect(of(dead.found, "socket")).toMatchObject({ level: "warn", message: expect.stringContaining("died") });
});
