// poolifier's pool of cluster processes, with one.

import { fileURLToPath } from "node:url";
import { FixedClusterPool } from "poolifier";

export function note({ kind }) {
  return kind === "bytes" ? "advanced" : "";
}

export function start({ kind }) {
  const pool = new FixedClusterPool(1, fileURLToPath(new URL("./poolifier.worker.cjs", import.meta.url)), {
    errorHandler: (error) => {
      throw error;
    },
    settings: { serialization: "advanced" },
  });
  return { call: (payload) => pool.execute(payload), close: () => pool.destroy() };
}
