// workerpool with one child process.

import { fileURLToPath } from "node:url";
import workerpool from "workerpool";

export function note({ kind }) {
  return kind === "bytes" ? "advanced" : "";
}

export function start({ kind }) {
  const pool = workerpool.pool(fileURLToPath(new URL("./workerpool.worker.mjs", import.meta.url)), {
    workerType: "process",
    minWorkers: 1,
    maxWorkers: 1,
    forkOpts: { serialization: kind === "bytes" ? "advanced" : "json" },
  });
  return { call: (payload) => pool.exec("echo", [payload]), close: () => pool.terminate() };
}
