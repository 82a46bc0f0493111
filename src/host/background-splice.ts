// Supervisors that start without a pool and keep no program alive: pools are added to them while they run. One of them
// is the process's own, made when it is first asked for; it is the one thing in here that outlives a call.

import { resolveConfig } from "../config/resolve.js";
import type { EmbeddedSplice } from "../system/embedded-splice.js";
import { createLog } from "../system/log.js";
import { startSplice } from "./start-splice.js";

/** @throws ConfigError for settings that make no sense, by path. */
export function backgroundSplice(settings: object): Promise<EmbeddedSplice> {
  const config = resolveConfig({ ...settings }, { cwd: process.cwd(), defaultWorkers: 1 });
  return startSplice({ ...config, pools: [] }, { log: createLog({ level: "info" }), isBackground: true });
}

let shared: Promise<EmbeddedSplice> | null = null;

/** The process's own; a new one when the last has failed. */
export async function sharedSplice(): Promise<EmbeddedSplice> {
  shared ??= backgroundSplice({});
  const splice = await shared;
  if (!splice.hasFailed) return splice;
  shared = null;
  return sharedSplice();
}
