// What files hold, as one hash: of a worker's program and of what its pool is told to watch. Waits until they lie still,
// so that what somebody is writing is not taken for what is to run.

import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { realClock } from "../time.js";

export interface WatchedFiles {
  /** SHA-256, in hexadecimal digits. */
  readonly hash: string;
  /** Absolute, sorted. */
  readonly files: readonly string[];
}

/** A linker or a copy writes on within this time; what was put in place whole, by a rename, need not wait for it. */
const stillMs = 500;

/** Folders are read with all below them, but for what begins with a dot, ends in ~ or is node_modules. What is not there counts as that. */
export async function readWatchedFiles(
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<WatchedFiles> {
  for (;;) {
    const files = (await Promise.all(paths.map((path) => filesOf(path)))).flat().sort();
    const before = await Promise.all(files.map(lookAt));
    const leftMs = Math.max(0, ...before.map((look) => look.leftMs));
    if (leftMs > 0) await sleep(leftMs, undefined, { signal });
    const hash = createHash("sha256");
    for (const file of files) {
      const content = await readFile(file).catch(() => null);
      hash.update(`${file}\0${content === null ? "absent" : String(content.length)}\0`);
      if (content !== null) hash.update(content);
    }
    const after = await Promise.all(files.map(lookAt));
    if (after.every(({ state }, at) => state === before[at]?.state))
      return { hash: hash.digest("hex"), files };
  }
}

interface Look {
  /** Another when it has changed. */
  readonly state: string;
  readonly leftMs: number;
}

async function lookAt(file: string): Promise<Look> {
  const found = await stat(file).catch(() => null);
  if (found === null) return { state: "absent", leftMs: 0 };
  const { mtimeMs, ctimeMs, size, ino } = found;
  // Writing sets both times; a rename, or whatever is done to a file that is finished, the second alone.
  const isPlaced = ctimeMs > mtimeMs;
  const ageMs = Math.max(0, realClock.wallMs() - mtimeMs);
  return {
    state: [mtimeMs, size, ino].join(" "),
    leftMs: isPlaced ? 0 : Math.max(0, stillMs - ageMs),
  };
}

/** Links count as what they name; `above` are the folders on the way, as they really are, so that none is gone round in. */
async function filesOf(path: string, above: readonly string[] = []): Promise<readonly string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [path];
  const real = await realpath(path).catch(() => path);
  if (above.includes(real)) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const below = entries.filter(
    ({ name }) => !name.startsWith(".") && !name.endsWith("~") && name !== "node_modules",
  );
  const files = await Promise.all(
    below.map(async (entry): Promise<readonly string[]> => {
      const inside = join(path, entry.name);
      if (entry.isDirectory() || entry.isSymbolicLink()) return filesOf(inside, [...above, real]);
      return entry.isFile() ? [inside] : [];
    }),
  );
  return files.flat();
}
