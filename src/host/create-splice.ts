// The embedded entry: a supervisor in this process, its workers as children, and a host socket when one is asked for.

import { resolveConfig } from "../config/resolve.js";
import type { ResolvedConfig, SpliceConfig } from "../config/types.js";
import type { Splice } from "../contract/splice.js";
import { unsupportedReason } from "../platform.js";
import { EmbeddedSplice } from "../system/embedded-splice.js";
import { createLog } from "../system/log.js";
import { startSystem, type StartOptions } from "../system/start-system.js";
import { realClock } from "../time.js";
import { openHostServer } from "./server.js";

/**
 * Starts a supervisor in this process and resolves when every pool has had one ready worker.
 *
 * Paths count from the working directory; no socket is opened unless `socket` is set. The process stays alive until
 * `close()`; if it dies, however it dies, its workers die with it.
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

/** As createSplice, from a resolved configuration and with the log and the journal handed in. */
export async function startSplice(
  config: ResolvedConfig,
  options: StartOptions,
): Promise<EmbeddedSplice> {
  const system = await startSystem(config, options);
  if (config.socket === false) {
    return new EmbeddedSplice(system, config.shutdown.drainMs, {});
  }
  try {
    const { maxFrameBytes } = config.limits;
    const server = await openHostServer(system, {
      path: config.socket,
      maxFrameBytes,
      clock: realClock,
      log: options.log,
    });
    system.socket = server.path;
    return new EmbeddedSplice(system, config.shutdown.drainMs, {
      onDraining: () => server.stopAccepting(),
      onEnded: () => {
        server.close();
      },
    });
  } catch (error) {
    system.stop(0);
    await system.ended;
    throw error;
  }
}
