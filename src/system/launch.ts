// From a resolved configuration to what each pool runs: bundles functions folders, passes commands through.

import { join } from "node:path";
import { bundleFunctions, projectFolderOf } from "../actors/bundle.js";
import { readStates } from "../actors/still-files.js";
import type { PoolLaunch } from "../actors/worker-command.js";
import { checkFolders } from "../config/check-folders.js";
import type { ResolvedConfig, ResolvedPool } from "../config/types.js";
import { functionsArgs } from "./functions-args.js";

/** @throws ConfigError for a folder that is not there; an error naming file, line and excerpt when one does not compile. */
export async function prepareLaunches(
  config: ResolvedConfig,
  onWarning: (sentence: string) => void,
): Promise<ReadonlyMap<string, PoolLaunch>> {
  await checkFolders(config);
  const launches = await Promise.all(config.pools.map((pool) => prepareLaunch(pool, config, onWarning)));
  return new Map(launches.map((launch) => [launch.pool.name, launch]));
}

/** As prepareLaunches, for one pool whose folders are known to be there. */
export async function prepareLaunch(
  pool: ResolvedPool,
  config: Pick<ResolvedConfig, "limits" | "streams" | "dev">,
  onWarning: (sentence: string) => void,
): Promise<PoolLaunch> {
  const { source } = pool;
  if (source.kind === "command") {
    const [program, ...args] = source.command;
    return { pool, program, args };
  }
  const outDir = join(await projectFolderOf(source.folder), ".splice", "build");
  const { file, restore, hash, inputs, warnings } = await bundleFunctions({
    folder: source.folder,
    outDir,
    pool: pool.name,
  });
  for (const warning of warnings) onWarning(warning);
  const args = [...source.execArgv, ...functionsArgs(file, config)];
  const artefact = { hash, inputs: await readStates(inputs), watch: [source.folder] };
  return { pool, program: process.execPath, args, prepare: restore, artefact };
}
