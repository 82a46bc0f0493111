// child_process IPC with V8's structured clone.

import { startCorrelator } from "./correlator.mjs";

export function start() {
  return startCorrelator("advanced", "plain");
}
