// The arguments with which Node runs our own runtime as a worker of functions.

import { fileURLToPath } from "node:url";
import type { ResolvedConfig } from "../config/types.js";

const workerMain = fileURLToPath(new URL("../worker/main.js", import.meta.url));

/** `file` is the bundle. */
export function functionsArgs(
  file: string,
  { limits, streams, dev }: Pick<ResolvedConfig, "limits" | "streams" | "dev">,
): readonly string[] {
  const args = [workerMain, "--functions", file];
  args.push("--max-frame-bytes", String(limits.maxFrameBytes));
  args.push("--window-chunks", String(streams.windowChunks));
  if (dev) args.push("--dev");
  return args;
}
