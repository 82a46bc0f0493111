// The path of a listener that is taken away from under it (row 71): noticed, told once, and taken back, but never from
// somebody else. On a clock that the test moves; files, sockets and connections are real.

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteDuplex } from "../../src/transport/duplex.js";
import { listenOnUnixSocket, type UnixListener } from "../../src/transport/listener.js";
import { rawPeer } from "../support/duplex-pairs.js";
import { createVirtualClock, type VirtualClock } from "../../src/testing/virtual-clock.js";

/** What is promised: a deletion is noticed within this. */
const noticedWithinMs = 5_000;

let folder = "";
let directory = "";
let path = "";
let clock: VirtualClock;
let warnings: string[] = [];
const listeners: UnixListener[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pw-"));
  directory = join(folder, "run");
  path = join(directory, "splice.sock");
  clock = createVirtualClock();
  warnings = [];
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
  await rm(folder, { recursive: true, force: true });
});

/** Greets each connection with `name` and keeps it open. */
async function listen(name: string, onClock = clock): Promise<UnixListener> {
  const listener = await listenOnUnixSocket({
    path,
    clock: onClock,
    onConnection: (duplex: ByteDuplex) => void rawPeer(duplex).write(Buffer.from(name)),
    onWarning: (message) => warnings.push(message),
  });
  listeners.push(listener);
  return listener;
}

/** Lets the next look happen, and waits until it is over: the timer of the one after it is set. */
async function look(): Promise<void> {
  const before = clock.timerCount;
  expect(before).toBeGreaterThan(0);
  clock.advance(noticedWithinMs / 2);
  while (clock.timerCount < before) await new Promise(setImmediate);
}

async function reach(): Promise<{ greeting: string; socket: ReturnType<typeof connect> }> {
  const socket = connect({ path });
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return { greeting: chunk.toString(), socket };
}

async function greeting(): Promise<string> {
  const reached = await reach();
  reached.socket.destroy();
  return reached.greeting;
}

async function modes(): Promise<readonly string[]> {
  const found = await Promise.all([lstat(directory), lstat(path)]);
  return found.map(({ mode }) => (mode & 0o7777).toString(8));
}

