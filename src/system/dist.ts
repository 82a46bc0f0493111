// What the pools of a built folder run: each file is read once, its digest compared, and a private copy of the very bytes
// that were compared is what workers are started from. Needs no bundler, and starts nothing itself.

import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { storeBundle, storeProgram, type StoredBundle } from "../actors/bundle-store.js";
import type { Artefact, PoolLaunch } from "../actors/worker-command.js";
import { checkFolder } from "../config/check-folders.js";
import { resolvePool } from "../config/resolve-pools.js";
import type { ResolvedConfig, ResolvedPool } from "../config/types.js";
import { ConfigError, messageOf } from "../errors.js";
import { copiesFolderOf } from "./dist-copies.js";
import {
  artefactsOf,
  DistError,
  hashOf,
  manifestName,
  mismatch,
  missing,
  readArtefact,
  readManifest,
  type DistManifest,
  type DistPool,
} from "./dist-manifest.js";
import { functionsArgs } from "./functions-args.js";

/** Of a built folder: which bytes the workers run. */
export interface DistLaunch extends PoolLaunch {
  /** SHA-256 in hexadecimal digits: of the file, or of the words of a command that is there as it is. */
  readonly hash: string;
}

/** The manifest, every file of which was found to be the one that was built. @throws DistError for the first that is not. */
export async function checkDist(distFolder: string): Promise<DistManifest> {
  const manifest = await readManifest(distFolder);
  for (const artefact of artefactsOf(manifest)) await readArtefact(distFolder, artefact);
  return manifest;
}

/** The pools that were built, as `serve` runs them. @throws DistError when the settings of one make no sense. */
export function poolsOfDist(
  distFolder: string,
  manifest: DistManifest,
  defaultWorkers: number,
): readonly ResolvedPool[] {
  const dist = resolve(distFolder);
  return manifest.pools.map(({ name, kind, settings }, index) => {
    const path = `pools[${String(index)}].settings`;
    const written = kind === "functions" ? { ...settings, functions: dist } : settings;
    try {
      return resolvePool(path, name, written, undefined, { cwd: dist, defaultWorkers });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new DistError(`${join(dist, manifestName)}: ${error.path} must be ${error.expected}.`);
    }
  });
}

/**
 * How the workers of `pool` are started from what the folder holds now. @throws DistError when the folder is none, does
 * not have the pool, or a file is not the one that was built; BundleStoreError when its copy cannot be written.
 */
export async function launchFromDist(
  distFolder: string,
  pool: ResolvedPool,
  config: Pick<ResolvedConfig, "limits" | "streams" | "dev">,
): Promise<DistLaunch> {
  const dist = resolve(distFolder);
  const manifest = await readManifest(dist);
  const built = manifest.pools.find(({ name }) => name === pool.name);
  if (built === undefined) {
    const names = manifest.pools.map(({ name }) => name).join(", ");
    throw new DistError(`${join(dist, manifestName)} has no pool ${pool.name}; its pools are ${names}.`);
  }
  await prepareCwd(dist, pool);
  const outDir = await copiesFolderOf(dist);
  if (pool.source.kind === "command") return launchCommand(dist, outDir, pool, built, pool.source.command);
  const { code, sourceMap, hash } = await readBundle(dist, built);
  const { file, restore } = await storeBundle(outDir, pool.name, dist, { code, sourceMap }, { anew: true });
  const args = [...pool.source.execArgv, ...functionsArgs(file, config)];
  return { pool, program: process.execPath, args, prepare: restore, hash, artefact: artefactOf(hash) };
}

async function readBundle(
  dist: string,
  { name, file, hash, sourceMap }: DistPool,
): Promise<{ readonly code: string; readonly sourceMap: string; readonly hash: string }> {
  if (file === null || hash === null || sourceMap === null)
    throw new DistError(`${join(dist, manifestName)} names no bundle and source map for pool ${name}.`);
  const text = (await readArtefact(dist, { file, hash })).toString();
  const map = await readArtefact(dist, sourceMap);
  // The copy gets a line of its own for where its map is.
  return { code: text.replace(/\/\/# sourceMappingURL=[^\n]*\n?$/, ""), sourceMap: map.toString(), hash };
}

async function launchCommand(
  dist: string,
  outDir: string,
  pool: ResolvedPool,
  { file, hash, commandIndex }: DistPool,
  command: readonly string[],
): Promise<DistLaunch> {
  const words = [...command];
  let stored: StoredBundle | null = null;
  if (file !== null && hash !== null && commandIndex !== null) {
    const source = join(dist, file);
    const bytes = await readArtefact(dist, { file, hash });
    const read = (): Uint8Array => readAgain(source, hash);
    stored = await storeProgram(outDir, pool.name, { source, hash, bytes, read });
    words[commandIndex] = stored.file;
  }
  const [program = "", ...args] = words;
  const digest = hash ?? hashOf(JSON.stringify(command));
  const launch = { pool, program, args, hash: digest, artefact: artefactOf(digest) };
  return stored === null ? launch : { ...launch, prepare: stored.restore };
}

/** What was compared was read at once, and is watched by nobody. */
function artefactOf(hash: string): Artefact {
  return { hash, inputs: new Map(), watch: [] };
}

/** A working directory inside of the folder need not have been copied along; one elsewhere has to be there. */
async function prepareCwd(dist: string, { name, cwd }: ResolvedPool): Promise<void> {
  if (cwd === dist || cwd.startsWith(`${dist}${sep}`))
    await mkdir(cwd, { recursive: true }).catch(() => undefined);
  await checkFolder(`pools.${name}.cwd`, cwd);
}

/** For a worker that is started when the copy has gone: what lies there now may be another build. */
function readAgain(file: string, hash: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw missing(file, messageOf(error));
  }
  const found = hashOf(bytes);
  if (found !== hash) throw mismatch(file, found, hash);
  return bytes;
}
