// splice serve: a supervisor in the foreground, until it is told to stop.

import { availableParallelism } from "node:os";
import { listenForStopSignals } from "../../actors/signals.js";
import { resolveConfig } from "../../config/resolve.js";
import { startSplice } from "../../host/start-splice.js";
import type { EmbeddedSplice } from "../../system/embedded-splice.js";
import { createLog } from "../../system/log.js";
import { exitCodes } from "../exit.js";
import type { CommonOptions } from "../options.js";
import { resolveSocketPath } from "../socket.js";

/** Resolves with the exit code: 0 after a stop that was asked for, 1 when the supervisor failed. */
export async function runServe(options: CommonOptions): Promise<number> {
  const log = createLog({ level: options.logLevel });
  const socket = resolveSocketPath(options.socket);
  const defaultWorkers = Math.max(1, availableParallelism() - 1);
  const config = resolveConfig({ socket }, { cwd: process.cwd(), defaultWorkers });
  const startup = new AbortController();
  let splice: EmbeddedSplice | null = null;
  let stops = 0;
  const stopListening = listenForStopSignals((signal) => {
    stops += 1;
    log.info(stops === 1 ? `${signal}: draining` : `${signal}: stopping now`);
    startup.abort();
    if (stops === 1) void splice?.close();
    else splice?.hurry();
  });
  try {
    splice = await startSplice(config, { log, signal: startup.signal });
    // A signal that came when the workers were ready and the socket was not found nothing to stop.
    if (startup.signal.aborted) void splice.close();
    const exports = await splice.exports();
    const pids = (await splice.status()).pools.flatMap((pool) => pool.workers.map((worker) => worker.pid));
    log.info(`serving ${String(exports.length)} functions on ${socket}`, { socket, workers: pids });
    splice.events$.subscribe((event) => {
      if (event.type === "worker.ready")
        log.info(`worker ${String(event.worker)} is ready`, { worker: event.worker, pid: event.pid });
    });
    await splice.ended;
    await splice.close();
    const { state } = await splice.status();
    log.info("stopped");
    return state === "failed" ? exitCodes.failed : exitCodes.ok;
  } catch (error) {
    if (stops > 0) return exitCodes.ok;
    throw error;
  } finally {
    stopListening();
  }
}
