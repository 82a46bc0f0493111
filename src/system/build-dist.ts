// Builds a folder that is served without this project: bundles and programs by their digests, the manifest, a
// package.json. A worker of each pool is started from it before it takes the place of the one that was there.

import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { BuildError, runBuildCommand } from "../actors/build-command.js";
import { bundleFunctions, projectFolderOf } from "../actors/bundle.js";
import { packagesImportedBy } from "../actors/bundle-imports.js";
import { checkFolders } from "../config/check-folders.js";
import type { Command, PoolConfig, ResolvedConfig, ResolvedPool } from "../config/types.js";
import { messageOf } from "../errors.js";
import { realClock } from "../time.js";
import { version } from "../version.js";
import {
  artefactsFolder,
  hashOf,
  manifestName,
  manifestVersion,
  type Artefact,
  type DistManifest,
  type DistPool,
} from "./dist-manifest.js";
import { distPackage } from "./dist-package.js";
import { readExports } from "./dist-exports.js";
import { replaceFolder } from "./replace-folder.js";

export interface BuildDistOptions {
  /** Its pools' `workers` are 0 where the number is left to the machine that serves. */
  readonly config: ResolvedConfig;
  /** The configuration file as a module; null when there is none. */
  readonly configCode: string | null;
  /** Absolute; nothing, or a folder that was built before. */
  readonly out: string;
  /** What is done next, in a few words. */
  readonly onStep: (step: string) => void;
  readonly onWarning: (sentence: string) => void;
  /** Takes what build commands print. */
  readonly onOutput: (chunk: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What of a pool is known before a worker of it has been started. */
type Unproven = Omit<DistPool, "exports">;

const written = [manifestName, "package.json", artefactsFolder];

/**
 * Resolves with the manifest when the new folder is in its place; the old one stays as it was otherwise. @throws
 * ConfigError for folders that are not there, BuildError, CompileError, StartError; the reason of `signal`.
 */
export async function buildDist(options: BuildDistOptions): Promise<DistManifest> {
  const { config, out, signal } = options;
  await checkFolders(config);
  const replacement = await writing(out, replaceFolder(out, join(config.cwd, ".splice")));
  try {
    const { draft } = replacement;
    await writing(out, mkdir(join(draft, artefactsFolder)));
    const unproven: Unproven[] = [];
    for (const pool of config.pools) unproven.push(await buildPool(pool, draft, options));
    const code = options.configCode;
    const configFile = code === null ? null : await writing(out, write(draft, "config", ".mjs", code));
    const modules = [
      configFile?.file,
      ...unproven.map(({ kind, file }) => (kind === "functions" ? file : null)),
    ];
    const packageText = await distPackage(config.cwd, await importsOf(draft, modules), options.onWarning);
    const manifest = await prove({ config: configFile, pools: unproven }, draft, options);
    await writing(out, writeFile(join(draft, manifestName), textOf(manifest)));
    await writing(out, writeFile(join(draft, "package.json"), packageText));
    for (const name of await readdir(draft))
      if (!written.includes(name)) await rm(join(draft, name), { recursive: true, force: true });
    signal.throwIfAborted();
    await writing(out, replacement.commit(written));
    return manifest;
  } finally {
    await replacement.discard().catch(() => undefined);
  }
}

function textOf(manifest: DistManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

async function importsOf(
  draft: string,
  modules: readonly (string | null | undefined)[],
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const file of modules) {
    if (file === null || file === undefined) continue;
    const code = await readFile(join(draft, file), "utf8");
    for (const name of await packagesImportedBy(code)) found.add(name);
  }
  return [...found];
}

async function buildPool(pool: ResolvedPool, draft: string, options: BuildDistOptions): Promise<Unproven> {
  const { name, source } = pool;
  const common = { name, kind: source.kind, settings: settingsOf(pool, options.config.cwd) };
  if (source.kind === "functions") {
    options.onStep(`compiling the functions of pool ${name}`);
    const outDir = join(await projectFolderOf(source.folder), ".splice", "build");
    const { file, warnings } = await bundleFunctions({
      folder: source.folder,
      outDir,
      pool: name,
      // The one that is installed where the folder is served.
      runtimeWorkerUrl: "splice-runtime/worker",
    });
    for (const warning of warnings) options.onWarning(warning);
    const [text, map] = await Promise.all([readFile(file, "utf8"), readFile(`${file}.map`)]);
    const code = text.replace(/\/\/# sourceMappingURL=[^\n]*\n?$/, "");
    const bundleName = `${name}-${hashOf(code).slice(0, 16)}.mjs`;
    const bundle = await writing(options.out, write(draft, name, ".mjs", code));
    const sourceMap = await writing(options.out, writeAs(draft, `${bundleName}.map`, map));
    return { ...common, ...bundle, sourceMap, commandIndex: null };
  }
  const asItIs = { ...common, file: null, hash: null, sourceMap: null, commandIndex: null };
  if (source.build === undefined) return asItIs;
  options.onStep(`building pool ${name}: ${source.build.join(" ")}`);
  const { onOutput, signal } = options;
  await runBuildCommand({ pool: name, command: source.build, cwd: pool.cwd, onOutput, signal });
  const commandIndex = await madeBy(name, source.command, pool.cwd);
  const made = resolve(pool.cwd, source.command[commandIndex] ?? "");
  const bytes = await readFile(made);
  const artefact = await writing(options.out, write(draft, name, extname(made), bytes));
  await writing(options.out, chmod(join(draft, artefact.file), 0o755));
  return { ...asItIs, ...artefact, commandIndex };
}

/** Which word of the command names the file that was built; what has an absolute path is a program of the machine. */
async function madeBy(pool: string, command: Command, cwd: string): Promise<number> {
  for (const [index, word] of command.entries()) {
    if (isAbsolute(word) || (index === 0 && !word.includes("/"))) continue;
    const found = await stat(resolve(cwd, word)).catch(() => undefined);
    if (found?.isFile() === true) return index;
  }
  throw new BuildError(
    `The build of pool ${pool} has ended, but its command, ${JSON.stringify(command.join(" "))}, names no file in ` +
      `${cwd} by a relative path. Name what is built so: as the program, with a slash, or as an argument.`,
  );
}

/** As a configuration has them, without what is the default anyway or the machine's to say. */
function settingsOf(pool: ResolvedPool, project: string): PoolConfig {
  const { source, link, workers, env, maxCalls, maxRssMb, restartType } = pool;
  const cwd = relative(project, pool.cwd);
  const isInside = cwd !== ".." && !cwd.startsWith(`..${sep}`) && !isAbsolute(cwd);
  return {
    link,
    restartType,
    ...(source.kind === "command" ? { command: source.command } : {}),
    ...(source.kind === "functions" && source.execArgv.length > 0 ? { execArgv: source.execArgv } : {}),
    ...(workers === 0 ? {} : { workers }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(maxCalls === Infinity ? {} : { maxCalls }),
    ...(maxRssMb === Infinity ? {} : { maxRssMb }),
    ...(cwd === "" ? {} : { cwd: isInside ? cwd : pool.cwd }),
  };
}

/** Starts a worker of each pool out of the draft, as it will be started where it is served. */
async function prove(
  parts: { readonly config: Artefact | null; readonly pools: readonly Unproven[] },
  draft: string,
  options: BuildDistOptions,
): Promise<DistManifest> {
  options.onStep("starting a worker of each pool");
  const pools = parts.pools.map((pool) => ({ ...pool, exports: [] }));
  const builtAt = new Date(realClock.wallMs()).toISOString();
  const manifest: DistManifest = {
    manifestVersion,
    runtimeVersion: version,
    builtAt,
    config: parts.config,
    pools,
  };
  await writing(options.out, writeFile(join(draft, manifestName), textOf(manifest)));
  // Where it is served the runtime is installed; here it is the one that builds.
  const packages = join(draft, "node_modules");
  await writing(options.out, mkdir(packages));
  await symlink(fileURLToPath(new URL("../..", import.meta.url)), join(packages, "splice-runtime"));
  const exported = await readExports(draft, manifest, options.config, options.signal);
  return { ...manifest, pools: pools.map((pool) => ({ ...pool, exports: exported.get(pool.name) ?? [] })) };
}

function write(
  draft: string,
  name: string,
  extension: string,
  content: string | Uint8Array,
): Promise<Artefact> {
  return writeAs(draft, `${name}-${hashOf(content).slice(0, 16)}${extension}`, content);
}

async function writeAs(draft: string, name: string, content: string | Uint8Array): Promise<Artefact> {
  const file = `${artefactsFolder}/${name}`;
  await writeFile(join(draft, file), content);
  return { file, hash: hashOf(content) };
}

/** What the file system refuses, as a sentence about the folder that was asked for. */
async function writing<Result>(out: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const isFull = typeof error === "object" && error !== null && "code" in error && error.code === "ENOSPC";
    const advice = isFull
      ? "The disk is full; make room there."
      : "Name a folder that may be made or replaced with --out.";
    throw new BuildError(
      `The built folder cannot be written to ${out}: ${messageOf(error)}. ${advice} What was there is as it was.`,
    );
  }
}
