// What commands ask of a running supervisor, over one connection: its status, a stream, and to stop. A supervisor that
// goes away is no reason to wait for another one, so nothing here reconnects.

import { tmpdir } from "node:os";
import { connectToSupervisor } from "../client/connect-to-supervisor.js";
import { type ClientConnection } from "../client/connection.js";
import { refuseForeignPlace } from "../client/foreign-place.js";
import { openStreamOn } from "../client/open-stream.js";
import type { StreamOptions } from "../contract/splice.js";
import type { Status } from "../contract/status.js";
import { createStreamHandle, type SpliceStream } from "../contract/stream-handle.js";
import { realClock } from "../time.js";

/** @throws SpliceError 3001 `no-supervisor` when nobody listens on `socket`, `foreign-place` where others could. */
export async function connectTo(socket: string, signal?: AbortSignal): Promise<ClientConnection> {
  await refuseForeignPlace(socket, { env: process.env, tempDir: tmpdir(), uid: process.getuid?.() ?? 0 });
  return connectToSupervisor(socket, realClock, signal);
}

export async function askStatus(connection: ClientConnection, signal?: AbortSignal): Promise<Status> {
  return (await connection.call("splice.status", undefined, { signal })) as Status;
}

/** A stream of that function, or its result as the one item. */
export function streamFrom(
  connection: ClientConnection,
  name: string,
  params: unknown,
  options: StreamOptions,
): SpliceStream {
  return createStreamHandle(name, () => openStreamOn(connection, realClock, name, params, options));
}

/** Resolves when the drain has begun. */
export async function askToStop(connection: ClientConnection, drainMs: number | undefined): Promise<void> {
  await connection.call("splice.stop", drainMs === undefined ? undefined : { drainMs });
}
