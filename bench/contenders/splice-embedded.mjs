// Splice in the caller's process: supervisor here, one worker as a child.

import { fileURLToPath } from "node:url";
import { createSplice } from "splice-runtime";

export async function start() {
  const functions = fileURLToPath(new URL("../app/functions", import.meta.url));
  const splice = await createSplice({ pools: { app: { functions, workers: 1 } } });
  return { call: (payload) => splice.call("bench.echo", payload), close: () => splice.close() };
}
