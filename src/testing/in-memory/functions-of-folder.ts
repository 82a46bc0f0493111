// The functions of a folder, bundled as for a worker and loaded into this process, each time as modules of their own. Knows
// no call.

import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleFunctions, projectFolderOf } from "../../actors/bundle.js";
import { describeLoadFailure } from "../../worker/load-functions.js";
import { createRegistry, type FunctionsModule, type Registry } from "../../worker/registry.js";

let loaded = 0;

export async function functionsOfFolder(path: string): Promise<Registry> {
  const folder = resolve(path);
  const outDir = join(await projectFolderOf(folder), ".splice", "build");
  const { file } = await bundleFunctions({ folder, outDir, pool: "test" });
  loaded += 1;
  try {
    const url = `${pathToFileURL(file).href}?${String(loaded)}`;
    return createRegistry((await import(url)) as FunctionsModule);
  } catch (error) {
    throw new Error(await describeLoadFailure(error, file), { cause: error });
  }
}
