// jest-worker with one child process.

import { fileURLToPath } from "node:url";
import { Worker } from "jest-worker";

export function note({ kind }) {
  return kind === "bytes" ? "advanced" : "";
}

export function start({ kind }) {
  const pool = new Worker(fileURLToPath(new URL("./echo.mjs", import.meta.url)), {
    numWorkers: 1,
    exposedMethods: ["echo"],
    enableWorkerThreads: false,
    forkOptions: { serialization: kind === "bytes" ? "advanced" : "json" },
  });
  return { call: (payload) => pool.echo(payload), close: () => pool.end() };
}
