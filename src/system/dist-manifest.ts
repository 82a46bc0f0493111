// manifest.json of a built folder: its shape, and how it is read and held against the files beside it. Knows no
// process and no bundler.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as check from "../config/checks.js";
import type { PoolConfig } from "../config/types.js";
import { ConfigError, messageOf } from "../errors.js";
import type { ExportMetadata } from "../protocol/messages.js";
import { version } from "../version.js";

/** A built folder is not what it should be; the message names the file and says what to do. */
export class DistError extends Error {
  override readonly name = "DistError";
}

export const manifestName = "manifest.json";
export const artefactsFolder = "artefacts";
export const manifestVersion = 1;

/** A file that `splice build` wrote. */
export interface Artefact {
  /** From the built folder, with "/". */
  readonly file: string;
  /** SHA-256 of its bytes, in hexadecimal digits. */
  readonly hash: string;
}

export interface DistExport {
  readonly name: string;
  readonly isStreaming: boolean;
  /** JSON Schemas; {} where nothing is known. */
  readonly params: unknown;
  readonly result: unknown;
}

export interface DistPool {
  readonly name: string;
  readonly kind: "functions" | "command";
  /** What its workers run. Null for a command that is there as it is. */
  readonly file: string | null;
  /** Of `file`; null with it. */
  readonly hash: string | null;
  /** Of a functions pool. */
  readonly sourceMap: Artefact | null;
  /** Where in `settings.command` the file stands; null where it does not. */
  readonly commandIndex: number | null;
  readonly exports: readonly DistExport[];
  /** As in a configuration; paths count from the built folder. */
  readonly settings: PoolConfig;
}

export interface DistManifest {
  readonly manifestVersion: typeof manifestVersion;
  readonly runtimeVersion: string;
  /** ISO 8601. */
  readonly builtAt: string;
  /** The configuration file as a module, for its other keys; null when there was none. */
  readonly config: Artefact | null;
  readonly pools: readonly DistPool[];
}

const buildAnew = "Build it with `splice build`, or copy the whole folder again";

/** The manifest of the folder. @throws DistError when it is missing, broken, or of another runtime. */
export async function readManifest(dist: string): Promise<DistManifest> {
  const file = join(dist, manifestName);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new DistError(`${dist} is no built folder: ${messageOf(error)}. ${buildAnew}.`);
  }
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch (error) {
    throw new DistError(`${file} is cut off or is not JSON: ${messageOf(error)}. ${buildAnew}.`);
  }
  try {
    refuseOtherVersions(file, check.fields("(whole)", written));
    return manifestOf(written);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new DistError(
      `${file} is not as \`splice build\` writes it: ${error.path} must be ${error.expected}. ${buildAnew}.`,
    );
  }
}

/** All files that the manifest names, with their digests. */
export function artefactsOf({ config, pools }: DistManifest): readonly Artefact[] {
  const own = pools.flatMap(({ file, hash, sourceMap }) => [
    ...(file === null || hash === null ? [] : [{ file, hash }]),
    ...(sourceMap === null ? [] : [sourceMap]),
  ]);
  return config === null ? own : [config, ...own];
}

/** The bytes of the file, which are those that were built. @throws DistError when they are not. */
export async function readArtefact(dist: string, artefact: Artefact): Promise<Buffer> {
  const file = join(dist, artefact.file);
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw missing(file, error);
  }
  const hash = hashOf(bytes);
  if (hash !== artefact.hash) throw mismatch(file, hash, artefact.hash);
  return bytes;
}

export function missing(file: string, error: unknown): DistError {
  return new DistError(`${manifestName} names ${file}, but ${messageOf(error)}. ${buildAnew}.`);
}

export function mismatch(file: string, found: string, expected: string): DistError {
  return new DistError(
    `${file} is not the file that was built: its SHA-256 is ${found}, and ${manifestName} says ${expected}. ` +
      `It is not run. ${buildAnew}.`,
  );
}

