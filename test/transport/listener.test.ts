import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import {
  chmod,
  chown,
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
import { dirname, join } from "node:path";
import { realClock } from "../../src/time.js";
import type { ByteDuplex } from "../../src/transport/duplex.js";
import { listenOnUnixSocket, type ListenOptions, type UnixListener } from "../../src/transport/listener.js";
import { ensurePrivateDirectory } from "../../src/transport/private-directory.js";
import { rawPeer, type RawPeer } from "../support/duplex-pairs.js";

let directory = "";
let path = "";
const listeners: UnixListener[] = [];
const mask = process.umask();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sl-"));
  path = join(directory, "run", "splice.sock");
});
afterEach(async () => {
  process.umask(mask);
  for (const listener of listeners.splice(0)) await listener.close();
  await rm(directory, { recursive: true, force: true });
});

/** Greets each connection with `name`, then ends it. */
async function listen(at = path, name = "hello", more: Partial<ListenOptions> = {}): Promise<UnixListener> {
  const onConnection = (duplex: ByteDuplex): void => {
    const peer = rawPeer(duplex);
    void peer.write(Buffer.from(name));
    peer.end();
  };
  const listener = await listenOnUnixSocket({ path: at, onConnection, ...more });
  listeners.push(listener);
  return listener;
}

async function greeting(at = path): Promise<string> {
  const socket = connect({ path: at });
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(socket, "close");
  return text;
}

async function refusal(
  attempt: Promise<unknown>,
): Promise<{ reason: string; message: string; name: string }> {
  return attempt.then(
    () => {
      throw new Error("It was not refused.");
    },
    (error: { reason: string; message: string; name: string }) => error,
  );
}

/** A socket file whose server died without a chance to clean up. */
async function leaveStaleSocket(at = path): Promise<void> {
  await mkdir(dirname(at), { recursive: true, mode: 0o700 });
  const server = createServer();
  server.listen(at + "x");
  await once(server, "listening");
  await rename(at + "x", at);
  await new Promise((resolve) => server.close(resolve));
  expect((await lstat(at)).isSocket()).toBe(true);
}

describe("opening", () => {
  test("makes a private directory and a private socket, whatever the umask, and leaves only that", async () => {
    process.umask(0);
    await listen();
    expect((await lstat(dirname(path))).mode & 0o7777).toBe(0o700);
    expect((await lstat(path)).mode & 0o7777).toBe(0o600);
    expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
    expect(process.umask()).toBe(0);
    expect(await greeting()).toBe("hello");
  });

  test("closing removes the socket and accepts no more; twice is once", async () => {
    const listener = await listen();
    await Promise.all([listener.close(), listener.close()]);
    expect(await readdir(dirname(path))).toEqual([]);
    await listen(path, "again");
    expect(await greeting()).toBe("again");
  });

  test("connections outlive the listener", async () => {
    const accepted: ByteDuplex[] = [];
    const listener = await listen(path, "", { onConnection: (duplex) => accepted.push(duplex) });
    const socket = connect({ path });
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await listener.close();
    const [duplex] = accepted;
    if (!duplex) throw new Error("Nothing was accepted.");
    const peer = rawPeer(duplex);
    void peer.write(Buffer.from("still here"));
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString()).toBe("still here");
    socket.destroy();
    peer.destroy();
  });
});

