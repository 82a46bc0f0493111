// Looks into a functions folder: which files it has for the bundle, and which project it belongs to. Reads
// directories only, never a file's content.

import { access, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import {
  checkFiles,
  FunctionNamesError,
  isFunctionFile,
  isFunctionFolder,
} from "../contract/function-names.js";

/**
 * The function files of the folder, as sorted relative paths with "/". Rejects with a sentence when the folder is
 * missing or empty, or when two files stand for one namespace.
 */
export async function listFunctionFiles(folder: string): Promise<readonly string[]> {
  const root = resolve(folder);
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    const what = found === undefined ? "does not exist" : "is no folder";
    throw new FunctionNamesError(`The functions folder ${root} ${what}. Create it, ${whatToPutThere}`);
  }
  const paths = (await walk(root, "", [])).sort();
  if (paths.length === 0) {
    throw new FunctionNamesError(
      `The functions folder ${root} holds no function files. In it, ${whatToPutThere}`,
    );
  }
  const prefix = `${basename(root)}/`;
  checkFiles(paths, prefix);
  return paths;
}

const whatToPutThere =
  "put a file such as math.ts with `export function add({ a, b }: { a: number; b: number }) { return a + b; }`: " +
  'it can then be called as "math.add".';

/** `above` are the real paths of the folders on the way down: a link back to one of them is not followed. */
async function walk(root: string, inside: string, above: readonly string[]): Promise<string[]> {
  const here = await realpath(join(root, inside));
  if (above.includes(here)) return [];
  const paths: string[] = [];
  for (const { name } of await readdir(here, { withFileTypes: true })) {
    const path = inside === "" ? name : `${inside}/${name}`;
    // A link counts as what it points to; one that points nowhere is nothing.
    const entry = await stat(join(root, path)).catch(() => undefined);
    if (entry?.isDirectory() === true) {
      if (isFunctionFolder(name)) paths.push(...(await walk(root, path, [...above, here])));
    } else if (entry?.isFile() === true && isFunctionFile(name)) {
      paths.push(path);
    }
  }
  return paths;
}

/**
 * The folder of the nearest package.json at or above the functions folder, else the folder that holds it. Bundles
 * belong below it (`.splice/build`), since the packages that functions import are looked up from the bundle.
 */
export async function projectFolderOf(functionsFolder: string): Promise<string> {
  const start = resolve(functionsFolder);
  for (let folder = start; ; folder = dirname(folder)) {
    const hasPackage = await access(join(folder, "package.json")).then(
      () => true,
      () => false,
    );
    if (hasPackage) return folder;
    if (dirname(folder) === folder) return dirname(start);
  }
}
