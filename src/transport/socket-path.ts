// Where a host socket lives: how long its path may be and which path a project gets by itself. Pure; touches no file
// and reads no environment.

import { createHash } from "node:crypto";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

/** macOS has room for 103 bytes and a zero, Linux for 107; a longer path would be cut silently and name another file. */
export const maxSocketPathBytes = 103;

/** Says in a sentence why a path cannot name a socket, or undefined when it can. Holds for listening and connecting. */
export function socketPathRefusal(path: string): string | undefined {
  if (path === "") return "The socket path is empty; name a file.";
  if (path.includes("\0")) {
    return `The socket path ${JSON.stringify(path)} contains a zero byte; choose a path without one.`;
  }
  const bytes = Buffer.byteLength(path);
  if (bytes <= maxSocketPathBytes) return undefined;
  return (
    `The socket path ${path} is ${String(bytes)} bytes long, but a Unix socket path may have at most ` +
    `${String(maxSocketPathBytes)} bytes; choose a shorter one with --socket.`
  );
}

export interface SocketPlace {
  /** Absolute. */
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** os.tmpdir() */
  readonly tempDir: string;
  /** The user's number, as process.getuid() gives it. */
  readonly uid: number;
}

/**
 * `.splice/splice.sock` under the project or, when that is too long, a directory of this user and this project alone
 * under XDG_RUNTIME_DIR or the temporary directory. One level below them, so that one check covers all we made.
 */
export function defaultSocketPath(place: SocketPlace): string {
  const path = join(place.projectDir, ".splice", "splice.sock");
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  const project = createHash("sha256").update(place.projectDir).digest("hex").slice(0, 16);
  const runtimeDir = place.env["XDG_RUNTIME_DIR"];
  return runtimeDir !== undefined && isAbsolute(runtimeDir)
    ? join(runtimeDir, `splice-${project}`, "splice.sock")
    : join(place.tempDir, `splice-${String(place.uid)}-${project}`, "splice.sock");
}

/** Whether `path` is one of those that `defaultSocketPath` gives outside of the project, where others may come first. */
export function isOutsideProject(path: string, place: Omit<SocketPlace, "projectDir">): boolean {
  const directory = dirname(path);
  const isOurName = /^splice-(?:\d+-)?[0-9a-f]{16}$/.test(basename(directory));
  const parents = [place.tempDir, place.env["XDG_RUNTIME_DIR"] ?? place.tempDir].map((each) => resolve(each));
  return basename(path) === "splice.sock" && isOurName && parents.includes(dirname(directory));
}
