// Splice through a supervisor: `splice serve` in a process of its own with one worker, reached over its socket.

import { fileURLToPath } from "node:url";
import { commandOf, family } from "../processes.mjs";
import { startServe } from "../serve.mjs";

export async function start() {
  const { client, pid, stop } = await startServe(fileURLToPath(new URL("../app", import.meta.url)));
  const workers = family(pid).filter((one) => commandOf(one).includes("/worker/main.js")).length;
  if (process.platform === "linux" && workers !== 1) {
    await stop();
    throw new Error(
      `splice serve runs ${String(workers)} workers, but this comparison is of one worker each.`,
    );
  }
  return { call: (payload) => client.call("bench.echo", payload), close: stop };
}
