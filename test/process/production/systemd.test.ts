// The units of examples/systemd, and the supervisor under what plays systemd's part: it is handed a socket that listens
// already, says when it is ready and when it stops, and leaves the socket's file alone.

import { spawnSync } from "node:child_process";
import { existsSync, openSync, closeSync } from "node:fs";
import { chmod, link, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { defaults } from "../../../src/config/defaults.js";
import { main, Project } from "../cli/run-cli.js";
import { root, until } from "../harness.js";
import { endServices, spawnWith } from "./under-systemd.js";
import { readUnit } from "./units.js";

const examples = join(root, "examples/systemd");
let project: Project;

describe("the units", () => {
  test("drain before they kill, are told when it is ready, and name one socket", async () => {
    const service = await readUnit(join(examples, "splice.service"));
    const socket = await readUnit(join(examples, "splice.socket"));
    const get = (key: string): string => service.get(`Service.${key}`) ?? "";
    expect([get("Type"), get("NotifyAccess"), get("KillMode")]).toEqual(["notify", "all", "mixed"]);
    const { drainMs, shutdownMs, terminateMs } = defaults.shutdown;
    expect(Number(get("TimeoutStopSec")) * 1000).toBeGreaterThan(drainMs + shutdownMs + terminateMs);
    expect(get("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
    expect(get("ExecStart").split(" ")).toContain(socket.get("Socket.ListenStream"));
    expect([socket.get("Socket.SocketUser"), socket.get("Socket.SocketMode")]).toEqual([get("User"), "0600"]);
    expect(service.get("Unit.Requires")).toBe("splice.socket");
  });

  const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  (hasAnalyze ? test : test.skip)(
    `pass systemd-analyze verify${hasAnalyze ? "" : " (skipped: it is not installed)"}`,
    async () => {
      project = await Project.make({});
      // Its program and its user are of the machine that serves.
      for (const name of ["splice.service", "splice.socket"]) {
        const text = await readFile(join(examples, name), "utf8");
        const here = text
          .replaceAll("/srv/app/node_modules/.bin/splice", main)
          .replaceAll("/srv/app", project.folder)
          .replaceAll("=app", "=root");
        await writeFile(join(project.folder, name), here);
      }
      const verify = ["verify", "--man=no", "splice.socket", "splice.service"];
      const { status, stderr } = spawnSync("systemd-analyze", verify, {
        cwd: project.folder,
        encoding: "utf8",
      });
      const own = stderr.split("\n").filter((line) => line.includes("splice."));
      expect({ status, own }).toEqual({ status: 0, own: [] });
      await project.clean();
    },
  );
});

describe("under a service manager", () => {
  let server: Server | null = null;

  afterEach(async () => {
    server?.close();
    server = null;
    endServices();
    await project.nothingLeft();
    await project.clean();
  });

  const files = {
    "package.json": "{}",
    "functions/me.ts": `export function names() {
  return Object.keys(process.env).filter((name) => name.startsWith("LISTEN_") || name.startsWith("NOTIFY_"));
}
export function slow() { return new Promise((resolve) => setTimeout(resolve, 300)); }
`,
  };

  /** A program that writes down what it is told, and whether the socket was there by then. */
  const fakeNotifier = async (): Promise<{
    readonly env: Record<string, string>;
    readonly said: () => Promise<string>;
  }> => {
    const bin = join(project.folder, "bin");
    const log = join(project.folder, "notified");
    await mkdir(bin);
    const script = `#!/bin/sh
[ -S "${join(project.folder, "s.sock")}" ] && there=socket || there=nothing
echo "$* to $NOTIFY_SOCKET with $there" >> "${log}"
`;
    await writeFile(join(bin, "systemd-notify"), script);
    await chmod(join(bin, "systemd-notify"), 0o755);
    return {
      env: { PATH: `${bin}:${process.env["PATH"] ?? ""}`, NOTIFY_SOCKET: "/run/nobody" },
      said: () => readFile(log, "utf8").catch(() => ""),
    };
  };

  /** As systemd does it: bound and listening before the program runs. */
  const listenAt = async (
    path: string,
  ): Promise<{ readonly fd: number; readonly letGo: () => Promise<void> }> => {
    const made = createServer();
    server = made;
    await new Promise<void>((resolve) => made.listen(path, resolve));
    const letGo = async (): Promise<void> => {
      // Node unlinks the name that it bound when it closes.
      await link(path, `${path}.kept`);
      await new Promise((resolve) => made.close(resolve));
      await rename(`${path}.kept`, path);
    };
    return { fd: (made as unknown as { _handle: { fd: number } })._handle.fd, letGo };
  };

  test("an inherited socket is served, and its file stays; readiness and the drain are told in order", async () => {
    project = await Project.make(files);
    const { env, said } = await fakeNotifier();
    const socket = join(project.folder, "s.sock");
    const { fd, letGo } = await listenAt(socket);
    const child = spawnWith(project, fd, { ...env, LISTEN_FDS: "1", LISTEN_FDNAMES: "splice.socket" });
    // The test holds it no longer, so that none but the supervisor accepts.
    await letGo();
    await until(`it says that it is ready (${child.said.stderr})`, async () => (await said()) !== "");
    const status = JSON.parse((await project.run(["status", "--socket", socket, "--json"])).stdout) as {
      socket: string;
    };
    // Its own idea of a path is another one: the socket's own counts.
    expect(status.socket).toBe(socket);
    const names = await project.run(["call", "me.names", "--socket", socket]);
    expect(names.stdout).toBe("[]\n");
    child.child.kill("SIGTERM");
    expect((await child.finished).code).toBe(0);
    expect(await said()).toBe("--ready to /run/nobody with socket\nSTOPPING=1 to /run/nobody with socket\n");
    expect(existsSync(socket)).toBe(true);
    expect(existsSync(project.socket)).toBe(false);
  });

  test("a LISTEN_PID of another process is not meant: it makes its own socket", async () => {
    project = await Project.make(files);
    const fd = openSync("/dev/null", "r");
    const child = spawnWith(project, fd, { LISTEN_FDS: "1", LISTEN_PID: "1" });
    closeSync(fd);
    await until(`its own socket is there (${child.said.stderr})`, () => existsSync(project.socket));
    child.child.kill("SIGTERM");
    expect((await child.finished).code).toBe(0);
  });

  test.each([
    ["2", /LISTEN_FDS is "2", but a supervisor has one socket; name one ListenStream/],
    ["1", /Descriptor 3, which LISTEN_FDS speaks of, is no Unix socket that listens/],
  ])("LISTEN_FDS=%s with a descriptor that will not do is refused", async (LISTEN_FDS, sentence) => {
    project = await Project.make(files);
    const fd = openSync("/dev/null", "r");
    const child = spawnWith(project, fd, { LISTEN_FDS });
    closeSync(fd);
    const { code, stderr } = await child.finished;
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(sentence) });
  });

  test("without systemd-notify a line says so, and it serves all the same", async () => {
    project = await Project.make(files);
    const env = { NOTIFY_SOCKET: "/run/nobody", PATH: "/nowhere" };
    const child = spawnWith(project, null, env);
    await until("it warns", () => child.said.stderr.includes("could not be told READY=1"));
    expect((await project.run(["call", "me.names"])).stdout).toBe("[]\n");
    child.child.kill("SIGTERM");
    expect((await child.finished).code).toBe(0);
  });

  const hasNotify = spawnSync("systemd-notify", ["--version"]).status === 0;
  const hasPython = spawnSync("python3", ["--version"]).status === 0;
  (hasNotify && hasPython ? test : test.skip)(
    `the real systemd-notify reaches a real socket${hasNotify && hasPython ? "" : " (skipped: it, or python3, is not installed)"}`,
    async () => {
      project = await Project.make(files);
      const path = join(project.folder, "n.sock");
      // Node receives no datagrams from a Unix socket either.
      const script = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;
      const manager = project.spawn("python3", ["-c", script, path]);
      await until("the manager listens", () => manager.said.stdout.includes("bound"));
      const child = spawnWith(project, null, { NOTIFY_SOCKET: path });
      await until("it is told", () => /^READY=1/m.test(manager.said.stdout));
      child.child.kill("SIGTERM");
      expect((await child.finished).code).toBe(0);
      expect(manager.said.stdout).toMatch(/READY=1[^]*STOPPING=1/);
      manager.child.kill("SIGKILL");
      await manager.finished;
    },
  );
});
