// A folder that takes another one's place as a whole: made ready out of sight, renamed at the end. Until then the old one
// is untouched; what is in the old one besides is taken over.

import { randomBytes } from "node:crypto";
import { cp, lstat, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface Replacement {
  /** Where the new folder is made ready. */
  readonly draft: string;
  /** Puts it in the old one's place. `written` are the entries that are never taken over from the old one. */
  commit(written: readonly string[]): Promise<void>;
  /** Removes what is not in its place. */
  discard(): Promise<void>;
}

/** `workshop` is a folder to work in, made when missing. Rejects when either place cannot be written to. */
export async function replaceFolder(place: string, workshop: string): Promise<Replacement> {
  // A link stays one: what it names is replaced.
  const target = await realpath(place).catch(() => place);
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  const tag = `${String(process.pid)}-${randomBytes(4).toString("hex")}`;
  // On the same file system as the target, and a proof that one may write there, before any work is done.
  const beside = join(parent, `.${basename(target)}.${tag}`);
  await mkdir(beside);
  const draft = join(workshop, `dist-${tag}`);
  const discard = async (): Promise<void> => {
    for (const folder of [draft, beside]) await rm(folder, { recursive: true, force: true });
  };
  try {
    await mkdir(workshop, { recursive: true, mode: 0o700 });
    await mkdir(draft);
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    draft,
    discard,
    async commit(written) {
      await moveInto(draft, beside);
      const old = `${beside}.old`;
      const hasOld = await isThere(target);
      if (hasOld) await rename(target, old);
      try {
        await rename(beside, target);
      } catch (error) {
        if (hasOld) await rename(old, target);
        throw error;
      }
      if (!hasOld) return;
      await takeOver(old, target, written);
      await rm(old, { recursive: true, force: true });
    },
  };
}

/** `to` is empty. */
async function moveInto(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(typeof error === "object" && error !== null && "code" in error && error.code === "EXDEV"))
      throw error;
    await cp(from, to, { recursive: true });
    await rm(from, { recursive: true, force: true });
  }
}

async function takeOver(old: string, target: string, written: readonly string[]): Promise<void> {
  for (const name of await readdir(old)) {
    if (written.includes(name) || (await isThere(join(target, name)))) continue;
    await rename(join(old, name), join(target, name));
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