export function hashOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The export as the manifest has it. */
export function distExport(exported: ExportMetadata): DistExport {
  const { name, isStreaming, paramsSchema, returnSchema } = exported;
  return { name, isStreaming, params: schemaOf(paramsSchema), result: schemaOf(returnSchema) };
}

function schemaOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function refuseOtherVersions(file: string, written: check.Fields): void {
  const found = written["manifestVersion"];
  if (found !== manifestVersion) {
    throw new DistError(
      `${file} has manifestVersion ${JSON.stringify(found)}, but splice-runtime ${version} reads version ` +
        `${String(manifestVersion)}. ${buildAnew}, with the runtime that serves it.`,
    );
  }
  const builtBy = check.text("runtimeVersion", written["runtimeVersion"]);
  if (lineOf(builtBy) === lineOf(version)) return;
  throw new DistError(
    `${file} was built by splice-runtime ${builtBy}, and this is ${version}, another major version. Build it anew ` +
      `with ${version}, or install splice-runtime ${builtBy} in the built folder.`,
  );
}

/** What may change nothing that is relied on: the major version; before 1.0 the minor one with it. */
function lineOf(text: string): string {
  const [major = "", minor = ""] = text.split(".");
  return major === "0" ? `0.${minor}` : major;
}

const manifestKeys = ["manifestVersion", "runtimeVersion", "builtAt", "config", "pools"];
const poolKeys = [
  "name",
  "kind",
  "file",
  "hash",
  "sourceMap",
  "commandIndex",
  "exports",
  "settings",
] as const;

function manifestOf(value: unknown): DistManifest {
  const written = check.knownFields("", value, manifestKeys);
  const pools = written["pools"];
  if (!Array.isArray(pools) || pools.length === 0)
    throw new ConfigError("pools", pools, "a list of at least one pool");
  return {
    manifestVersion,
    runtimeVersion: check.text("runtimeVersion", written["runtimeVersion"]),
    builtAt: check.text("builtAt", written["builtAt"]),
    config: optionalArtefact("config", written["config"]),
    pools: Array.from(pools, (pool: unknown, index) => poolOf(`pools[${String(index)}]`, pool)),
  };
}

/** The settings are checked by whoever resolves them. */
function poolOf(path: string, value: unknown): DistPool {
  const pool = check.knownFields(path, value, poolKeys);
  const { kind, file, hash, commandIndex } = pool;
  if (kind !== "functions" && kind !== "command")
    throw new ConfigError(`${path}.kind`, kind, '"functions" or "command"');
  const artefact = kind === "command" && file === null ? null : artefactOf(path, { file, hash });
  return {
    name: check.nonEmptyText(`${path}.name`, pool["name"], "the name of a pool"),
    kind,
    file: artefact?.file ?? null,
    hash: artefact?.hash ?? null,
    sourceMap: optionalArtefact(`${path}.sourceMap`, pool["sourceMap"]),
    commandIndex: artefact === null || kind === "functions" ? null : indexOf(path, commandIndex),
    exports: Array.isArray(pool["exports"]) ? (pool["exports"] as readonly DistExport[]) : [],
    settings: check.fields(`${path}.settings`, pool["settings"]),
  };
}

function indexOf(path: string, value: unknown): number {
  return check.integer(`${path}.commandIndex`, value, 0, 0, 1_000_000);
}

function optionalArtefact(path: string, value: unknown): Artefact | null {
  return value === undefined || value === null ? null : artefactOf(path, check.fields(path, value));
}

/** Nothing outside of the folder's own files is ever run on account of a manifest. */
function artefactOf(path: string, { file, hash }: check.Fields): Artefact {
  const isOurs = typeof file === "string" && /^artefacts\/(?!\.{1,2}$)[^/\0]+$/.test(file);
  if (!isOurs) throw new ConfigError(`${path}.file`, file, `a file of ${artefactsFolder}/`);
  if (typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash))
    throw new ConfigError(`${path}.hash`, hash, "a SHA-256 of 64 hexadecimal digits");
  return { file, hash };
}
