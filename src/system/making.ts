// How what a pool runs is made anew while the system runs: with its build command, whose output goes into the log line by
// line, as that of a worker does.

import { PassThrough } from "node:stream";
import { drainLines } from "../actors/worker-output.js";
import type { PoolLaunch } from "../actors/worker-command.js";
import type { ResolvedConfig, ResolvedPool } from "../config/types.js";
import type { Log } from "../log.js";
import type { Clock } from "../time.js";
import { prepareLaunch, type Making } from "./launch.js";

/** Makes what a pool runs; aborting ends what it has started. Rejects with a message that a person is to read. */
export type Prepare = (pool: ResolvedPool, signal: AbortSignal) => Promise<PoolLaunch>;

export function prepareAnew(config: ResolvedConfig, log: Log, clock: Clock): Prepare {
  const warn = (sentence: string): void => {
    log.warn(sentence);
  };
  return (pool, signal) => prepareLaunch(pool, config, warn, makingOf(pool.name, signal, log, clock));
}

export function makingOf(pool: string, signal: AbortSignal, log: Log, clock: Clock): Making {
  const output = new PassThrough();
  const fields = { pool, stream: "build" };
  drainLines(output, clock, {
    line: (text) => {
      log.info(text, fields);
    },
    dropped: (bytes) => {
      log.warn(`${String(bytes)} bytes of what the build prints were dropped`, fields);
    },
  });
  return {
    signal,
    onOutput: (chunk) =>
      new Promise((resolve) => {
        output.write(chunk, () => {
          resolve();
        });
      }),
  };
}
