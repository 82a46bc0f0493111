// From a resolved configuration to what each pool runs: bundles functions folders, passes commands through.

import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { type Bundle, bundleFunctions, projectFolderOf } from "../actors/bundle.js";
import { readStates } from "../actors/still-files.js";
import { readWatchedFiles } from "../actors/watched-files.js";
import type { Artefact, PoolLaunch } from "../actors/worker-command.js";
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
  signal?: AbortSignal,
): Promise<PoolLaunch> {
  const { source, watch } = pool;
  if (source.kind === "command") {
    const [program, ...args] = source.command;
    if (watch.length === 0) return { pool, program, args };
    const roots = [...(program.includes("/") ? [resolve(pool.cwd, program)] : []), ...watch];
    const { hash, files } = await readWatchedFiles(roots, signal);
    return { pool, program, args, artefact: { hash, inputs: await readStates(files), watch: roots } };
  }
  const outDir = join(await projectFolderOf(source.folder), ".splice", "build");
  const { file, restore, ...bundle } = await bundleFunctions({
    folder: source.folder,
    outDir,
    pool: pool.name,
  });
  for (const warning of bundle.warnings) onWarning(warning);
  const args = [...source.execArgv, ...functionsArgs(file, config)];
  const artefact = await artefactOf(bundle, source.folder, watch, signal);
  return { pool, program: process.execPath, args, prepare: restore, artefact };
}

/** The bundle, and whatever else the functions are told to be made from. */
async function artefactOf(
  { hash, inputs }: Pick<Bundle, "hash" | "inputs">,
  folder: string,
  watch: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Artefact> {
  if (watch.length === 0) return { hash, inputs: await readStates(inputs), watch: [folder] };
  const watched = await readWatchedFiles(watch, signal);
  return {
    hash: createHash("sha256").update(`${hash} ${watched.hash}`).digest("hex"),
    inputs: await readStates([...inputs, ...watched.files]),
    watch: [folder, ...watch],
  };
}
