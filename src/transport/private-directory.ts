// The directory of a socket: made for us alone when missing, refused when others could put something else in it.
// Knows nothing of sockets.

import type { Stats } from "node:fs";
import { lstat, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ListenError, systemCode } from "./listen-error.js";

/**
 * Makes `directory` with mode 0700 where it is missing. An existing one has to be the user's or root's and closed to
 * other writers; a sticky one such as /tmp passes, since nobody can replace our files there. A symlink is refused
 * unless root made it. Throws ListenError directory-not-private.
 */
export async function ensurePrivateDirectory(directory: string, uid: number): Promise<void> {
  await makeMissing(directory);
  let found = await lstat(directory);
  if (found.isSymbolicLink()) {
    if (found.uid !== 0 || uid === 0) throw refusal(directory, "is a symbolic link");
    found = await stat(directory);
  }
  if (!found.isDirectory()) {
    const message = `No socket could be made in ${directory}: it is a file, not a directory; choose another --socket.`;
    throw new ListenError("io", directory, message);
  }
  const complaint = complaintAbout(found, uid);
  if (complaint !== undefined) throw refusal(directory, complaint);
}

/** Folder by folder: Node's own recursive mkdir never ends below a folder that takes none, such as /proc. */
async function makeMissing(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return;
    const parent = dirname(directory);
    if (code !== "ENOENT" || parent === directory || (await isThere(parent))) throw error;
    await makeMissing(parent);
    await makeMissing(directory);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

function complaintAbout(directory: Stats, uid: number): string | undefined {
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
