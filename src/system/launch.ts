// From a resolved configuration to what each pool runs: bundles functions folders, passes commands through.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
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
  making?: (pool: string) => Making,
): Promise<ReadonlyMap<string, PoolLaunch>> {
  await checkFolders(config);
  const failed = new AbortController();
  const preparing = config.pools.map((pool) => {
    const own = making?.(pool.name);
    const signal = AbortSignal.any([failed.signal, ...(own === undefined ? [] : [own.signal])]);
    return prepareLaunch(pool, config, onWarning, own && { ...own, signal });
  });
  try {
    const launches = await Promise.all(preparing);
    return new Map(launches.map((launch) => [launch.pool.name, launch]));
  } catch (error) {
    // What is built for the others is ended first, so that whoever tries again does not find it at work.
    failed.abort(error);
    await Promise.allSettled(preparing);
    throw error;
  }
}

/** How what a pool runs is made anew: with its own `build` command first, where it has one. */
export interface Making {
  readonly signal: AbortSignal;
  /** Takes what the command prints; no more is read before it has resolved. */
  readonly onOutput: (chunk: Uint8Array) => Promise<void>;
}

/** As prepareLaunches, for one pool whose folders are known to be there. */
export async function prepareLaunch(
  pool: ResolvedPool,
  config: Pick<ResolvedConfig, "limits" | "streams" | "dev">,
  onWarning: (sentence: string) => void,
  making?: Making,
): Promise<PoolLaunch> {
  const { source, watch } = pool;
  const signal = making?.signal;
  if (source.kind === "command") {
    if (making !== undefined && source.build !== undefined) {
      // Loaded here, so that whoever builds nothing does not load it.
      const { runBuildCommand } = await import("../actors/build-command.js");
      await runBuildCommand({ pool: pool.name, command: source.build, cwd: pool.cwd, ...making });
    }
    const [program, ...args] = source.command;
    if (watch.length === 0 && source.build === undefined) return { pool, program, args };
    // What is built is compared; as an input or where changes are watched, each build of it would be one.
    const isBuilt = source.build !== undefined;
    const named = isBuilt ? source.command.slice(1) : [];
    const own = [program, ...named].filter((word) =>
      word === program ? word.includes("/") : isFile(pool.cwd, word),
    );
    const roots = [...own.map((word) => resolve(pool.cwd, word)), ...(isBuilt ? [] : watch)];
    const { hash, files } = await readWatchedFiles(roots, signal);
    const artefact = isBuilt
      ? { hash, inputs: await readStates([]), watch }
      : { hash, inputs: await readStates(files), watch: roots };
    return { pool, program, args, artefact };
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

function isFile(cwd: string, word: string): boolean {
  return statSync(resolve(cwd, word), { throwIfNoEntry: false })?.isFile() === true;
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
