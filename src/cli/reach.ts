// Whom a command talks to: the supervisor that runs here, or, when there is none, one started for this command alone.

import type { Callee } from "../contract/remote-functions.js";
import type { ExportMetadata } from "../protocol/messages.js";
import { exitCodeOf, exitCodes } from "./exit.js";
import type { CommonOptions } from "./options.js";
import { findSocket, namingFile, openProject, type Project, resolveProject } from "./project.js";
import { connectTo, streamFrom } from "./supervisor.js";

export interface Reach extends Callee {
  exports(): Promise<readonly ExportMetadata[]>;
  close(): Promise<void>;
}

/** @throws SpliceError 3001 `no-supervisor` when --socket names one that does not answer. */
export async function reachSupervisor(options: CommonOptions, signal: AbortSignal): Promise<Reach> {
  if (options.socket !== undefined) return connected(await findSocket(options), signal);
  const project = await openProject(options);
  const { socket } = await resolveProject(project, options, 1);
  if (socket === false) return startOwn(project, options, signal);
  try {
    return await connected(socket, signal);
  } catch (error) {
    if (exitCodeOf(error) !== exitCodes.noSupervisor) throw error;
    return startOwn(project, options, signal);
  }
}

async function connected(socket: string, signal: AbortSignal): Promise<Reach> {
  const connection = await connectTo(socket, signal);
  return {
    call: (name, params, callOptions) => connection.call(name, params, callOptions),
    stream: (name, params, options = {}) => streamFrom(connection, name, params, options),
    isStreaming: (name) => connection.isStreaming(name),
    exports: () => connection.exports(),
    close: () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

/** Nobody else uses it, so nobody is waited for at its end; a function that does not stop by itself is made to. */
const ownShutdown = { drainMs: 0, shutdownMs: 1000, terminateMs: 500 };

async function startOwn(project: Project, options: CommonOptions, signal: AbortSignal): Promise<Reach> {
  process.stderr.write("No supervisor is running here; starting one for this command.\n");
  const [{ startSplice }, { createLog }] = await Promise.all([
    import("../host/start-splice.js"),
    import("../system/log.js"),
  ]);
  const config = await resolveProject(project, options, 1);
  // One call needs one worker of each pool.
  const pools = config.pools.map((pool) => ({ ...pool, workers: 1 }));
  const own = { ...config, pools, shutdown: ownShutdown, socket: false } as const;
  return namingFile(project, () => startSplice(own, { log: createLog({ level: options.logLevel }), signal }));
}
