// The lock under which a socket path changes hands: a file made exclusively, held for milliseconds, taken from an
// owner that died holding it once it is older than any start takes. Knows nothing of sockets.

import type { BigIntStats } from "node:fs";
import { open } from "node:fs/promises";
import { lstatIfThere, removeExactly } from "./exact-file.js";
import type { Clock } from "../time.js";
import { ListenError, systemCode } from "./listen-error.js";

/** Held for a few file operations; five seconds is a thousand times that. */
const staleAfterMs = 5_000;

export interface StartLock {
  /** Removes the lock, unless somebody took it because we were too slow. */
  release(): Promise<void>;
}

/** One attempt; undefined when another process holds the lock. A stale lock is removed for the next attempt. */
export async function tryStartLock(path: string, clock: Clock): Promise<StartLock | undefined> {
  const made = await makeLock(path);
  if (!made) {
    await removeIfStale(path, clock);
    return undefined;
  }
  return {
    async release() {
      await removeExactly(path, made);
    },
  };
}

async function makeLock(path: string): Promise<BigIntStats | undefined> {
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(`${String(process.pid)}\n`);
      return await file.stat({ bigint: true });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === "EEXIST") return undefined;
    throw error;
  }
}

async function removeIfStale(path: string, clock: Clock): Promise<void> {
  const held = await lstatIfThere(path);
  if (!held) return;
  if (!held.isFile()) {
    throw new ListenError(
      "io",
      path,
      `The start lock ${path} is not a plain file; move it away and start again.`,
    );
  }
  // Either way round: a clock that was set back must not make a lock live for ever.
  const ageMs = Math.abs(clock.wallMs() - Number(held.mtimeMs));
  if (ageMs > staleAfterMs) await removeExactly(path, held);
}
