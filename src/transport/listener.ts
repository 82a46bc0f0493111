// The host socket: a Unix socket that appears at its path complete and private, takes the place of a dead one, never
// of a living one, comes back when its file is deleted, and goes away without taking somebody else's along. Knows no
// message.

import type { BigIntStats } from "node:fs";
import { link, rename } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { realClock, type Clock } from "../time.js";
import { fromSocket, type ByteDuplex } from "./duplex.js";
import { lstatIfThere, removeExactly, uniqueBeside, unlinkIfThere } from "./exact-file.js";
import { ListenError, systemCode, toListenError } from "./listen-error.js";
import { watchPath } from "./path-watch.js";
import { ensurePrivateDirectory } from "./private-directory.js";
import { maxSocketPathBytes, socketPathRefusal } from "./socket-path.js";
import { probeSocket } from "./socket-probe.js";
import { tryStartLock, type StartLock } from "./start-lock.js";

export { ListenError, type ListenErrorReason } from "./listen-error.js";

/** Between two attempts while another process holds the start lock. */
const retryMs = 20;
/** Longer than a dead owner can hold the lock (5 s), by enough for a queue of starters behind it. */
const giveUpAfterMs = 15_000;

export interface ListenOptions {
  /** Of the socket, at most 103 bytes. Its directory is made, for this user alone, when it is missing. */
  readonly path: string;
  readonly onConnection: (duplex: ByteDuplex) => void;
  /** A connection is closed in both directions and its descriptor is free. */
  readonly onGone?: (() => void) | undefined;
  /** An accept that failed, for want of descriptors for example; the listener goes on. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** The file was deleted or replaced, and was put back or could not be; a sentence for each change. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Aborting gives up waiting for another process that is starting. */
  readonly signal?: AbortSignal | undefined;
}

export interface UnixListener {
  readonly path: string;
  /** Removes the socket, if it is still this one, and accepts no more. Connections stay as they are. */
  close(): Promise<void>;
}

/** A server and the file by which it is reached. */
interface Opened {
  readonly server: Server;
  readonly file: BigIntStats;
}

/**
 * Listens with mode 0600. Rejects with ListenError: the path is too long, is some other file, is served by a living
 * process, its directory is open to others, or the file system refused. Of processes that start at once on one path
 * one wins; one that was killed while starting delays the next by 5 s at most.
 */
export async function listenOnUnixSocket(options: ListenOptions): Promise<UnixListener> {
  const { path, clock = realClock } = options;
  const refusal = socketPathRefusal(path);
  if (refusal !== undefined) {
    const isTooLong = Buffer.byteLength(path) > maxSocketPathBytes;
    throw new ListenError(isTooLong ? "path-too-long" : "io", path, refusal);
  }
  try {
    await ensurePrivateDirectory(dirname(path), uid());
    return listenerOf(await takePlace(options, clock), options, clock);
  } catch (error) {
    throw toListenError(error, path);
  }
}

async function takePlace(options: ListenOptions, clock: Clock): Promise<Opened> {
  const { path } = options;
  const giveUpAtMs = clock.now() + giveUpAfterMs;
  while (clock.now() < giveUpAtMs) {
    if (options.signal?.aborted === true) {
      throw new ListenError(
        "in-use",
        path,
        `The start on ${path} was given up while another one was under way.`,
      );
    }
    const opened = await tryToOpen(options, clock);
    if (opened) return opened;
    await new Promise<void>((resolve) => clock.setTimeout(resolve, retryMs));
  }
  throw new ListenError(
    "in-use",
    path,
    `Other processes have been starting on ${path} for ${String(giveUpAfterMs / 1_000)} s and hold ${path}.lock; ` +
      `stop them or choose another --socket.`,
  );
}

/** Undefined while another process is at it. */
async function tryToOpen(options: ListenOptions, clock: Clock): Promise<Opened | undefined> {
  // Before the lock too: those who come late need not queue for their refusal.
  await refuseIfLive(options.path);
  const lock = await tryStartLock(`${options.path}.lock`, clock);
  return lock && (await openUnder(lock, options));
}

