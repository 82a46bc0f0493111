// tinypool with one child process.

import { fileURLToPath } from "node:url";
import { Tinypool } from "tinypool";

export function note({ kind }) {
  return kind === "bytes" ? "advanced" : "";
}

export function start({ kind, inFlight }) {
  const pool = new Tinypool({
    filename: fileURLToPath(new URL("./echo.mjs", import.meta.url)),
    name: "echo",
    runtime: "child_process",
    serialization: kind === "bytes" ? "advanced" : "json",
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: inFlight,
  });
  return { call: (payload) => pool.run(payload), close: () => pool.destroy() };
}
