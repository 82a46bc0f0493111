// Whom a command talks to: the supervisor that runs here, or, when there is none, one started for this command alone.

import { connectToSupervisor } from "../client/connection.js";
import type { CallOptions } from "../contract/splice.js";
import type { ExportMetadata } from "../protocol/messages.js";
import { realClock } from "../time.js";
import { resolveSocketPath } from "./socket.js";
import { exitCodeOf, exitCodes } from "./exit.js";
import type { CommonOptions } from "./options.js";

export interface Reach {
  call(name: string, params: unknown, options: CallOptions): Promise<unknown>;
  exports(): Promise<readonly ExportMetadata[]>;
  close(): Promise<void>;
}

/** @throws SpliceError 3001 `no-supervisor` when --socket names one that does not answer. */
export async function reachSupervisor(options: CommonOptions, signal: AbortSignal): Promise<Reach> {
  const path = resolveSocketPath(options.socket);
  try {
    const connection = await connectToSupervisor(path, realClock, signal);
    return {
      call: (name, params, callOptions) => connection.call(name, params, callOptions),
      exports: () => connection.exports(),
      close: () => {
        connection.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    if (options.socket !== undefined || exitCodeOf(error) !== exitCodes.noSupervisor) throw error;
    return startOwn(options, signal);
  }
}

/** Nobody else uses it, so nobody is waited for at its end; a function that does not stop by itself is made to. */
const ownShutdown = { drainMs: 0, shutdownMs: 1000, terminateMs: 500 };

async function startOwn(options: CommonOptions, signal: AbortSignal): Promise<Reach> {
  process.stderr.write("No supervisor is running here; starting one for this command.\n");
  const [{ startSplice }, { resolveConfig }, { createLog }] = await Promise.all([
    import("../host/start-splice.js"),
    import("../config/resolve.js"),
    import("../system/log.js"),
  ]);
  const config = resolveConfig({ shutdown: ownShutdown }, { cwd: process.cwd(), defaultWorkers: 1 });
  return startSplice(config, { log: createLog({ level: options.logLevel }), signal });
}