describe("the length of the path (row 69)", () => {
  const withBytes = (bytes: number, letter = "a"): string => {
    const room = bytes - Buffer.byteLength(directory) - 1;
    const width = Buffer.byteLength(letter);
    return join(directory, letter.repeat(Math.floor(room / width)) + "z".repeat(room % width));
  };

  test.each([103])("%d bytes work, whole", async (bytes) => {
    const at = withBytes(bytes);
    expect(Buffer.byteLength(at)).toBe(bytes);
    await listen(at);
    expect(await readdir(directory)).toEqual([at.slice(directory.length + 1)]);
    expect(await greeting(at)).toBe("hello");
  });

  test("103 bytes work, also where the directory leaves room for two letters only", async () => {
    const deep = withBytes(100);
    await listen(join(deep, "so"));
    expect(await readdir(deep)).toEqual(["so"]);
    expect(await greeting(join(deep, "so"))).toBe("hello");
  });

  test.each([
    [104, "a"],
    [108, "a"],
    [109, "a"],
    [105, "ö"],
    [104, "語"],
  ])("%d bytes of %s are refused before anything is made", async (bytes, letter) => {
    const at = withBytes(bytes, letter);
    const error = await refusal(listen(at));
    expect(error).toMatchObject({ name: "ListenError", reason: "path-too-long" });
    expect(error.message).toContain(`${String(bytes)} bytes`);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe("what is already there (row 70)", () => {
  test("a stale socket is replaced", async () => {
    await leaveStaleSocket();
    await listen(path, "new");
    expect(await greeting()).toBe("new");
    expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
  });

  test.each(["regular file", "directory", "symbolic link"])(
    "a %s is refused and left untouched",
    async (kind) => {
      await mkdir(dirname(path), { mode: 0o700 });
      const target = join(directory, "target");
      await writeFile(target, "precious");
      if (kind === "regular file") await writeFile(path, "precious");
      if (kind === "directory") await mkdir(path);
      if (kind === "symbolic link") await symlink(target, path);
      const before = await lstat(path);
      const error = await refusal(listen());
      expect(error).toMatchObject({ reason: "not-a-socket" });
      expect(error.message).toContain(kind);
      const after = await lstat(path);
      expect([after.ino, after.mode, after.mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs]);
      expect(await readFile(target, "utf8")).toBe("precious");
      expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
    },
  );

  test("a symbolic link to a stale socket is refused too", async () => {
    const elsewhere = join(directory, "elsewhere.sock");
    await leaveStaleSocket(elsewhere);
    await mkdir(dirname(path), { mode: 0o700 });
    await symlink(elsewhere, path);
    expect(await refusal(listen())).toMatchObject({ reason: "not-a-socket" });
    expect((await lstat(elsewhere)).isSocket()).toBe(true);
  });

  test("a living socket is refused with advice, and the first keeps serving", async () => {
    const accepted: RawPeer[] = [];
    const first = await listen(path, "first", { onConnection: (duplex) => accepted.push(rawPeer(duplex)) });
    const error = await refusal(listen(path, "second"));
    expect(error).toMatchObject({ reason: "in-use" });
    expect(error.message).toBe(
      `A supervisor is already serving on ${path}; stop it first, or choose another path.`,
    );
    // The trial was let go at once.
    await Promise.all(accepted.map((peer) => peer.ended));
    for (const peer of accepted) peer.destroy();
    const trials = accepted.length;
    const socket = connect({ path });
    while (accepted.length === trials) await new Promise((resolve) => setImmediate(resolve));
    accepted.at(-1)?.destroy();
    socket.destroy();
    expect(first.path).toBe(path);
    expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
  });

  test("closing an old listener leaves the socket of a newer one alone", async () => {
    const old = await listen(path, "old");
    await rm(path);
    await listen(path, "new");
    await old.close();
    expect(await greeting()).toBe("new");
    expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
  });

  test("a file system that refuses is told as a sentence", async () => {
    await writeFile(join(directory, "file"), "");
    const error = await refusal(listen(join(directory, "file", "splice.sock")));
    expect(error).toMatchObject({ name: "ListenError", reason: "io" });
    expect(error.message).toMatch(/^No socket could be made in .*: it is a file, not a directory;.*\.$/);
  });

  test("a folder that is not there is named, and no trail of folders is made to it", async () => {
    const error = await refusal(listen(join(directory, "mistyped", "deeper", "splice.sock")));
    expect(error).toMatchObject({ name: "ListenError", reason: "io" });
    expect(error.message).toMatch(/^The folder .*\/mistyped for the socket is not there; create it, or/);
    expect(await readdir(directory)).not.toContain("mistyped");
  });
});

describe("the directory", () => {
  test.each([0o777, 0o775, 0o722])("mode %o is refused, with nothing made in it", async (mode) => {
    await mkdir(dirname(path));
    await chmod(dirname(path), mode);
    const error = await refusal(listen());
    expect(error).toMatchObject({ reason: "directory-not-private" });
    expect(error.message).toContain(mode.toString(8));
    expect(await readdir(dirname(path))).toEqual([]);
  });

  test.each([0o700, 0o755, 0o1777])("mode %o is accepted and kept", async (mode) => {
    await mkdir(dirname(path));
    await chmod(dirname(path), mode);
    await listen();
    expect((await lstat(dirname(path))).mode & 0o7777).toBe(mode);
  });

  test("a symbolic link is refused", async () => {
    await mkdir(join(directory, "real"), { mode: 0o700 });
    await symlink(join(directory, "real"), dirname(path));
    const error = await refusal(listen());
    expect(error).toMatchObject({ reason: "directory-not-private" });
    expect(error.message).toContain("is a symbolic link");
    expect(await readdir(join(directory, "real"))).toEqual([]);
  });

  test("one of another user is refused, root's is not", async () => {
    const uid = process.getuid?.() ?? 0;
    const foreign = join(directory, "foreign");
    await mkdir(foreign, { mode: 0o700 });
    if (uid === 0) await chown(foreign, 4_242, 0);
    const error = await refusal(ensurePrivateDirectory(foreign, uid + 1));
    expect(error).toMatchObject({ reason: "directory-not-private" });
    expect(error.message).toContain(`uid ${String(uid === 0 ? 4_242 : uid)}`);
    await ensurePrivateDirectory("/", uid + 1);
  });
});

describe("the start lock", () => {
  async function leaveLock(ageMs: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(`${path}.lock`, "1\n");
    const atS = (Date.now() - ageMs) / 1_000;
    await utimes(`${path}.lock`, atS, atS);
  }

  test("left by a process that died long ago holds nobody up", async () => {
    await leaveLock(60_000);
    await listen();
    expect(await greeting()).toBe("hello");
    expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
  });

  test("from the future, because the clock was set back, neither", async () => {
    await leaveLock(-3_600_000);
    await listen();
    expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
  });

  test("left just now is waited for until it is old enough", async () => {
    await leaveLock(0);
    let waits = 0;
    let aheadMs = 0;
    // Time that runs by the waits alone.
    const clock = {
      ...realClock,
      now: () => waits * 20,
      wallMs: () => Date.now() + aheadMs,
      setTimeout: (callback: () => void) => {
        waits++;
        if (waits === 10) aheadMs = 6_000;
        setImmediate(callback);
      },
    };
    await listen(path, "hello", { clock });
    expect(waits).toBeGreaterThanOrEqual(10);
    expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
  });

  test("held for ever ends the attempt with a sentence", async () => {
    await leaveLock(0);
    let waits = 0;
    const clock = {
      ...realClock,
      now: () => waits * 1_000,
      setTimeout: (callback: () => void) => {
        waits++;
        setImmediate(callback);
      },
    };
    const error = await refusal(listen(path, "hello", { clock }));
    expect(error).toMatchObject({ reason: "in-use" });
    expect(error.message).toContain(`${path}.lock`);
    expect(await readdir(dirname(path))).toEqual(["splice.sock.lock"]);
  });

  test("that is no plain file is refused", async () => {
    await mkdir(`${path}.lock`, { recursive: true });
    await chmod(dirname(path), 0o700);
    expect(await refusal(listen())).toMatchObject({ reason: "io" });
  });

  test("does not stand in the way of a refusal: a living socket is told at once", async () => {
    await listen(path, "first");
    await leaveLock(0);
    expect(await refusal(listen())).toMatchObject({
      reason: "in-use",
      message: expect.stringContaining("stop it first"),
    });
  });
});

test("listeners that start at once in one process: one wins", async () => {
  await leaveStaleSocket();
  const attempts = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => listen(path, String(i))));
  expect(attempts.filter((attempt) => attempt.status === "fulfilled")).toHaveLength(1);
  const winner = attempts.findIndex((attempt) => attempt.status === "fulfilled");
  expect(await greeting()).toBe(String(winner));
  expect(await readdir(dirname(path))).toEqual(["splice.sock"]);
});
