// What is at a socket path: nothing, a server that answers, a socket whose server died, or a file that is not ours
// to touch. Looks only; changes nothing.

import type { BigIntStats } from "node:fs";
import { connect } from "node:net";
import { messageOf } from "../errors.js";
import { lstatIfThere } from "./exact-file.js";
import { ListenError, systemCode } from "./listen-error.js";

export type SocketPresence =
  | { readonly type: "missing" }
  | { readonly type: "live" }
  | { readonly type: "stale"; readonly file: BigIntStats };

/** Throws ListenError not-a-socket for any other kind of file, and permission or io when it cannot tell. */
export async function probeSocket(path: string): Promise<SocketPresence> {
  const file = await lstatIfThere(path);
  if (!file) return { type: "missing" };
  if (!file.isSocket()) throw notASocket(path, file);
  const failure = await tryConnect(path);
  switch (failure === undefined ? undefined : systemCode(failure)) {
    case undefined:
    case "EAGAIN": // its queue of connections is full: busy, not dead
      return { type: "live" };
    case "ECONNREFUSED":
      return { type: "stale", file };
    case "ENOENT":
      return { type: "missing" };
    case "EPROTOTYPE":
      throw new ListenError(
        "not-a-socket",
        path,
        `${path} is a socket of another kind; choose another --socket.`,
      );
    case "EACCES":
    case "EPERM":
      throw new ListenError(
        "permission",
        path,
        `${path} is a socket of another user; choose another --socket.`,
        failure,
      );
    default:
      throw new ListenError("io", path, `${path} could not be tried: ${messageOf(failure)}.`, failure);
  }
}

function tryConnect(path: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", resolve);
  });
}

function notASocket(path: string, file: BigIntStats): ListenError {
  const kind = file.isSymbolicLink()
    ? "a symbolic link"
    : file.isDirectory()
      ? "a directory"
      : file.isFile()
        ? "a regular file"
        : "a special file";
  return new ListenError(
    "not-a-socket",
    path,
    `${path} is ${kind}, not a socket, and was left untouched; move it away or choose another --socket.`,
  );
}
