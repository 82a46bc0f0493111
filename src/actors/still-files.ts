// Whether files lie still: what a build read must not be half of what somebody is writing. Reads their size and time
// alone, never their content.

import { stat } from "node:fs/promises";

export interface FileState {
  readonly sizeBytes: number;
  readonly changedAtMs: number;
  readonly inode: number;
}

/** By path; null for one that is not there. */
export type FileStates = ReadonlyMap<string, FileState | null>;

/**
 * A file that has become smaller may have been emptied to be written anew, so that it has to lie still for so long: who
 * empties a file fills it sooner.
 */
export const shrunkSettleMs = 400;

export async function readStates(paths: Iterable<string>): Promise<FileStates> {
  const states = await Promise.all(
    [...paths].map(async (path): Promise<readonly [string, FileState | null]> => {
      const found = await stat(path).catch(() => null);
      if (found === null) return [path, null];
      return [path, { sizeBytes: found.size, changedAtMs: found.mtimeMs, inode: found.ino }];
    }),
  );
  return new Map(states);
}

/** True when no file that both know has changed from one to the other. */
export function areSame(before: FileStates, after: FileStates): boolean {
  for (const [path, state] of after) {
    const old = before.get(path);
    if (old === undefined || old === state) continue;
    if (old === null || state === null) return false;
    if (
      old.sizeBytes !== state.sizeBytes ||
      old.changedAtMs !== state.changedAtMs ||
      old.inode !== state.inode
    )
      return false;
  }
  return true;
}

/**
 * How long files have to lie still yet, in milliseconds, since one of them is smaller than it was when it was last good,
 * or gone; 0 when they may be taken as they are. A file that was put in place whole, by a rename, may be.
 */
export function unsettledMs(good: FileStates, now: FileStates, nowMs: number): number {
  let left = 0;
  for (const [path, state] of now) {
    const old = good.get(path);
    if (old == null || state === null) continue;
    if (state.sizeBytes >= old.sizeBytes || state.inode !== old.inode) continue;
    left = Math.max(left, state.changedAtMs + shrunkSettleMs - nowMs);
  }
  return Math.max(0, left);
}
