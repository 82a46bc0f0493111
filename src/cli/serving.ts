// What the log says of a supervisor that runs in the foreground: where it serves, and each worker that gets ready.

import type { EmbeddedSplice } from "../system/embedded-splice.js";

export async function announceServing(splice: EmbeddedSplice, socket: string): Promise<void> {
  const exports = await splice.exports();
  const pids = (await splice.status()).pools.flatMap((pool) => pool.workers.map((worker) => worker.pid));
  splice.log.info(`serving ${String(exports.length)} functions on ${socket}`, { socket, workers: pids });
  splice.events$.subscribe(({ type, worker, pid }) => {
    if (type === "worker.ready") splice.log.info(`worker ${String(worker)} is ready`, { worker, pid });
  });
}
