// splice reload: has a running supervisor run what the files hold now, and says for each pool what became of it.

import type { PoolReload, ReloadReport } from "../../contract/reload-report.js";
import { messageOf } from "../../errors.js";
import { exitCodes, UsageError } from "../exit.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";
import { findSocket } from "../project.js";
import { table } from "../status-text.js";
import { askStatus, connectTo } from "../supervisor.js";

export interface ReloadCommandOptions extends CommonOptions {
  readonly wait?: boolean;
}

/** Resolves with the exit code: 1 when a pool was not reloaded. */
export async function runReload(pool: string | undefined, options: ReloadCommandOptions): Promise<number> {
  const socket = await findSocket(options);
  // An interruption ends the waiting; the supervisor goes on with what it was asked for.
  return interruptible(async (signal) => {
    const connection = await connectTo(socket, signal);
    try {
      const { pools } = await askStatus(connection, signal);
      const names = pools.map(({ name }) => name);
      if (pool !== undefined && !names.includes(pool))
        throw new UsageError(
          `There is no pool ${JSON.stringify(pool)}; this supervisor has ${names.join(", ")}.`,
        );
      const params = { wait: options.wait === true, ...(pool === undefined ? {} : { pool }) };
      const callOptions = { signal, timeoutMs: Infinity };
      const report = (await connection.call("splice.reload", params, callOptions)) as ReloadReport;
      print(report, options);
      return report.ok ? exitCodes.ok : exitCodes.failed;
    } catch (error) {
      if (!signal.aborted) throw error;
      process.stderr.write(`${messageOf(signal.reason)} A reload that has begun goes on.\n`);
      return exitCodes.failed;
    } finally {
      connection.close();
    }
  });
}

function print(report: ReloadReport, options: ReloadCommandOptions): void {
  if (options.json === true) {
    process.stdout.write(`${String(toJson(report))}\n`);
    return;
  }
  for (const line of table(["pool", "generation", "verdict", "took"], report.pools.map(rowOf)))
    process.stdout.write(`${line}\n`);
  for (const { name, error } of report.pools)
    if (error !== null) process.stderr.write(`Pool ${name} was not reloaded: ${error.trimEnd()}\n`);
}

function rowOf({ name, from, to, verdict, durationMs, error }: PoolReload): readonly string[] {
  const generation = from === to ? String(from) : `${String(from)} -> ${String(to)}`;
  const outcome = error === null ? (verdict ?? "-") : verdict === null ? "failed" : `${verdict}, refused`;
  return [name, generation, outcome, `${durationMs.toFixed(0)} ms`];
}
