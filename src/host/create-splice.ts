// The embedded entry: a supervisor in this process, its workers as children, and a host socket when one is asked for.

import { resolveConfig } from "../config/resolve.js";
import type { SpliceConfig } from "../config/types.js";
import type { Splice } from "../contract/splice.js";
import { unsupportedReason } from "../platform.js";
import { createLog } from "../system/log.js";
import { startSplice } from "./start-splice.js";

/**
 * Starts a supervisor in this process and resolves when every pool has had one ready worker.
 *
 * Paths count from the working directory; no socket is opened unless `socket` is set. The process stays alive until
 * `close()`; if it dies, its idle and waiting workers end by themselves, one in a busy loop when the loop ends.
 *
 * @throws ConfigError for a configuration that makes no sense, by path; an error with file, line and excerpt when
 * functions do not compile; StartError when a worker does not become ready; ListenError when the socket cannot be had.
 */
export async function createSplice(config: SpliceConfig = {}): Promise<Splice> {
  const reason = unsupportedReason({ nodeVersion: process.versions.node, platform: process.platform });
  if (reason !== null) throw new Error(reason);
  const resolved = resolveConfig(config, { cwd: process.cwd(), defaultWorkers: 1 });
  return startSplice(resolved, { log: createLog({ level: "info" }) });
}
