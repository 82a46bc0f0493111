// `connect`: from options to a handle on a supervisor in another process. The one place of the client that takes
// the platform's clock, chance and directories.

import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { knownFields, nonEmptyText, waitMs } from "../config/checks.js";
import { supervisorSocket } from "../contract/current-call.js";
import type { Splice } from "../contract/splice.js";
import { ConfigError, SpliceError } from "../errors.js";
import { realClock } from "../time.js";
import { defaultSocketPath, type SocketPlace, socketPathRefusal } from "../transport/socket-path.js";
import { ConnectedSplice } from "./connected-splice.js";
import { connectToSupervisor } from "./connect-to-supervisor.js";
import { refuseForeignPlace } from "./foreign-place.js";
import { Link } from "./link.js";

export interface ConnectOptions {
  /**
   * The host socket, from the working directory. Default: inside a function that of the supervisor which runs it,
   * elsewhere that of one which serves this directory.
   */
  readonly socket?: string | undefined;
  /** How long to keep trying when no supervisor answers, in milliseconds. Default 0: one attempt. */
  readonly waitMs?: number | undefined;
}

/**
 * Connects to a supervisor that runs in another process, and after a lost link connects again by itself. Resolves when
 * the handshake is done. What is called through it inside a function inherits the deadline, the trace and the cancellation of
 * the function's own call.
 *
 * @throws ConfigError for options that make no sense; SpliceError 3001 with details.reason `no-supervisor` when nobody
 * answers there, or when the supervisor that runs this function has no socket and none was named, `foreign-place` when the socket was not named and lies where others could answer, 3002 when the
 * supervisor has as many connections as it takes, 1000 when it speaks another version.
 */
export async function connect(options: ConnectOptions = {}): Promise<Splice> {
  const written = knownFields("", options, ["socket", "waitMs"]);
  const place = { env: process.env, tempDir: tmpdir(), uid: process.getuid?.() ?? 0 };
  const path = socketPath(written["socket"], place);
  const patienceMs = waitMs("waitMs", written["waitMs"], 0);
  const open = async (signal: AbortSignal) => {
    await refuseForeignPlace(path, place);
    return connectToSupervisor(path, realClock, signal);
  };
  const link = new Link({ clock: realClock, random: Math.random, open });
  await link.start(patienceMs);
  return new ConnectedSplice(link, realClock, Math.random);
}

/** Undefined outside of workers. */
function ownSupervisor(): string | undefined {
  const path = supervisorSocket();
  if (path !== null) return path;
  const message =
    "The supervisor that runs this function has no host socket, so that the function cannot call through it; " +
    "give the supervisor one with `socket` in its configuration, or name another: connect({ socket }).";
  throw new SpliceError({ code: 3001, message, details: { reason: "no-supervisor" } });
}

function socketPath(given: unknown, place: Omit<SocketPlace, "projectDir">): string {
  if (given === undefined)
    return ownSupervisor() ?? defaultSocketPath({ projectDir: process.cwd(), ...place });
  const path = resolve(nonEmptyText("socket", given, "the path of a socket"));
  const refusal = socketPathRefusal(path);
  if (refusal !== undefined)
    throw new ConfigError("socket", given, `a path that a socket can have. ${refusal}`);
  return path;
}