async function refuseIfLive(path: string): Promise<BigIntStats | undefined> {
  const presence = await probeSocket(path);
  if (presence.type === "live") {
    throw new ListenError(
      "in-use",
      path,
      `A supervisor is already serving on ${path}; stop it first, or choose another path.`,
    );
  }
  return presence.type === "stale" ? presence.file : undefined;
}

/** Undefined when a name was taken in between: look again. */
async function openUnder(lock: StartLock, options: ListenOptions): Promise<Opened | undefined> {
  const { path } = options;
  // Paused: nothing is read, not even into a buffer, before somebody asks for it.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.once("close", () => options.onGone?.());
    options.onConnection(fromSocket(socket));
  });
  try {
    const stale = await refuseIfLive(path);
    // Node unlinks the name a server was bound with when it closes, whoever has it by then: so the name bound is one
    // that nobody else has, and it is gone before anybody could.
    const boundPath = shortNameBeside(path);
    await bindPrivately(server, boundPath);
    const file = await lstatIfThere(boundPath);
    if (stale) await removeExactly(path, stale);
    if (file && (await giveName(boundPath, path))) {
      await lock.release();
      server.on("error", (error) => options.onError?.(error));
      return { server, file };
    }
    server.close();
  } catch (error) {
    server.close();
    await lock.release();
    // Our own unique name was not unique: with a path at the limit it may be a single letter.
    if (systemCode(error) === "EADDRINUSE") return undefined;
    throw error;
  }
  await lock.release();
  return undefined;
}

/** The name bound obeys the same limit as the path, so it is never longer than what the directory leaves for it. */
function shortNameBeside(path: string): string {
  const directoryBytes = Buffer.byteLength(dirname(path)) + 1;
  return uniqueBeside(path, Math.min(12, maxSocketPathBytes - directoryBytes));
}

function bindPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    // Bound within this call, so that the mask holds for the socket alone and there is no moment with a wider mode.
    const mask = process.umask(0o177);
    try {
      server.listen({ path, exclusive: true });
    } finally {
      process.umask(mask);
    }
  });
}

/** Moves the socket to its final name unless something is there. */
async function giveName(boundPath: string, path: string): Promise<boolean> {
  try {
    await link(boundPath, path);
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (systemCode(error) !== "EPERM" && systemCode(error) !== "ENOTSUP") throw error;
    // A file system without hard links. A rename would overwrite, so it is done onto nothing only.
    if (await lstatIfThere(path)) return false;
    await rename(boundPath, path);
    return true;
  }
  await unlinkIfThere(boundPath);
  return true;
}

function listenerOf(first: Opened, options: ListenOptions, clock: Clock): UnixListener {
  const { path } = options;
  let opened = first;
  let closing: Promise<void> | undefined;
  const watch = watchPath({
    path,
    clock,
    onWarning: (message) => options.onWarning?.(message),
    async isOurs() {
      const file = await lstatIfThere(path).catch(() => undefined);
      // As long as the server lives its inode cannot be anybody else's. When it was written last is of no account,
      // and whoever changed that must not keep us from removing it.
      if (file?.ino !== opened.file.ino || file.dev !== opened.file.dev) return false;
      opened = { ...opened, file };
      return true;
    },
    async retake() {
      await ensurePrivateDirectory(dirname(path), uid());
      const next = await tryToOpen(options, clock);
      if (!next) return false;
      // It unlinks the name it was bound with, which nobody has had since its first moments.
      opened.server.close();
      opened = next;
      return true;
    },
  });
  const close = async (): Promise<void> => {
    await watch.stop();
    try {
      await removeExactly(path, opened.file);
    } catch (error) {
      throw toListenError(error, path);
    } finally {
      opened.server.close();
    }
  };
  return { path, close: () => (closing ??= close()) };
}

function uid(): number {
  return process.getuid?.() ?? 0;
}
