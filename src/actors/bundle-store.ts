// Where bundles lie on disk: written atomically under a name made of pool, folder, content and process, and removed when
// nobody can start a worker from them any more. Knows nothing of esbuild.
//
// The rule of removal. A worker reads its bundle once, when it starts, and only the process that made a bundle
// starts workers from it. So a bundle may go when the process whose pid it carries is gone, or when it is ours and
// older than our last few of its folder: another folder is another system's. A pid that was given to a stranger only keeps a bundle longer, never removes it sooner.

import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface BundleText {
  readonly code: string;
  readonly sourceMap: string;
}

/** Two generations can live at once and a third be starting; one more for a caller that is late. */
const ownBundlesKept = 4;

/** Resolves to the absolute path of the bundle, whose map lies beside it. */
export async function storeBundle(
  outDir: string,
  pool: string,
  folder: string,
  { code, sourceMap }: BundleText,
): Promise<string> {
  // Private from the start: the host socket may come to lie in the same `.splice`, whatever the umask is.
  await mkdir(outDir, { recursive: true, mode: 0o700 });
  const prefix = `${encodeURIComponent(pool)}-`;
  const ownPrefix = `${prefix}${digest(folder).slice(0, 6)}`;
  const name = `${ownPrefix}${digest(code, sourceMap).slice(0, 10)}.${String(process.pid)}.mjs`;
  const file = join(outDir, name);
  await writeWhole(`${file}.map`, sourceMap);
  await writeWhole(file, `${code}//# sourceMappingURL=${encodeURIComponent(name)}.map\n`);
  await removeUnused(outDir, { prefix, ownPrefix, keep: name });
  return file;
}

function digest(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text);
  return hash.digest("hex");
}

/** A reader sees the old file, or the new one, never half of it. */
async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${String(process.pid)}.tmp`;
  await writeFile(draft, text);
  await rename(draft, file);
}

interface Names {
  /** What all bundles of the pool begin with. */
  readonly prefix: string;
  /** What those of the same folder begin with. */
  readonly ownPrefix: string;
  readonly keep: string;
}

async function removeUnused(outDir: string, { prefix, ownPrefix, keep }: Names): Promise<void> {
  const own: { readonly name: string; readonly writtenMs: number }[] = [];
  for (const name of await readdir(outDir)) {
    const pid = ownerOf(name, prefix);
    if (pid === undefined || name === keep) continue;
    if (pid !== process.pid) {
      if (!isAlive(pid)) await removeBundle(outDir, name);
      continue;
    }
    if (!name.startsWith(ownPrefix)) continue;
    const entry = await stat(join(outDir, name)).catch(() => undefined);
    if (entry !== undefined) own.push({ name, writtenMs: entry.mtimeMs });
  }
  own.sort((a, b) => b.writtenMs - a.writtenMs);
  for (const { name } of own.slice(ownBundlesKept - 1)) await removeBundle(outDir, name);
}

/** The pid in the name of a bundle of this pool; undefined for any other file. */
function ownerOf(name: string, prefix: string): number | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const match = /^[0-9a-f]{16}\.(\d+)\.mjs$/.exec(name.slice(prefix.length));
  return match === null ? undefined : Number(match[1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user's.
    return !(typeof error === "object" && error !== null && "code" in error && error.code === "ESRCH");
  }
}

async function removeBundle(outDir: string, name: string): Promise<void> {
  await rm(join(outDir, name), { force: true });
  await rm(join(outDir, `${name}.map`), { force: true });
}