/** A socket of somebody else, at the path. */
async function takeByOther(): Promise<{ close(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end("other");
  });
  server.listen(path);
  await once(server, "listening");
  return {
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

test.each([
  ["the file", () => rm(path)],
  ["the directory", () => rm(directory, { recursive: true })],
  ["the file, moved away", () => rename(path, `${path}.old`)],
  ["the directory, moved away", () => rename(directory, join(folder, "elsewhere"))],
])("%s is gone: made again, private, and told once; who was connected stays", async (_, remove) => {
  await listen("hello");
  const early = await reach();
  await remove();
  await look();
  expect(await greeting()).toBe("hello");
  expect(await modes()).toEqual(["700", "600"]);
  expect(warnings).toEqual([expect.stringContaining(`${path} was deleted or replaced`)]);
  expect(early.socket.destroyed).toBe(false);
  early.socket.destroy();
  for (let times = 0; times < 5; times++) await look();
  expect(warnings).toHaveLength(1);
  expect((await readdir(directory)).filter((name) => name !== "splice.sock.old")).toEqual(["splice.sock"]);
});

test("again and again", async () => {
  const listener = await listen("hello");
  for (let times = 1; times <= 5; times++) {
    await rm(path);
    await look();
    expect(await greeting()).toBe("hello");
    expect(warnings).toHaveLength(times);
  }
  await listener.close();
  expect(await readdir(directory)).toEqual([]);
  expect(clock.timerCount).toBe(0);
});

test("a socket that was only touched is still this one: nothing is told, and it is removed at the end", async () => {
  const listener = await listen("hello");
  await utimes(path, 1, 1);
  await look();
  expect(warnings).toEqual([]);
  await listener.close();
  expect(await readdir(directory)).toEqual([]);
});

describe("what is there instead", () => {
  test("a socket that answers is left alone, told once, and followed when it goes", async () => {
    const listener = await listen("hello");
    await rm(path);
    const other = await takeByOther();
    for (let times = 0; times < 4; times++) await look();
    expect(warnings).toEqual([expect.stringContaining("already serving")]);
    expect(await greeting()).toBe("other");
    await other.close();
    await look();
    expect(await greeting()).toBe("hello");
    expect(warnings).toHaveLength(2);
    await rm(path);
    const third = await takeByOther();
    await listener.close();
    expect(await greeting()).toBe("other");
    await third.close();
  });

  test.each(["regular file", "directory", "symbolic link"])(
    "a %s is left untouched, told once, and the socket comes back when it is moved away",
    async (kind) => {
      const listener = await listen("hello");
      const target = join(folder, "target");
      await writeFile(target, "precious");
      await rm(path);
      if (kind === "regular file") await writeFile(path, "precious");
      if (kind === "directory") await mkdir(path);
      if (kind === "symbolic link") await symlink(target, path);
      const before = await lstat(path);
      for (let times = 0; times < 4; times++) await look();
      expect(warnings).toEqual([expect.stringContaining(`is a ${kind}, not a socket`)]);
      const after = await lstat(path);
      expect([after.ino, after.mode, after.mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs]);
      expect(await readFile(target, "utf8")).toBe("precious");
      expect(await readdir(directory)).toEqual(["splice.sock"]);
      await rename(path, join(folder, "moved"));
      await look();
      expect(await greeting()).toBe("hello");
      await rm(path);
      await writeFile(path, "precious");
      await listener.close();
      expect(await readFile(path, "utf8")).toBe("precious");
    },
  );

  test("a dead socket is replaced, as at the start", async () => {
    await listen("hello");
    await rm(path);
    const server = createServer();
    server.listen(`${path}x`);
    await once(server, "listening");
    await rename(`${path}x`, path);
    server.close();
    await once(server, "close");
    await look();
    expect(await greeting()).toBe("hello");
    expect(await readdir(directory)).toEqual(["splice.sock"]);
  });
});

describe("a path that cannot be had", () => {
  test.each([
    [
      "a directory that others can write",
      async () => {
        await rm(path);
        await chmod(directory, 0o777);
      },
      () => chmod(directory, 0o700),
      "can be written by others",
    ],
    [
      "a directory that is a file now",
      async () => {
        await rm(directory, { recursive: true });
        await writeFile(directory, "");
      },
      () => rm(directory),
      "it is a file, not a directory",
    ],
    [
      "a directory without its parent",
      () => rename(folder, `${folder}-moved`),
      () => rename(`${folder}-moved`, folder),
      "is not there; create it",
    ],
  ])("%s is told once, in a sentence, and tried again", async (_, spoil, mend, sentence) => {
    await listen("hello");
    await spoil();
    for (let times = 0; times < 4; times++) await look();
    expect(warnings).toEqual([expect.stringContaining(sentence)]);
    expect(warnings[0]).toMatch(/no new host reaches this supervisor.*\. It is tried again every 2 s\.$/);
    await mend();
    await look();
    expect(await greeting()).toBe("hello");
    expect(warnings).toHaveLength(2);
  });
});

describe("the start lock", () => {
  test("left behind by somebody who died holds the return up until it is old enough", async () => {
    const wall = { aheadMs: 0 };
    const { now, setTimeout, clearTimeout } = clock;
    const wallMs = (): number => Date.now() + wall.aheadMs;
    const timed = { now, wallMs, setTimeout, clearTimeout, advance: clock.advance, timerCount: 0 };
    await listen("hello", timed);
    await rm(path);
    await writeFile(`${path}.lock`, "1\n");
    for (let times = 0; times < 3; times++) await look();
    expect(warnings).toEqual([expect.stringContaining(`${path}.lock`)]);
    wall.aheadMs = 6_000;
    // One look to take the lock from the dead, one to take the path.
    await look();
    await look();
    expect(await greeting()).toBe("hello");
    expect(warnings).toHaveLength(2);
    expect(await readdir(directory)).toEqual(["splice.sock"]);
  });

  test("of two that watch one path, one takes it and the other lets it", async () => {
    await listen("first");
    await rm(path);
    await listen("second");
    await rm(path);
    for (let times = 0; times < 4; times++) await look();
    const winner = await greeting();
    expect(["first", "second"]).toContain(winner);
    for (let times = 0; times < 4; times++) await look();
    expect(await greeting()).toBe(winner);
    expect(await readdir(directory)).toEqual(["splice.sock"]);
  });
});

test("closing while the path is being taken again leaves no file, no timer and no descriptor behind", async () => {
  const listener = await listen("hello");
  for (let turns = 0; turns < 30; turns++) {
    const each = turns === 0 ? listener : await listen("hello");
    await rm(path);
    clock.advance(noticedWithinMs / 2);
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    await each.close();
    expect(await readdir(directory)).toEqual([]);
    expect(clock.timerCount).toBe(0);
  }
});
