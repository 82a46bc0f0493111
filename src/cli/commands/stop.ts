// splice stop: asks the supervisor to stop and waits until its process is gone.

import { setTimeout as delay } from "node:timers/promises";
import { isSpliceError } from "../../errors.js";
import type { ClientConnection } from "../../client/connection.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";
import { isRunning } from "../process-life.js";
import { findSocket } from "../project.js";
import { askStatus, askToStop, connectTo } from "../supervisor.js";

export interface StopCommandOptions extends CommonOptions {
  readonly drain?: number;
}

const pollMs = 20;

/** A process that lives on so long after its supervisor said goodbye is a program that embeds one. */
const goodbyeMs = 3000;

export async function runStop(options: StopCommandOptions): Promise<void> {
  const socket = await findSocket(options);
  await interruptible(async (signal) => {
    const connection = await connectTo(socket, signal);
    try {
      const { pid, serverId } = await askStatus(connection, signal);
      // A supervisor in another container has a pid that means nothing here.
      const isOurs = isRunning(pid);
      await askToStop(connection, options.drain);
      await untilGone(connection, isOurs ? pid : null, signal);
      const how =
        isOurs && isRunning(pid) ? `; the program that embeds it (pid ${pid}) goes on.` : ` (pid ${pid}).`;
      if (options.json === true) process.stdout.write(`${String(toJson({ stopped: { pid, serverId } }))}\n`);
      else process.stderr.write(`The supervisor has stopped${how}\n`);
    } finally {
      connection.close();
    }
  });
}

/** Calls under way may take as long as the drain lets them, so there is no end to this but the interruption. */
async function untilGone(
  connection: ClientConnection,
  pid: number | null,
  signal: AbortSignal,
): Promise<void> {
  let lostAtMs: number | null = null;
  while (pid === null || isRunning(pid)) {
    if (lostAtMs === null && !(await stillAnswers(connection, signal))) lostAtMs = performance.now();
    if (lostAtMs !== null && (pid === null || performance.now() - lostAtMs > goodbyeMs)) return;
    await delay(pollMs, undefined, { signal });
  }
}

/** A stopping supervisor keeps its connections until no worker is left. */
async function stillAnswers(connection: ClientConnection, signal: AbortSignal): Promise<boolean> {
  try {
    await askStatus(connection, signal);
    return true;
  } catch (error) {
    if (isSpliceError(error) && error.code === 3003) return false;
    if (signal.aborted) throw error;
    return true;
  }
}
