// `isolate`: one module of the program in worker processes of its own, its functions typed as calls. Knows in which
// supervisor its pool goes, and keeps the program alive while somebody waits for it; the rest is system's.

import { fields } from "../config/checks.js";
import type { PoolConfig, SpliceConfig } from "../config/types.js";
import type { RemoteModule } from "../contract/remote-functions.js";
import { remoteFunctions } from "../contract/remote-functions.js";
import type { Splice } from "../contract/splice.js";
import { createStreamHandle } from "../contract/stream-handle.js";
import { ConfigError } from "../errors.js";
import { unsupportedReason } from "../platform.js";
import { EmbeddedSplice } from "../system/embedded-splice.js";
import { findModule, nameOf } from "../system/isolated-module.js";
import { backgroundSplice, sharedSplice } from "./background-splice.js";

/**
 * How the workers are run, as in PoolConfig; and in which supervisor. The pools of a process share one unless `splice`
 * names another, or settings of a supervisor are given: then it gets one of its own, with these.
 */
export interface IsolateOptions
  extends
    Pick<PoolConfig, "workers" | "env" | "cwd" | "execArgv">,
    Omit<SpliceConfig, "functions" | "pools" | "socket"> {
  /** The embedded supervisor that runs the pool; its functions are then exports of it. */
  readonly splice?: Splice | undefined;
}

/** The functions of the module, each a call; `await using` closes its workers. */
export type Isolated<T> = RemoteModule<T> & AsyncDisposable;

const poolKeys = ["workers", "env", "cwd", "execArgv"];
const foreignKeys = ["functions", "pools", "socket"];

/**
 * Runs a module in a pool of its own, of one worker unless `workers` says more, and resolves when the first is ready:
 * `const pdf = await isolate<typeof import("./pdf.js")>(new URL("./pdf.js", import.meta.url))`, then
 * `await pdf.render({ html }, { timeoutMs })`.
 *
 * `module` is a file URL, or a path from the working directory, of a .ts, .mts, .js or .mjs file; what it exports
 * by name and is a function can be called. The workers end with the process, which they do not keep alive, or with
 * the handle (`await using`), which waits for the calls under way.
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
  const { splice: given, ...written } = fields("(whole)", options);
  for (const key of foreignKeys) {
    if (written[key] === undefined) continue;
    throw new ConfigError(key, written[key], "left out: isolate runs one module, and opens no socket");
  }
  const entries = Object.entries(written).filter(([, value]) => value !== undefined);
  const pool = Object.fromEntries(entries.filter(([key]) => poolKeys.includes(key)));
  const settings = Object.fromEntries(entries.filter(([key]) => !poolKeys.includes(key)));
  const file = await findModule(module, process.cwd());

  const { splice, isOwn } = await whileAlive(supervisorFor(given, settings));
  try {
    const added = await whileAlive(splice.addModule(file, nameOf(file), pool));
    const functions = remoteFunctions(
      {
        call: (name, params, callOptions) => whileAlive(added.call(name, params, callOptions)),
        stream: (name, params, streamOptions) =>
          createStreamHandle(name, () =>
            readAlive(added.stream(name, params, streamOptions)[Symbol.asyncIterator]()),
          ),
        isStreaming: (name) => added.isStreaming(name),
      },
      "",
    );
    const dispose = (): Promise<void> => whileAlive(isOwn ? splice.close() : added.remove());
    return new Proxy(functions, {
      get: (target, key): unknown => (key === Symbol.asyncDispose ? dispose : Reflect.get(target, key)),
    }) as Isolated<T>;
  } catch (error) {
    if (isOwn) await splice.close({ drainMs: 0 });
    throw error;
  }
}

interface Supervisor {
  readonly splice: EmbeddedSplice;
  /** It was started for this module alone. */
  readonly isOwn: boolean;
}

async function supervisorFor(given: unknown, settings: object): Promise<Supervisor> {
  const [key] = Object.keys(settings);
  if (given === undefined) {
    return key === undefined
      ? { splice: await sharedSplice(), isOwn: false }
      : { splice: await backgroundSplice(settings), isOwn: true };
  }
  if (!(given instanceof EmbeddedSplice)) {
    throw new ConfigError("splice", given, "a handle that createSplice returned");
  }
  if (key !== undefined) {
    throw new ConfigError(
      key,
      Reflect.get(settings, key),
      "left out: it is the business of `splice`, which has its own",
    );
  }
  return { splice: given, isOwn: false };
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

/** Keeps the process running while somebody waits for an item. */
function readAlive(
  items: AsyncIterableIterator<unknown, undefined>,
): AsyncIterableIterator<unknown, undefined> {
  return {
    next: () => whileAlive(items.next()),
    return: () => whileAlive(items.return?.() ?? Promise.resolve({ done: true, value: undefined })),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
