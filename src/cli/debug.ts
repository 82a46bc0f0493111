// --debug: the workers of one pool run under Node's debugger, and nobody loses patience with one that sits at a
// breakpoint. Says what the configuration is then, and finds the debugger's address in what the worker prints.

import type { ResolvedConfig } from "../config/types.js";
import type { Log, LogFields } from "../log.js";
import { maxTimerMs } from "../time.js";
import { UsageError } from "./exit.js";

/** Any port that is free, on this machine alone. */
const inspectOption = "--inspect=127.0.0.1:0";

/**
 * With a debugger for the one worker of `poolName`, and without the clocks that would end what stands still: calls that name
 * no deadline have none, and a worker is neither killed for its silence nor for an overdue call, nor while it starts. That
 * holds for all pools, since a call of one may wait for another.
 *
 * @throws UsageError for a pool that is not there, runs a command, or has several workers.
 */
export function debugged(config: ResolvedConfig, poolName: string): ResolvedConfig {
  const pool = config.pools.find(({ name }) => name === poolName);
  if (pool === undefined) {
    const names = config.pools.map(({ name }) => name).join(", ");
    throw new UsageError(
      `--debug is ${JSON.stringify(poolName)}, but must be one of the pools, which are ${names}.`,
    );
  }
  const { source, workers } = pool;
  if (source.kind === "command")
    throw new UsageError(
      `--debug is for pools of functions; pool ${poolName} runs the command ${source.command.join(" ")}, which its own debugger has to start.`,
    );
  if (workers !== 1)
    throw new UsageError(
      `--debug needs pool ${poolName} to have one worker, and it has ${String(workers)}; set pools.${poolName}.workers to 1.`,
    );
  const execArgv = [inspectOption, ...source.execArgv];
  return {
    ...config,
    pools: config.pools.map((each) => (each === pool ? { ...pool, source: { ...source, execArgv } } : each)),
    connectTimeoutMs: maxTimerMs,
    limits: { ...config.limits, defaultTimeoutMs: Infinity },
    health: { ...config.health, maxMisses: Infinity, cancelGraceMs: maxTimerMs },
    streams: { ...config.streams, idleTimeoutMs: 0 },
  };
}

/** The same log, which also says where a worker waits for a debugger as soon as it has printed that. */
export function tellingDebuggers(log: Log, onDebugger: (worker: string, url: string) => void): Log {
  const look = (message: string, { worker }: LogFields = {}): void => {
    const url = /^Debugger listening on (ws:\S+)$/.exec(message)?.[1];
    if (url === undefined || typeof worker !== "string") return;
    log.info(`worker ${worker} can be debugged at ${url}`);
    onDebugger(worker, url);
  };
  return {
    ...log,
    debug: (message, fields) => {
      log.debug(message, fields);
      look(message, fields);
    },
    warn: (message, fields) => {
      log.warn(message, fields);
      look(message, fields);
    },
  };
}
