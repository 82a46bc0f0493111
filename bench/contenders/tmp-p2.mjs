// Piscina: one worker thread. Bytes are copied on the way in, since the caller keeps its own, and moved on the way out.

import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";

export function note({ kind }) {
  return kind === "bytes" ? "result moved" : "";
}

export function start({ kind, inFlight }) {
  const pool = new Piscina({
    filename: fileURLToPath(new URL("./piscina.worker.mjs", import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: inFlight, atomics: "disabled",
  });
  const options = { name: kind === "bytes" ? "echoBytes" : "echo" };
  return { call: (payload) => pool.run(payload, options), close: () => pool.destroy() };
}
