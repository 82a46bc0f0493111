// The one question about a resolved configuration that needs the disk: do the folders that it names exist?
// Asked apart from resolving, so that resolving stays pure.

import { stat } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import type { ResolvedConfig } from "./types.js";

/** Rejects with a ConfigError for the first folder of functions or working directory that is not there. */
export async function checkFolders(config: ResolvedConfig): Promise<void> {
  for (const { name, source, cwd } of config.pools) {
    if (source.kind === "functions") await checkFolder(source.configPath, source.folder);
    // A missing working directory would be reported by the platform as a missing program.
    await checkFolder(`pools.${name}.cwd`, cwd);
  }
}

/** @throws ConfigError unless `folder` is one. */
export async function checkFolder(path: string, folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) throw new ConfigError(path, folder, "a folder that exists");
  if (!found.isDirectory()) throw new ConfigError(path, folder, "a folder, not a file");
}
