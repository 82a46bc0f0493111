// Where bundles, and programs that were built, lie on disk: written atomically under a name made of pool, folder, content
// and process, written again when they vanish, and removed when nobody can start a worker from them any more. Knows
// nothing of esbuild.
//
// The rule of removal. A worker reads its bundle once, when it starts, and only the process that made a bundle
// starts workers from it. So a bundle may go when it is ours and older than our last few of its folder (another folder
// is another system's), or when the process whose pid it carries is gone and it is an hour old: a pid that cannot be
// seen may live in another container. Whoever loses a bundle all the same writes it again before the next start.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { messageOf } from "../errors.js";

export interface BundleText {
  readonly code: string;
  readonly sourceMap: string;
}

/** The bundle cannot be written; the message names the file and the reason. */
export class BundleStoreError extends Error {
  override readonly name = "BundleStoreError";
}

export interface StoredBundle {
  /** Absolute path of the bundle, whose map lies beside it. */
  readonly file: string;
  /** Writes both files again if one is missing. Throws BundleStoreError. */
  readonly restore: () => void;
}

/** Two generations can live at once and a third be starting; one more for a caller that is late. */
const ownBundlesKept = 4;

const othersKeptMs = 3_600_000;
const draftsKeptMs = 60_000;

/** Private from the start: the host socket may come to lie in the same `.splice`, whatever the umask is. */
const privately = { recursive: true, mode: 0o700 } as const;
const executable = 0o700;

/**
 * Rejects with BundleStoreError. With `anew` a file that has the bundle's name already is written over, whoever put it
 * there; without, one of the same size is taken for it.
 */
export async function storeBundle(
  outDir: string,
  pool: string,
  folder: string,
  { code, sourceMap }: BundleText,
  { anew = false }: { readonly anew?: boolean } = {},
): Promise<StoredBundle> {
  const prefix = `${encodeURIComponent(pool)}-`;
  const ownPrefix = `${prefix}${digest(folder).slice(0, 6)}`;
  const name = `${ownPrefix}${digest(code, sourceMap).slice(0, 10)}.${String(process.pid)}.mjs`;
  const file = join(outDir, name);
  const texts: readonly (readonly [file: string, text: string])[] = [
    [`${file}.map`, sourceMap],
    [file, `${code}//# sourceMappingURL=${encodeURIComponent(name)}.map\n`],
  ];
  try {
    await mkdir(outDir, privately);
    for (const [each, text] of texts) await (anew ? writeOver(each, text) : writeWhole(each, text));
  } catch (error) {
    throw cannotWrite(folder, file, error);
  }
  await removeUnused(outDir, { prefix, ownPrefix, keep: name });
  return {
    file,
    restore: () => {
      if (texts.every(([each]) => existsSync(each))) return;
      try {
        mkdirSync(outDir, privately);
        for (const [each, text] of texts) writeWholeNow(each, text);
      } catch (error) {
        throw cannotWrite(folder, file, error);
      }
    },
  };
}

export interface ProgramFile {
  /** Where it comes from, for names and sentences. */
  readonly source: string;
  /** Of its bytes, in hexadecimal digits. */
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** The same bytes, should the copy have to be written again. */
  readonly read: () => Uint8Array;
}

/** As storeBundle, for a program that may be executed; it keeps the end of its name, by which some are known. */
export async function storeProgram(
  outDir: string,
  pool: string,
  program: ProgramFile,
): Promise<StoredBundle> {
  const { source, hash, bytes, read } = program;
  const prefix = `${encodeURIComponent(pool)}-`;
  const ownPrefix = `${prefix}${digest(dirname(source)).slice(0, 6)}`;
  const name = `${ownPrefix}${hash.slice(0, 10)}.${String(process.pid)}.run${extname(source)}`;
  const file = join(outDir, name);
  try {
    await mkdir(outDir, privately);
    await writeOver(file, bytes, executable);
  } catch (error) {
    throw cannotWrite(source, file, error);
  }
  await removeUnused(outDir, { prefix, ownPrefix, keep: name });
  return {
    file,
    restore: () => {
      if (existsSync(file)) return;
      const again = read();
      try {
        mkdirSync(outDir, privately);
        writeWholeNow(file, again, executable);
      } catch (error) {
        throw cannotWrite(source, file, error);
      }
    },
  };
}

