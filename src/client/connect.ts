// `connect`: from options to a handle on a supervisor in another process. The one place of the client that takes
// the platform's clock, chance and directories.

import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { knownFields, nonEmptyText, waitMs } from "../config/checks.js";
import type { Splice } from "../contract/splice.js";
import { ConfigError } from "../errors.js";
import { realClock } from "../time.js";
import { defaultSocketPath, socketPathRefusal } from "../transport/socket-path.js";
import { ConnectedSplice } from "./connected-splice.js";
import { connectToSupervisor } from "./connection.js";
import { Link } from "./link.js";

export interface ConnectOptions {
  /** The host socket, from the working directory. Default: that of a supervisor which serves this directory. */
  readonly socket?: string | undefined;
  /** How long to keep trying when no supervisor answers, in milliseconds. Default 0: one attempt. */
  readonly waitMs?: number | undefined;
}

/**
 * Connects to a supervisor that runs in another process, and after a lost link connects again by itself. Resolves when
 * the handshake is done.
 *
 * @throws ConfigError for options that make no sense; SpliceError 3001 with details.reason `no-supervisor` when nobody
 * answers there, 3002 when it has as many connections as it takes, 1000 when the supervisor speaks another version.
 */
export async function connect(options: ConnectOptions = {}): Promise<Splice> {
  const written = knownFields("", options, ["socket", "waitMs"]);
  const path = socketPath(written["socket"]);
  const patienceMs = waitMs("waitMs", written["waitMs"], 0);
  const open = (signal: AbortSignal) => connectToSupervisor(path, realClock, signal);
  const link = new Link({ clock: realClock, random: Math.random, open });
  await link.start(patienceMs);
  return new ConnectedSplice(link, realClock, Math.random);
}

function socketPath(given: unknown): string {
  if (given === undefined) {
    const uid = process.getuid?.() ?? 0;
    return defaultSocketPath({ projectDir: process.cwd(), env: process.env, tempDir: tmpdir(), uid });
  }
  const path = resolve(nonEmptyText("socket", given, "the path of a socket"));
  const refusal = socketPathRefusal(path);
  if (refusal !== undefined)
    throw new ConfigError("socket", given, `a path that a socket can have. ${refusal}`);
  return path;
}
