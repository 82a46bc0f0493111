// Whether a process of this machine is still there. Looks only.

import { readFileSync } from "node:fs";

/** False once it has ended, even when its parent has not yet taken note. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user's.
    return typeof error === "object" && error !== null && "code" in error && error.code === "EPERM";
  }
  return !isZombie(pid);
}

/** Linux tells; elsewhere a process counts as running until its parent has taken note of its end. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // "pid (name) S …", where the name may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
