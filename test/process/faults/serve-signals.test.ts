// `splice serve` told to stop: it drains, removes its socket and ends with 0; told again it hurries (rows 26 and 27;
// the predecessor died at once and left its sockets behind).

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseExecutionLog } from "../../../src/testing/history/expect-history.js";
import { fixtures, gone, isAlive, processes, RawHost, root, until } from "../harness.js";

let folder = "";
const served = new Set<ChildProcess>();
const hosts = new Set<RawHost>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "st-"));
  await writeFile(join(folder, "package.json"), "{}");
  await cp(join(fixtures, "faults/functions"), join(folder, "functions"), { recursive: true });
});
afterEach(async () => {
  for (const host of hosts) host.destroy();
  for (const child of served) child.kill("SIGKILL");
  served.clear();
  hosts.clear();
  await rm(folder, { recursive: true, force: true });
});

interface Served {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly workers: readonly number[];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  stderr(): string;
}

const executionLog = () => join(folder, "execution.log");
const file = () => join(folder, "go");

async function startServe(socket = join(folder, "s.sock")): Promise<Served> {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), "serve", "--socket", socket], {
    cwd: folder,
    env: { PATH: process.env["PATH"], EXECUTION_LOG: executionLog() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  served.add(child);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on("exit", (code, signal) => {
      resolve({ code, signal });
    });
  });
  const line = await until("it serves", () => stderr.split("\n").find((each) => each.includes('"serving ')));
  const { workers } = JSON.parse(line) as { workers: number[] };
  return { child, socket, workers, ended, stderr: () => stderr };
}

async function host(socket: string): Promise<RawHost> {
  const opened = await RawHost.open(socket);
  hosts.add(opened);
  return opened;
}

async function started(key: string): Promise<void> {
  await until(`${key} runs`, async () =>
    (await readFile(executionLog(), "utf8").catch(() => "")).includes(`${key} `),
  );
}

/** True for a process whose arguments name a bundle below `project`. */
function isWorkerOf(pid: number, project: string): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").includes(join(project, ".splice"));
  } catch {
    return false;
  }
}

describe("splice serve", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "by %s: calls in flight end, new ones are 3001, then socket and workers are gone and the exit code is 0",
    async (signal) => {
      const { child, socket, workers, ended } = await startServe();
      const caller = await host(socket);
      for (let id = 1; id <= 5; id++) caller.invoke(id, "work.hold", { key: `h${String(id)}`, file: file() });
      await started("h5");
      child.kill(signal);
      await until("the socket is gone", () => !existsSync(socket));
      caller.invoke(6, "work.echo", { key: "h6" });
      expect(await caller.answer(6)).toMatchObject({ type: "InvokeError", code: 3001 });
      expect(caller.isClosed).toBe(false);
      expect(child.exitCode).toBeNull();
      await writeFile(file(), "");
      for (let id = 1; id <= 5; id++) expect((await caller.answer(id)).type).toBe("InvokeResult");
      expect(await ended).toEqual({ code: 0, signal: null });
      for (const pid of workers) expect(isAlive(pid)).toBe(false);
      expect((await readdir(folder)).filter((name) => name.startsWith("s.sock"))).toEqual([]);
      await until("the host's connection is closed", () => caller.isClosed);
      const executions = parseExecutionLog(await readFile(executionLog(), "utf8"));
      expect(executions.filter(({ kind }) => kind === "end")).toHaveLength(5);
      expect(executions.some(({ key }) => key === "h6")).toBe(false);
    },
  );

  test("a second SIGTERM ends the drain: the call is 2002 with the reason draining; a third kills what is deaf", async () => {
    const { child, socket, workers, ended } = await startServe();
    const caller = await host(socket);
    caller.invoke(1, "harm.deaf", { key: "deaf", file: join(folder, "pid") });
    await started("deaf");
    child.kill("SIGTERM");
    await until("the socket is gone", () => !existsSync(socket));
    child.kill("SIGTERM");
    const answer = await caller.answer(1);
    expect(answer).toMatchObject({ type: "InvokeError", code: 2002, kind: "Cancelled" });
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await ended).toEqual({ code: 0, signal: null });
    for (const pid of workers) expect(isAlive(pid)).toBe(false);
  });

  test("SIGHUP while it drains hurries nothing", async () => {
    const { child, socket, ended } = await startServe();
    const caller = await host(socket);
    caller.invoke(1, "work.hold", { key: "held", file: file() });
    await started("held");
    child.kill("SIGTERM");
    await until("the socket is gone", () => !existsSync(socket));
    child.kill("SIGHUP");
    child.kill("SIGHUP");
    await writeFile(file(), "");
    expect((await caller.answer(1)).type).toBe("InvokeResult");
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  test("a socket whose folder was taken away is told and keeps no drain from its end", async () => {
    const nested = join(folder, "run");
    const { child, ended, stderr } = await startServe(join(nested, "s.sock"));
    await rm(nested, { recursive: true });
    await writeFile(nested, "a file now");
    child.kill("SIGTERM");
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(stderr()).toContain("could not be removed");
  });

  test("by SIGTERM while a host is connected and silent: that keeps nobody", async () => {
    const { child, socket, ended } = await startServe();
    const silent = await host(socket);
    child.kill("SIGTERM");
    expect(await ended).toEqual({ code: 0, signal: null });
    await until("the connection is closed", () => silent.isClosed);
  });

  test("by SIGTERM before it serves: nothing is left", async () => {
    const socket = join(folder, "s.sock");
    await writeFile(
      join(folder, "functions/slow.ts"),
      "await new Promise((r) => setTimeout(r, 60_000));\nexport const f = () => 1;\n",
    );
    const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), "serve", "--socket", socket], {
      cwd: folder,
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "pipe", "pipe"],
    });
    served.add(child);
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    const worker = await until("its worker runs", () =>
      processes().find(({ pid, group }) => pid === group && isWorkerOf(pid, folder)),
    );
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    await gone(worker.pid);
    expect(existsSync(socket)).toBe(false);
  });

  test("by SIGKILL: its workers go, and the next serve takes the path that was left", async () => {
    const first = await startServe();
    const caller = await host(first.socket);
    caller.invoke(1, "work.hang", { key: "hang" });
    await started("hang");
    first.child.kill("SIGKILL");
    await first.ended;
    for (const pid of first.workers) await gone(pid);
    await until("the link is lost", () => caller.isClosed);
    expect(existsSync(first.socket)).toBe(true);
    const second = await startServe();
    const next = await host(second.socket);
    next.invoke(1, "work.echo", { key: "next" });
    expect((await next.answer(1)).type).toBe("InvokeResult");
    second.child.kill("SIGTERM");
    expect((await second.ended).code).toBe(0);
  });

  test("a second serve on one path ends with 1 and a sentence, the first serves on", async () => {
    const first = await startServe();
    const child = spawn(
      process.execPath,
      [join(root, "dist/cli/main.js"), "serve", "--socket", first.socket],
      {
        cwd: folder,
        env: { PATH: process.env["PATH"] },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    served.add(child);
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(1);
    expect(stderr).toContain(first.socket);
    expect(stderr).not.toMatch(/\n\s+at /);
    const caller = await host(first.socket);
    caller.invoke(1, "work.echo", { key: "still" });
    expect((await caller.answer(1)).type).toBe("InvokeResult");
    first.child.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
  });
});
