// A supervisor in this process from a resolved configuration, with a host socket when one is asked for. Apart from
// create-splice.ts so that the published types end there and reach no machine.

import type { ResolvedConfig } from "../config/types.js";
import { EmbeddedSplice } from "../system/embedded-splice.js";
import { startSystem, type StartOptions } from "../system/start-system.js";
import { realClock } from "../time.js";
import { openHostServer, type HostServer } from "./server.js";

export interface StartSpliceOptions extends StartOptions {
  /** The descriptor of a socket that listens already, in place of one at the configuration's path. */
  readonly passedFd?: number | undefined;
}

/** As createSplice, from a resolved configuration and with the log and the journal handed in. */
export async function startSplice(
  config: ResolvedConfig,
  options: StartSpliceOptions,
): Promise<EmbeddedSplice> {
  const system = await startSystem(config, options);
  if (config.socket === false) {
    return new EmbeddedSplice(system, config, {});
  }
  let server: HostServer | null = null;
  const splice = new EmbeddedSplice(system, config, {
    onDraining: () => server?.stopAccepting() ?? Promise.resolve(),
    onEnded: () => {
      server?.close();
    },
  });
  try {
    const { maxFrameBytes } = config.limits;
    server = await openHostServer(system, {
      path: config.socket,
      maxFrameBytes,
      clock: realClock,
      log: system.log,
      signal: options.signal,
      runReserved: splice.runReserved,
      passedFd: options.passedFd,
    });
    system.socket = server.path;
    return splice;
  } catch (error) {
    system.stop(0);
    await system.ended;
    throw error;
  }
}
