// Files by identity instead of by name: whether a name still means the same file, and removing it only then.
// Knows nothing of sockets and locks; both are removed through here.

import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { link, lstat, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "./listen-error.js";

/** The file at a path, not following a symlink; undefined when there is none. */
export async function lstatIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Inode numbers are used again at once; together with the time of the last write they are not. */
export function isSameFile(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.mtimeNs === other.mtimeNs;
}

/** A name beside `path`, of `length` bytes, that nobody else is likely to use. */
export function uniqueBeside(path: string, length = 12): string {
  const name = randomBytes(length).toString("hex");
  return join(dirname(path), (length > 1 ? `.${name}` : name).slice(0, length));
}

/**
 * Removes `path` if it still is `expected`, and says whether it was. The name is moved aside first and looked at then,
 * so that a file put there by somebody else in between is seen and put back, never deleted.
 */
export async function removeExactly(path: string, expected: BigIntStats): Promise<boolean> {
  const current = await lstatIfThere(path);
  if (!current || !isSameFile(current, expected)) return false;
  const aside = uniqueBeside(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
  const moved = await lstatIfThere(aside);
  const isExpected = moved !== undefined && isSameFile(moved, expected);
  if (!isExpected) await putBack(aside, path);
  await unlinkIfThere(aside);
  return isExpected;
}

async function putBack(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path);
  } catch (error) {
    // Taken by a newer file: that one stays.
    if (systemCode(error) !== "EEXIST") throw error;
  }
}

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
