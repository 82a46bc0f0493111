// Writes the files of a new project, all of them or none: what was made is removed when one cannot be written or the
// person changes their mind. Never touches what was there before.

import { mkdir, open, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../../errors.js";
import type { ProjectFile } from "./template-files.js";

/** @throws Error with a sentence, or the signal's reason; nothing is left then that it made. */
export async function writeProject(
  folder: string,
  files: readonly ProjectFile[],
  signal: AbortSignal,
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { path, text } of files) {
      signal.throwIfAborted();
      await writeNew(join(folder, path), text, undo);
    }
    signal.throwIfAborted();
  } catch (error) {
    for (const step of undo.reverse()) {
      // What somebody else has put into a folder meanwhile keeps it there.
      await step().catch(() => undefined);
    }
    if (signal.aborted) throw signal.reason;
    throw new Error(
      `The project could not be written to ${folder}, and nothing of it is left there: ${messageOf(error)}.`,
      { cause: error },
    );
  }
}

async function writeNew(file: string, text: string, undo: (() => Promise<void>)[]): Promise<void> {
  const folder = dirname(file);
  const first = await mkdir(folder, { recursive: true });
  if (first !== undefined) undo.push(...foldersBetween(first, folder).map((made) => () => rmdir(made)));
  const handle = await open(file, "wx");
  undo.push(() => unlink(file));
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}

/** From `first` down to `last`, which is inside it or the same. */
function foldersBetween(first: string, last: string): readonly string[] {
  const folders = [last];
  for (let folder = last; folder.length > first.length; folder = dirname(folder))
    folders.push(dirname(folder));
  return folders.reverse();
}
