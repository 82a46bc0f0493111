// Where the private copies of a built folder's files go: into its `.splice`, or, where nothing may be written there, to a
// folder of this user's from which the same packages are found. Knows nothing of what is copied.

import { createHash } from "node:crypto";
import { access, constants, mkdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { complaintAt } from "../transport/private-directory.js";
import { DistError } from "./dist-manifest.js";

/** Absolute, and made. Rejects when there is no place at all. */
export async function copiesFolderOf(dist: string): Promise<string> {
  const own = join(dist, ".splice", "build");
  try {
    await mkdir(own, { recursive: true, mode: 0o700 });
    await access(own, constants.W_OK);
    return own;
  } catch {
    // A file system that is read-only, or a folder of another user.
    return foreignFolder(dist);
  }
}

async function foreignFolder(dist: string): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const digest = createHash("sha256").update(dist).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `splice-dist-${String(uid)}-${digest}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Under a folder where all may write another user may have been first.
  const complaint = await complaintAt(folder, uid);
  if (complaint !== undefined)
    throw new DistError(`${dist} cannot be written to, and ${folder} ${complaint}; remove that.`);
  const packages = await packagesOf(dist);
  const link = join(folder, "node_modules");
  // Made anew, since the folder may have been installed since.
  await rm(link, { force: true });
  if (packages !== null) await symlink(packages, link);
  return folder;
}

/** The nearest node_modules at or above the folder. */
async function packagesOf(dist: string): Promise<string | null> {
  for (let folder = dist; ; folder = dirname(folder)) {
    const packages = join(folder, "node_modules");
    const found = await stat(packages).catch(() => undefined);
    if (found?.isDirectory() === true) return packages;
    if (dirname(folder) === folder) return null;
  }
}
