// How much memory a process of this machine holds. Looks only; Linux alone tells.

import { readFileSync } from "node:fs";

/** Resident bytes: the second number of /proc/<pid>/statm, in pages of 4 KiB; null where the platform does not tell. */
export function rssBytesOf(pid: number): number | null {
  try {
    const pages = Number(readFileSync(`/proc/${String(pid)}/statm`, "utf8").split(" ")[1]);
    return Number.isFinite(pages) ? pages * 4096 : null;
  } catch {
    return null;
  }
}
