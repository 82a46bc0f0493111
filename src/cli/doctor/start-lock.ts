// Who is starting here? Reads the lock under which a socket path changes hands; takes and removes nothing.

import { lstat, readFile } from "node:fs/promises";
import { messageOf } from "../../errors.js";
import { isRunning } from "../process-life.js";
import { fail, type Finding, warn } from "./finding.js";
import { modeOf } from "./mode.js";

/** `path` is that of the socket. Nothing is found where there is no lock, which is nearly always. */
export async function lookAtStartLock(path: string): Promise<readonly Finding[]> {
  const name = "start lock";
  const lock = `${path}.lock`;
  const found = await lstat(lock).catch(() => undefined);
  if (found === undefined) return [];
  if (!found.isFile()) return [fail(name, `${lock} is not a plain file; move it away.`)];
  try {
    const pid = Number((await readFile(lock, "utf8")).trim());
    const owner = `(mode ${modeOf(found.mode)}, uid ${found.uid})`;
    return [warn(name, `${holderOf(lock, pid)} ${owner}`)];
  } catch (error) {
    return [fail(name, messageOf(error))];
  }
}

function holderOf(lock: string, pid: number): string {
  if (!Number.isSafeInteger(pid) || pid <= 0)
    return `${lock} says not who holds it; the next start waits for 5 s at most.`;
  if (isRunning(pid)) return `${lock} is held by pid ${pid}, which is starting, or stopping, just now.`;
  return `${lock} was left by pid ${pid}, which is gone; the next start waits for 5 s at most.`;
}
