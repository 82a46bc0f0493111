// What a command knows of the project it runs in: the configuration file, if any, what is in it, and where the
// supervisor's socket is. Flags win over the file, the file over the defaults.

import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import type { ResolvedConfig } from "../config/types.js";
import { ConfigError } from "../errors.js";
import { defaultSocketPath, socketPathRefusal } from "../transport/socket-path.js";
import { UsageError } from "./exit.js";

export interface ProjectOptions {
  readonly socket?: string;
  readonly config?: string;
}

export interface Project {
  /** Absolute: the configuration file's folder, or the working directory. Relative paths start here. */
  readonly folder: string;
  readonly configFile: string | null;
  /** As it was written; unchecked. */
  readonly written: unknown;
}

/** @throws UsageError when the configuration file is missing, does not compile or throws. */
export async function openProject(options: ProjectOptions): Promise<Project> {
  const cwd = process.cwd();
  const { findConfigFile, loadConfigFile } = await import("./config-file.js");
  const configFile = await findConfigFile(options.config, cwd);
  if (configFile === null) return { folder: cwd, configFile, written: {} };
  return { folder: dirname(configFile), configFile, written: await loadConfigFile(configFile) };
}

/** @throws ConfigError naming the file; UsageError for a socket path that no socket can have. */
export async function resolveProject(
  project: Project,
  options: ProjectOptions,
  defaultWorkers: number,
): Promise<ResolvedConfig> {
  const { resolveConfig } = await import("../config/resolve.js");
  const { folder: cwd, written } = project;
  const config = await namingFile(project, () =>
    resolveConfig(written, { cwd, defaultWorkers, defaultSocket: projectSocket(cwd) }),
  );
  const socket = options.socket === undefined ? config.socket : resolve(options.socket);
  if (socket !== false) refuseBadPath(socket);
  return { ...config, socket };
}

/** Where the supervisor of this project listens. A --socket is taken as it is, without a look into any file. */
export async function findSocket(options: ProjectOptions): Promise<string> {
  if (options.socket !== undefined) {
    const socket = resolve(options.socket);
    refuseBadPath(socket);
    return socket;
  }
  const project = await openProject(options);
  return socketOf(project, await resolveProject(project, options, 1));
}

/** @throws ConfigError when the configuration says that there is no socket. */
export function socketOf(project: Project, { socket }: ResolvedConfig): string {
  if (socket !== false) return socket;
  const expected = "the path of a socket, without which no command can reach the supervisor";
  throw new ConfigError("socket", socket, expected, project.configFile ?? undefined);
}

/** Runs `work`; a ConfigError that leaves it names the configuration file. */
export async function namingFile<Result>(
  { configFile }: Project,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConfigError) || error.file !== undefined || configFile === null) throw error;
    throw new ConfigError(error.path, error.value, error.expected, configFile);
  }
}

function projectSocket(projectDir: string): string {
  return defaultSocketPath({ projectDir, env: process.env, tempDir: tmpdir(), uid: process.getuid?.() ?? 0 });
}

function refuseBadPath(path: string): void {
  const refusal = socketPathRefusal(path);
  if (refusal !== undefined) throw new UsageError(refusal);
}
