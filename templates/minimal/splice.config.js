// How this project runs. Every key may be left out, and then so may this file.
import { defineConfig } from "splice-runtime";

export default defineConfig({
  // The exported functions of this folder can be called.
  functions: "./functions",

  // Pools in place of it, each of worker processes of its own:
  // pools: { app: { functions: "./functions", workers: 4 } },

  // Calls under way at once, and how long one takes at most that names no deadline:
  // limits: { maxInFlight: 1024, defaultTimeoutMs: 30_000 },

  // How long a stop waits for the calls under way:
  // shutdown: { drainMs: 30_000 },
});
