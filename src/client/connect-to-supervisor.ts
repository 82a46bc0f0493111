// The way to a running supervisor: a socket, and the handshake on it, or why there is neither.

import { connect } from "node:net";
import { SpliceError } from "../errors.js";
import type { Clock } from "../time.js";
import { fromSocket, type ByteDuplex } from "../transport/duplex.js";
import { ClientConnection } from "./connection.js";

/** A supervisor answers the handshake between two turns of its loop; one that needs longer than this hangs. */
const handshakeAnswerTimeoutMs = 5_000;

/**
 * Resolves when the supervisor has answered the handshake; an abort of `signal` before that gives up.
 *
 * @throws SpliceError 3001 with details.reason `no-supervisor` when nobody listens there, and `unresponsive` when
 * somebody does who does not answer within 5 s; 3002 when it has as many connections as it takes.
 */
export async function connectToSupervisor(
  path: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<ClientConnection> {
  const connection = new ClientConnection(await openSocket(path), clock);
  const giveUp = (): void => {
    connection.close();
  };
  const timer = clock.setTimeout(() => {
    const message = `Whoever listens on ${path} did not answer the handshake within ${String(handshakeAnswerTimeoutMs)} ms; if it is a supervisor, it hangs.`;
    connection.abandon(new SpliceError({ code: 3001, message, details: { reason: "unresponsive" } }));
  }, handshakeAnswerTimeoutMs);
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await connection.ready;
    return connection;
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function openSocket(path: string): Promise<ByteDuplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", (cause: NodeJS.ErrnoException) => {
      const isPlain = cause.code === "ENOENT" || cause.code === "ECONNREFUSED";
      const why = isPlain ? "" : ` (${cause.message})`;
      const message = `No supervisor answers on ${path}${why}; start one with \`splice serve\`.`;
      reject(new SpliceError({ code: 3001, message, details: { reason: "no-supervisor" }, cause }));
    });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(fromSocket(socket));
    });
  });
}
