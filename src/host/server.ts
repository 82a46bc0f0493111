// The host socket of a running system: accepts connections, lets none of them outlive it. Who is let in and when is
// entrance.ts's business, what a host may do on its connection is connection.ts's.

import { messageOf } from "../errors.js";
import type { Log } from "../log.js";
import { createIdSource } from "../ids.js";
import type { Clock } from "../time.js";
import type { RunReserved } from "../system/reserved.js";
import type { System } from "../system/system.js";
import { listenOnUnixSocket } from "../transport/listener.js";
import { listenOnPassedSocket } from "../transport/passed-listener.js";
import { HostConnection } from "./connection.js";
import type { HostPorts } from "./host-ports.js";
import { Entrance } from "./entrance.js";
import { Refusals } from "./refusals.js";

export interface HostServer {
  readonly path: string;
  /** Takes no more connections and removes the socket; those that are there stay. */
  stopAccepting(): Promise<void>;
  /** Says goodbye on every connection. */
  close(): void;
}

/** @throws ListenError when the path cannot be had; see transport/listener. */
export async function openHostServer(
  system: System,
  options: {
    readonly path: string;
    readonly maxFrameBytes: number;
    readonly clock: Clock;
    readonly log: Log;
    readonly signal?: AbortSignal | undefined;
    readonly runReserved: RunReserved;
    /** A socket that listens already, in place of one at `path`. */
    readonly passedFd?: number | undefined;
  },
): Promise<HostServer> {
  const { clock, log, maxFrameBytes } = options;
  const connections = new Set<HostConnection>();
  const nextCallerId = createIdSource();
  const ports: HostPorts = {
    clock,
    dispatcher: system.dispatcher,
    maxFrameBytes,
    serverId: system.serverId,
    startedAtMs: clock.now(),
    exports: () => system.dispatcher.exports(),
    runReserved: options.runReserved,
    onRefused: (callerId, reason) => {
      log.warn(`host ${String(callerId)} was closed: ${reason}`);
    },
    onFault: (error) => {
      system.fail(error);
    },
  };
  const refusals = new Refusals(clock, log);
  const entrance = new Entrance({
    clock,
    admit: (duplex) => {
      const connection = new HostConnection(nextCallerId(), duplex, ports, () => {
        connections.delete(connection);
      });
      connections.add(connection);
    },
    refuse: (duplex, isTold) => {
      refusals.refuse(duplex, isTold);
    },
  });
  const { passedFd } = options;
  const listen: typeof listenOnUnixSocket = (how) =>
    passedFd === undefined ? listenOnUnixSocket(how) : listenOnPassedSocket(passedFd, how);
  const listener = await listen({
    path: options.path,
    clock,
    signal: options.signal,
    onConnection: (duplex) => {
      entrance.arrived(duplex);
    },
    onGone: () => {
      entrance.left();
    },
    onError: (error) => {
      log.warn(`a host could not be accepted: ${error.message}`);
    },
    onWarning: (message) => {
      log.warn(message);
    },
  });
  return {
    path: listener.path,
    stopAccepting: () =>
      listener.close().catch((error: unknown) => {
        // Whoever took the folder away took the socket with it; the drain goes on all the same.
        log.warn(`the socket ${listener.path} could not be removed: ${messageOf(error)}`);
      }),
    close: () => {
      entrance.close();
      for (const connection of connections) connection.close();
    },
  };
}
