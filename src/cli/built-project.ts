// A built folder as a project: its own configuration, or the one that --config names, with the pools of its manifest.
// Nothing here needs a bundler, unless the file that --config names is TypeScript.

import { resolve } from "node:path";
import type { PoolLaunch } from "../actors/worker-command.js";
import type { ResolvedConfig, ResolvedPool } from "../config/types.js";
import { checkDist, launchFromDist, poolsOfDist } from "../system/dist.js";
import { readArtefact, type DistManifest } from "../system/dist-manifest.js";
import { copiesFolderOf } from "../system/dist-copies.js";
import { runConfigModule } from "./config-module.js";
import { openProject, resolveProject, type Project, type ProjectOptions } from "./project.js";

export interface BuiltProject {
  readonly project: Project;
  readonly config: ResolvedConfig;
  /** How the pools are started. Nothing has been started yet. */
  readonly launches: () => Promise<ReadonlyMap<string, PoolLaunch>>;
  /** How a pool is started from what the folder holds by then. */
  readonly prepare: (pool: ResolvedPool) => Promise<PoolLaunch>;
}

/** @throws DistError when the folder is not one that this runtime built, to the last byte; what openProject throws. */
export async function openBuiltProject(
  distFolder: string,
  options: ProjectOptions,
  defaultWorkers: number,
): Promise<BuiltProject> {
  const dist = resolve(distFolder);
  const manifest = await checkDist(dist);
  const pools = poolsOfDist(dist, manifest, defaultWorkers);
  const project =
    options.config === undefined ? await ownProject(dist, manifest) : await openProject(options);
  const config = await resolveProject({ ...project, folder: dist }, options, defaultWorkers);
  const served = { ...config, pools };
  const launches = async (): Promise<ReadonlyMap<string, PoolLaunch>> => {
    const made = new Map<string, PoolLaunch>();
    for (const pool of served.pools) made.set(pool.name, await launchFromDist(dist, pool, served));
    return made;
  };
  return { project, config: served, launches, prepare: (pool) => launchFromDist(dist, pool, served) };
}

async function ownProject(dist: string, { config }: DistManifest): Promise<Project> {
  if (config === null) return { folder: dist, configFile: null, written: {} };
  const code = (await readArtefact(dist, config)).toString();
  const configFile = resolve(dist, config.file);
  // Beside the copies of the bundles, from where the packages that it imports are found.
  const written = await runConfigModule(configFile, code, await copiesFolderOf(dist));
  return { folder: dist, configFile, written };
}
