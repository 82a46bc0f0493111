// `isolate`: one module of the program in worker processes of its own, its functions typed as calls. An embedded
// supervisor that keeps the program alive only while somebody waits for it.

import { ConfigError } from "../errors.js";
import { fields } from "../config/checks.js";
import { resolveConfig } from "../config/resolve.js";
import type { PoolConfig, SpliceConfig } from "../config/types.js";
import type { RemoteModule } from "../contract/remote-functions.js";
import { remoteFunctions } from "../contract/remote-functions.js";
import { unsupportedReason } from "../platform.js";
import { prepareModule } from "../system/isolated-module.js";
import { createLog } from "../system/log.js";
import { startSplice } from "./start-splice.js";

/** How the workers are run, and the bounds of the supervisor that runs them; all as in SpliceConfig. */
export interface IsolateOptions
  extends
    Pick<PoolConfig, "workers" | "env" | "cwd" | "execArgv">,
    Omit<SpliceConfig, "functions" | "pools" | "socket"> {}

/** The functions of the module, each a call; `await using` closes its workers. */
export type Isolated<T> = RemoteModule<T> & AsyncDisposable;

const poolKeys = ["workers", "env", "cwd", "execArgv"];
const foreignKeys = ["functions", "pools", "socket"];

/**
 * Runs a module in worker processes, one unless `workers` says more, and resolves when the first is ready:
 * `const pdf = await isolate<typeof import("./pdf.js")>(new URL("./pdf.js", import.meta.url))`, then
 * `await pdf.render({ html }, { timeoutMs })`.
 *
 * `module` is a file URL, or a path from the working directory, of a .ts, .mts, .js or .mjs file; what it exports
 * by name and is a function can be called. The workers end with the process, which they do not keep alive, or with
 * the handle (`await using`).
 *
 * @throws ConfigError for a module that is not there and options that make no sense; an error with file, line and
 * excerpt when the module does not compile; StartError when it cannot be loaded.
 */
export async function isolate<T extends object>(
  module: string | URL,
  options: IsolateOptions = {},
): Promise<Isolated<T>> {
  const reason = unsupportedReason({ nodeVersion: process.versions.node, platform: process.platform });
  if (reason !== null) throw new Error(reason);
  const cwd = process.cwd();
  const written = fields("(whole)", options);
  for (const key of foreignKeys) {
    if (written[key] === undefined) continue;
    throw new ConfigError(key, written[key], "left out: isolate runs one module, and opens no socket");
  }
  const { folder, name } = await prepareModule(module, cwd);
  const isOfPool = ([key]: [string, unknown]): boolean => poolKeys.includes(key);
  const entries = Object.entries(written);
  const pool = { ...Object.fromEntries(entries.filter(isOfPool)), functions: folder };
  const rest = Object.fromEntries(entries.filter((entry) => !isOfPool(entry)));
  const config = resolveConfig({ ...rest, pools: { [name]: pool } }, { cwd, defaultWorkers: 1 });

  const log = createLog({ level: "info" });
  const splice = await whileAlive(startSplice(config, { log, isBackground: true }));
  const functions = remoteFunctions((...call) => whileAlive(splice.call(...call)), "");
  const dispose = (): Promise<void> => whileAlive(splice.close());
  return new Proxy(functions, {
    get: (target, key): unknown => (key === Symbol.asyncDispose ? dispose : Reflect.get(target, key)),
  }) as Isolated<T>;
}

/** Keeps the process running until `promise` is settled: all that the supervisor has would let it end. */
async function whileAlive<Value>(promise: Promise<Value>): Promise<Value> {
  const hold = setInterval(() => undefined, 60_000);
  try {
    return await promise;
  } finally {
    clearInterval(hold);
  }
}