function cannotWrite(folder: string, file: string, error: unknown): BundleStoreError {
  const isFull = typeof error === "object" && error !== null && "code" in error && error.code === "ENOSPC";
  const advice = isFull
    ? `The disk of ${dirname(file)} is full; make room there and start again.`
    : `${dirname(file)} has to be a folder that may be written to.`;
  return new BundleStoreError(
    `The bundle of ${folder} cannot be written to ${file}: ${messageOf(error)}. ${advice}`,
  );
}

function digest(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text);
  return hash.digest("hex");
}

/** A reader sees the old file, or the new one, never half of it. One that is whole already is only made young. */
async function writeWhole(file: string, text: string): Promise<void> {
  const present = await stat(file).catch(() => undefined);
  if (present?.isFile() === true && present.size === Buffer.byteLength(text)) {
    const now = new Date();
    // Its content is in its name. Should it go just now, restore() brings it back.
    await utimes(file, now, now).catch(() => undefined);
    return;
  }
  await writeOver(file, text);
}

async function writeOver(file: string, text: string | Uint8Array, mode?: number): Promise<void> {
  const draft = draftOf(file);
  try {
    await writeFile(draft, text, mode === undefined ? {} : { mode });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

function writeWholeNow(file: string, text: string | Uint8Array, mode?: number): void {
  const draft = draftOf(file);
  try {
    writeFileSync(draft, text, mode === undefined ? {} : { mode });
    renameSync(draft, file);
  } catch (error) {
    if (existsSync(draft)) rmSync(draft, { force: true });
    throw error;
  }
}

/** Random, since one process may write one bundle several times at once. */
function draftOf(file: string): string {
  return `${file}.${String(process.pid)}.${randomBytes(4).toString("hex")}.tmp`;
}

interface Names {
  /** What all bundles of the pool begin with. */
  readonly prefix: string;
  /** What those of the same folder begin with. */
  readonly ownPrefix: string;
  readonly keep: string;
}

/** Tidies as far as it can: what cannot be removed now harms nobody. */
async function removeUnused(outDir: string, { prefix, ownPrefix, keep }: Names): Promise<void> {
  const own = new Map<string, number>();
  for (const name of await readdir(outDir).catch(() => [])) {
    const file = join(outDir, name);
    const found = partsOf(name, prefix);
    if (found === undefined || found.bundle === keep) continue;
    const { bundle, pid, isDraft } = found;
    const isOurs = pid === process.pid;
    if (isOurs && (isDraft || !name.startsWith(ownPrefix))) continue;
    const writtenMs = (await stat(file).catch(() => undefined))?.mtimeMs;
    if (writtenMs === undefined) continue;
    if (isOurs) own.set(bundle, Math.max(writtenMs, own.get(bundle) ?? 0));
    else if (Date.now() - writtenMs > (isDraft ? draftsKeptMs : othersKeptMs) && !isAlive(pid))
      await remove(file);
  }
  const oldestLast = [...own].sort(([, a], [, b]) => b - a).map(([bundle]) => join(outDir, bundle));
  for (const file of oldestLast.slice(ownBundlesKept - 1)) {
    await remove(file);
    await remove(`${file}.map`);
  }
}

interface NameParts {
  /** The name of the bundle itself, without what its map and its drafts have behind it. */
  readonly bundle: string;
  /** The process that started workers from it, or wrote the draft. */
  readonly pid: number;
  readonly isDraft: boolean;
}

/** What the name of a bundle, a map or a draft of this pool says; undefined for any other file. */
function partsOf(name: string, prefix: string): NameParts | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const match =
    /^([0-9a-f]{16}\.(\d+)\.(?:mjs|run(?:\.[^.]+)?))(?:\.map)?(\.\d+(?:\.[0-9a-f]+)?\.tmp)?$/.exec(
      name.slice(prefix.length),
    );
  if (match === null) return undefined;
  const [, bundle = "", pid, draft] = match;
  return { bundle: `${prefix}${bundle}`, pid: Number(pid), isDraft: draft !== undefined };
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

async function remove(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}
