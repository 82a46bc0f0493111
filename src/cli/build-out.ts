// Which folder `splice build` may replace: none that holds anything but what a build wrote.

import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { ResolvedConfig } from "../config/types.js";
import { manifestName } from "../system/dist-manifest.js";
import { UsageError } from "./exit.js";

/** The absolute path of the folder to build. @throws UsageError when it may not be replaced. */
export async function checkOut(out: string, project: string, config: ResolvedConfig): Promise<string> {
  const place = resolve(out);
  const target = await realOf(place);
  if (contains(target, await realOf(project)))
    throw new UsageError(
      `--out is ${place}, which holds the project itself; name a folder of its own, such as ${join(project, "dist")}.`,
    );
  for (const { source } of config.pools) {
    if (source.kind !== "functions") continue;
    const functions = await realOf(source.folder);
    if (contains(functions, target) || contains(target, functions))
      throw new UsageError(
        `--out is ${place}, which is not apart from the functions in ${source.folder}; name a folder elsewhere.`,
      );
  }
  await refuseOthers(place);
  return place;
}

async function refuseOthers(place: string): Promise<void> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory())
    throw new UsageError(`--out is ${place}, which is a file; name a folder, or remove it.`);
  const names = await readdir(place);
  if (names.length === 0 || (await isOfBuild(join(place, manifestName)))) return;
  throw new UsageError(
    `--out is ${place}, which holds ${names.slice(0, 3).join(", ")} but no ${manifestName} of a build, so no build wrote it, ` +
      "and it is not replaced. Name another folder, or remove this one.",
  );
}

/** Of whichever version; other tools write files of that name as well. */
async function isOfBuild(manifest: string): Promise<boolean> {
  try {
    const written: unknown = JSON.parse(await readFile(manifest, "utf8"));
    return (
      typeof written === "object" && written !== null && "manifestVersion" in written && "pools" in written
    );
  } catch {
    return false;
  }
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
}

/** The real path of what is there; of what is not, from its nearest folder that is. */
async function realOf(path: string): Promise<string> {
  for (let there = path; ; there = dirname(there)) {
    const real = await realpath(there).catch(() => undefined);
    if (real !== undefined) return resolve(real, relative(there, path));
    if (dirname(there) === there) return path;
  }
}
