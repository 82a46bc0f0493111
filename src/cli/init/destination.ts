// Whether a new project can be made in a folder: what lies there already, and what of it is in the way. Writes nothing.

import { readdir } from "node:fs/promises";
import { messageOf } from "../../errors.js";
import { UsageError } from "../exit.js";

/** What a project may have before it has any file: its history, and what a hosting service puts into a new one. */
const tolerated = /^(\.git|(readme|licen[cs]e)(\..*)?)$/i;
const mostNamed = 3;

/** What is there and may stay. @throws UsageError naming what is in the way. */
export async function contentsOf(folder: string): Promise<readonly string[]> {
  const names = await readNames(folder);
  const inTheWay = names.filter((name) => !tolerated.test(name)).sort();
  if (inTheWay.length > 0) {
    const rest = inTheWay.length - mostNamed;
    const named = [...inTheWay.slice(0, mostNamed), ...(rest > 0 ? [`${String(rest)} more`] : [])];
    throw new UsageError(
      `The folder ${folder} is not empty: it holds ${named.join(", ")}. ` +
        "Name a new folder, as in `splice init my-app`; only .git, a README and a LICENSE may be there already.",
    );
  }
  return names;
}

async function readNames(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") throw new UsageError(`${folder} is no folder. Name one that is new or empty.`);
    throw new UsageError(`The folder ${folder} cannot be read: ${messageOf(error)}.`);
  }
}
