// Where `splice serve` may put its socket: lengths in bytes, and what may already be at the path.

import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { errorOf, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

/** A path in the project's folder of exactly so many bytes. */
function pathOf(bytes: number, letter = "s"): string {
  const start = join(project.folder, "run/");
  const letterBytes = Buffer.byteLength(letter);
  const missing = bytes - Buffer.byteLength(start);
  return start + letter.repeat(Math.floor(missing / letterBytes)) + "x".repeat(missing % letterBytes);
}

async function isServedAt(socket: string): Promise<void> {
  const server = await project.serve(["--socket", socket], socket);
  const call = await project.run(["call", "values.echo", '{"a":1}', "--socket", socket]);
  expect(call).toMatchObject({ code: 0, stdout: '{"a":1}\n' });
  server.child.kill("SIGTERM");
  expect((await server.finished).code).toBe(0);
  expect(existsSync(socket)).toBe(false);
}

describe("the length of its path", () => {
  test.each([
    ["103 bytes", "s"],
    ["103 bytes of two-byte letters", "é"],
  ])("%s are served", async (_, letter) => {
    project = await Project.make();
    await isServedAt(pathOf(103, letter));
  });

  test.each([
    [104, "s"],
    [108, "s"],
    [109, "s"],
    [120, "s"],
    [104, "é"],
    [109, "€"],
  ])(
    "%p bytes of %p are refused in words by serve, call and list, and no file appears",
    async (bytes, letter) => {
      project = await Project.make();
      const socket = pathOf(bytes, letter);
      expect(Buffer.byteLength(socket)).toBe(bytes);
      for (const args of [["serve"], ["call", "values.text"], ["list"]]) {
        const result = await project.run([...args, "--socket", socket, "--json"]);
        expect(result.code).toBe(2);
        expect(errorOf(result)["message"]).toMatch(new RegExp(`${String(bytes)} bytes long.*103 bytes`));
      }
      expect(existsSync(dirname(socket))).toBe(false);
    },
  );

  test("a project too deep for a socket of its own is served from a short private folder elsewhere", async () => {
    project = await Project.make();
    const deep = join(project.folder, "d".repeat(60), "e".repeat(60));
    await mkdir(deep, { recursive: true });
    const runtimeDir = join(project.folder, "rt");
    await mkdir(runtimeDir, { mode: 0o700 });
    const inDeep = `cd '${deep}' && exec "$@"`;
    await mkdir(join(deep, "functions"));
    await writeFile(join(deep, "functions/a.ts"), "export function f() { return 1; }");
    const cli = join(import.meta.dirname, "../../../dist/cli/main.js");
    const options = { env: { XDG_RUNTIME_DIR: runtimeDir } };
    const server = project.spawn("bash", ["-c", inDeep, "-", process.execPath, cli, "serve"], options);
    let call = await project.spawn("bash", ["-c", inDeep, "-", process.execPath, cli, "call", "a.f"], options)
      .finished;
    while (call.stderr !== "") {
      call = await project.spawn("bash", ["-c", inDeep, "-", process.execPath, cli, "call", "a.f"], options)
        .finished;
    }
    expect(call).toMatchObject({ code: 0, stdout: "1\n" });
    const [own = ""] = await readdir(runtimeDir);
    expect((await lstat(join(runtimeDir, own))).mode & 0o777).toBe(0o700);
    server.child.kill("SIGTERM");
    expect((await server.finished).code).toBe(0);
  }, 15_000);
});

describe("what is already at its path", () => {
  test("a socket that a dead process left is replaced", async () => {
    project = await Project.make();
    const socket = join(project.folder, "run/s");
    await mkdir(dirname(socket), { mode: 0o700 });
    const orphan = `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 9))`;
    await project.spawn(process.execPath, ["-e", orphan]).finished;
    expect((await lstat(socket)).isSocket()).toBe(true);
    const before = (await lstat(socket)).ino;
    const server = project.start(["serve", "--socket", socket]);
    while ((await project.run(["list", "--socket", socket])).code !== 0) {
      expect(server.child.exitCode).toBeNull();
    }
    expect((await lstat(socket)).ino).not.toBe(before);
    server.child.kill("SIGTERM");
    expect((await server.finished).code).toBe(0);
  });

  test.each<[string, (socket: string) => Promise<void>, (socket: string) => Promise<void>]>([
    [
      "a file",
      (socket) => writeFile(socket, "precious"),
      async (socket) => expect(await readFile(socket, "utf8")).toBe("precious"),
    ],
    [
      "a directory",
      (socket) => mkdir(socket),
      async (socket) => expect((await lstat(socket)).isDirectory()).toBe(true),
    ],
    [
      "a symbolic link",
      async (socket) => {
        await writeFile(`${socket}.target`, "precious");
        await symlink(`${socket}.target`, socket);
      },
      async (socket) => {
        expect((await lstat(socket)).isSymbolicLink()).toBe(true);
        expect(await readFile(socket, "utf8")).toBe("precious");
      },
    ],
  ])("%s is refused with 1, and stays as it was", async (_, make, isUntouched) => {
    project = await Project.make();
    const socket = join(project.folder, "run/s");
    await mkdir(dirname(socket), { mode: 0o700 });
    await make(socket);
    const result = await project.run(["serve", "--socket", socket, "--json"]);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ name: "ListenError", message: expect.stringContaining(socket) });
    await isUntouched(socket);
    const others = (await readdir(dirname(socket))).filter((name) => !name.startsWith(basename(socket)));
    expect(others).toEqual([]);
  });

  test("a directory that others may write to is refused with 1", async () => {
    project = await Project.make();
    const socket = join(project.folder, "open/s");
    await mkdir(dirname(socket));
    await chmod(dirname(socket), 0o777);
    const result = await project.run(["serve", "--socket", socket, "--json"]);
    expect(result.code).toBe(1);
    expect(errorOf(result)["message"]).toContain(dirname(socket));
    expect(await readdir(dirname(socket))).toEqual([]);
  });

  test("a directory in which nothing can be made is refused with 1, in words", async () => {
    project = await Project.make();
    const result = await project.run(["serve", "--socket", "/sys/splice-test/s", "--json"]);
    expect(result.code).toBe(1);
    expect(errorOf(result)["message"]).toContain("/sys/splice-test");
  });
});
