import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { listenOnUnixSocket } from "../../src/transport/listener.js";

type Child = ChildProcessByStdio<Writable, Readable, null>;

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/listener/${name}.mjs`, import.meta.url));
const children = new Set<Child>();
let directory = "";
let path = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sr-"));
  path = join(directory, "splice.sock");
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await rm(directory, { recursive: true, force: true });
});

function start(name: string): { child: Child; line: () => Promise<string> } {
  const child = spawn(process.execPath, [fixture(name), path], { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  child.stdin.on("error", () => undefined);
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const next = waiting.shift();
      if (next) next(line);
      else lines.push(line);
    }
  });
  const line = () => {
    const ready = lines.shift();
    return ready === undefined
      ? new Promise<string>((resolve) => waiting.push(resolve))
      : Promise.resolve(ready);
  };
  return { child, line };
}

async function kill(child: Child): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  children.delete(child);
}

async function whoAnswers(): Promise<string> {
  const socket = connect({ path });
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(socket, "close");
  return text;
}

/** A server is killed, so that its socket file stays behind. */
async function leaveStaleSocket(): Promise<void> {
  const { child, line } = start("start");
  child.stdin.write("go\n");
  while ((await line()) !== "won");
  await kill(child);
  expect(await readdir(directory)).toEqual(["splice.sock"]);
}

describe("processes that start at once on one path (row 25)", () => {
  test.each(["no socket", "a stale socket"])(
    "with %s: one of 20 wins and keeps answering",
    async (found) => {
      for (let round = 0; round < 2; round++) {
        if (found === "a stale socket") await leaveStaleSocket();
        const starters = Array.from({ length: 20 }, () => start("start"));
        for (const { line } of starters) expect(await line()).toBe("loaded");
        for (const { child } of starters) child.stdin.write("go\n");
        const outcomes = await Promise.all(starters.map(({ line }) => line()));
        expect(outcomes.filter((outcome) => outcome === "won")).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === "refused ListenError in-use")).toHaveLength(19);

        const winner = starters[outcomes.indexOf("won")]?.child;
        for (let i = 0; i < 20; i++) expect(await whoAnswers()).toBe(String(winner?.pid));
        expect(await readdir(directory)).toEqual(["splice.sock"]);

        const gone = winner && once(winner, "exit");
        winner?.stdin.end();
        await gone;
        expect(await readdir(directory)).toEqual([]);
      }
    },
    60_000,
  );
});

describe("a process killed while it starts", () => {
  test("holding the lock, delays the next by a few seconds only", async () => {
    const holder = start("hold-lock");
    expect(await holder.line()).toBe("holding");
    await kill(holder.child);
    expect(await readdir(directory)).toEqual(["splice.sock.lock"]);
    // Within the test's own time: the lock is taken from the dead after 5 s.
    const next = start("start");
    next.child.stdin.write("go\n");
    expect(await next.line()).toBe("loaded");
    expect(await next.line()).toBe("won");
    expect(await readdir(directory)).toEqual(["splice.sock"]);
  }, 12_000);

  test("at any point, does not keep the next from serving", async () => {
    for (let delayMs = 0; delayMs < 16; delayMs++) {
      const { child, line } = start("start");
      expect(await line()).toBe("loaded");
      child.stdin.write("go\n");
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await kill(child);
    }
    const last = start("start");
    last.child.stdin.write("go\n");
    expect(await last.line()).toBe("loaded");
    expect(await last.line()).toBe("won");
    expect(await whoAnswers()).toBe(String(last.child.pid));
    expect(await readdir(directory)).not.toContain("splice.sock.lock");
  }, 30_000);
});

test("a server that stands still with its queue full is not taken for dead", async () => {
  const { child, line } = start("busy");
  expect(await line()).toBe("listening");
  child.kill("SIGSTOP");
  const codes: (string | undefined)[] = [];
  while (!codes.includes("EAGAIN")) {
    const socket = connect({ path });
    socket.unref();
    const code = await new Promise<string | undefined>((resolve) => {
      socket.once("connect", () => {
        resolve(undefined);
      });
      socket.once("error", (error: NodeJS.ErrnoException) => {
        resolve(error.code);
      });
    });
    codes.push(code);
  }
  await expect(listenOnUnixSocket({ path, onConnection: () => undefined })).rejects.toMatchObject({
    reason: "in-use",
  });
  expect(await readdir(directory)).toEqual(["splice.sock"]);
  await kill(child);
});
