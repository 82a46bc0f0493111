// Can each pool be started? Compiles folders of functions as a start would, and looks for the programs of commands;
// runs neither.

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { bundleFunctions, projectFolderOf } from "../../actors/bundle.js";
import { listFunctionFiles } from "../../actors/functions-folder.js";
import { checkFolders } from "../../config/check-folders.js";
import type { ResolvedConfig, ResolvedPool } from "../../config/types.js";
import { messageOf } from "../../errors.js";
import { fail, type Finding, ok, warn } from "./finding.js";

export async function lookAtPools(config: ResolvedConfig): Promise<readonly Finding[]> {
  const found = await Promise.all(config.pools.map((pool) => lookAtPool(config, pool)));
  return found.flat();
}

async function lookAtPool(config: ResolvedConfig, pool: ResolvedPool): Promise<readonly Finding[]> {
  const name = `pool ${pool.name}`;
  try {
    await checkFolders({ ...config, pools: [pool] });
    const { source } = pool;
    if (source.kind === "command") return [await lookAtProgram(name, source.command[0], pool)];
    const files = await listFunctionFiles(source.folder);
    const outDir = join(await projectFolderOf(source.folder), ".splice", "build");
    const { warnings } = await bundleFunctions({ folder: source.folder, outDir, pool: pool.name });
    const count = files.length === 1 ? "the one file" : `the ${files.length} files`;
    return [
      ok(name, `${count} of ${source.folder} ${files.length === 1 ? "compiles" : "compile"}.`),
      ...warnings.map((warning) => warn(name, warning)),
    ];
  } catch (error) {
    return [fail(name, messageOf(error))];
  }
}

async function lookAtProgram(name: string, program: string, pool: ResolvedPool): Promise<Finding> {
  const path = pool.env["PATH"] ?? process.env["PATH"] ?? "";
  const places = program.includes("/")
    ? [resolve(pool.cwd, program)]
    : path.split(delimiter).map((folder) => resolve(folder, program));
  for (const place of places) if (await isProgram(place)) return ok(name, `its program is ${place}.`);
  const where = program.includes("/") ? `at ${places.join("")}` : `${JSON.stringify(program)} on PATH`;
  return fail(name, `there is no program ${where} that may be run.`);
}

async function isProgram(place: string): Promise<boolean> {
  try {
    await access(place, constants.X_OK);
    return (await stat(place)).isFile();
  } catch {
    return false;
  }
}
