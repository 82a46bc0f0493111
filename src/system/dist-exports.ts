// What the pools of a built folder export: found by starting one worker of each, as it will be started in service.

import type { ResolvedConfig } from "../config/types.js";
import type { Log } from "../log.js";
import { launchFromDist, poolsOfDist } from "./dist.js";
import { distExport, type DistExport, type DistManifest } from "./dist-manifest.js";
import { StartError } from "./start-error.js";
import { startSystem } from "./start-system.js";

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** By the name of the pool. @throws StartError when one does not start; the reason of `signal`. Nothing is left running. */
export async function readExports(
  dist: string,
  manifest: DistManifest,
  config: ResolvedConfig,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly DistExport[]>> {
  const pools = poolsOfDist(dist, manifest, 1).map((pool) => ({ ...pool, workers: 1 }));
  const trial: ResolvedConfig = { ...config, pools, socket: false, verify: null, inspect: null };
  const launches = await Promise.all(
    pools.map(async (pool) => [pool.name, await launchFromDist(dist, pool, trial)] as const),
  );
  try {
    const system = await startSystem(trial, { log: silent, launches: new Map(launches), signal });
    const poolOf = new Map(system.status().functions.map(({ name, pool }) => [name, pool]));
    const exports = system.dispatcher.exports();
    system.stop(0);
    await system.ended;
    return new Map(
      pools.map(({ name }) => [
        name,
        exports.filter((each) => poolOf.get(each.name) === name).map(distExport),
      ]),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof StartError)) throw error;
    const message = `What was built does not start: ${error.message}`;
    throw new StartError(error.pool, message, "");
  }
}
