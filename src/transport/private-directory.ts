// The directory of a socket: made for us alone when missing, refused when others could put something else in it.
// Knows nothing of sockets.

import type { Stats } from "node:fs";
import { lstat, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ListenError, systemCode } from "./listen-error.js";

/**
 * Makes `directory` with mode 0700 when it is missing and its parent is there. An existing one has to be the user's or root's and closed to
 * other writers; a sticky one such as /tmp passes, since nobody can replace our files there. A symlink is refused
 * unless root made it. Throws ListenError directory-not-private.
 */
export async function ensurePrivateDirectory(directory: string, uid: number): Promise<void> {
  await makeMissing(directory);
  const complaint = await complaintAt(directory, uid);
  if (complaint !== undefined) throw refusal(directory, complaint);
}

/** As complaintAbout, for what lies at the path. Rejects when nothing does, or no directory. */
export async function complaintAt(directory: string, uid: number): Promise<string | undefined> {
  let found = await lstat(directory);
  if (found.isSymbolicLink()) {
    if (found.uid !== 0 || uid === 0) return "is a symbolic link";
    found = await stat(directory);
  }
  if (!found.isDirectory()) {
    const message = `No socket could be made in ${directory}: it is a file, not a directory; choose another --socket.`;
    throw new ListenError("io", directory, message);
  }
  return complaintAbout(found, uid);
}

/** Only the last folder: a mistyped path must not leave a trail of private folders behind. */
async function makeMissing(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT") throw error;
    const message = `The folder ${dirname(directory)} for the socket is not there; create it, or choose another --socket.`;
    throw new ListenError("io", directory, message);
  }
}

/** Why a directory is not private enough for a socket, as the end of a sentence about it; undefined when it is. */
export function complaintAbout(directory: Stats, uid: number): string | undefined {
  if (directory.uid !== uid && directory.uid !== 0) {
    return `belongs to another user (uid ${String(directory.uid)})`;
  }
  const isSticky = (directory.mode & 0o1000) !== 0;
  if ((directory.mode & 0o022) === 0 || isSticky) return undefined;
  return `can be written by others (mode ${(directory.mode & 0o7777).toString(8).padStart(4, "0")})`;
}

function refusal(directory: string, complaint: string): ListenError {
  return new ListenError(
    "directory-not-private",
    directory,
    `The socket directory ${directory} ${complaint}, so somebody else could stand in for this supervisor; ` +
      `make it yours alone (chmod 700) or choose another with --socket.`,
  );
}
