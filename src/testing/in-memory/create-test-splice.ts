// A Splice handle for tests: the real supervisor, dispatch and worker code in this process, without a child process or a
// socket. What stands for worker processes: memory-platform.ts.

import { knownFields } from "../../config/checks.js";
import { resolveConfig } from "../../config/resolve.js";
import type { ResolvedConfig, SpliceConfig } from "../../config/types.js";
import type { Splice } from "../../contract/splice.js";
import { Journal } from "../../dispatch/journal.js";
import { ConfigError } from "../../errors.js";
import type { Log } from "../../log.js";
import { EmbeddedSplice } from "../../system/embedded-splice.js";
import { System } from "../../system/system.js";
import { realClock, type Clock } from "../../time.js";
import type { Registry } from "../../worker/registry.js";
import { functionTable, type TestFunctions } from "./function-table.js";
import { functionsOfFolder } from "./functions-of-folder.js";
import { withoutZeroWaits } from "./held-clock.js";
import { createMemoryPlatform } from "./memory-platform.js";

type ConfigThatCounts = Pick<
  SpliceConfig,
  "limits" | "breaker" | "streams" | "shutdown" | "verify" | "inspect" | "dev"
>;

export interface TestSpliceOptions extends ConfigThatCounts {
  /**
   * Functions by their full names, `{ "math.add": add }`; or modules by theirs, `{ math }` after `import * as math from
   * "./functions/math.js"`, whose exports are then "math.add" and so on; or the path of a functions folder, which is bundled
   * as ever, and whose modules each call of createTestSplice loads anew.
   */
  readonly functions: TestFunctions | string;
  /**
   * The supervisor's time: deadlines, waits, breakers. With a createVirtualClock() the test moves it; timers of functions, and
   * their `remainingMs`, are real all the same. Default: the real one.
   */
  readonly clock?: Clock | undefined;
}

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const optionKeys = [
  "functions",
  "clock",
  "limits",
  "breaker",
  "streams",
  "shutdown",
  "verify",
  "inspect",
  "dev",
] as const;

/**
 * Resolves with a handle as createSplice gives it, on functions that run in this process: a test needs no child process, and
 * what functions close over is the test's own. Names, values, schemas, errors, deadlines, cancelling, streams, limits and
 * breakers are those of production, since the code is; what a process of its own gives is not there: a function that blocks
 * the loop or ends the process does so to the test, and one that goes on after its cancellation is left, not ended.
 *
 * Nothing is logged. Close it: until then timers may keep the process alive.
 *
 * @throws ConfigError for an option that makes no sense, by path; FunctionNamesError for functions that cannot be called by
 * their names; of a folder whatever createSplice throws when it does not compile or load.
 */
export async function createTestSplice(options: TestSpliceOptions): Promise<Splice> {
  const { functions, clock, ...rest }: TestSpliceOptions = options;
  knownFields("", options, optionKeys);
  const config = resolved(rest);
  const registry = await registryOf(functions);
  const launches = new Map(config.pools.map((pool) => [pool.name, { pool, program: "", args: [] }]));
  const system = new System(config, launches, {
    clock: clock === undefined ? realClock : withoutZeroWaits(clock),
    random: Math.random,
    log: silent,
    journal: new Journal(),
    platform: createMemoryPlatform({
      registry,
      dev: config.dev,
      maxFrameBytes: config.limits.maxFrameBytes,
      windowChunks: config.streams.windowChunks,
    }),
  });
  await system.started;
  return new EmbeddedSplice(system, config, {});
}

function resolved(config: ConfigThatCounts): ResolvedConfig {
  const whole = resolveConfig(config, { cwd: process.cwd(), defaultWorkers: 1 });
  // Nobody is asked for his health who shares this very loop; and time that a test moves leaves him none to answer.
  return { ...whole, health: { ...whole.health, intervalMs: Infinity } };
}

function registryOf(functions: unknown): Promise<Registry> | Registry {
  if (typeof functions === "string") return functionsOfFolder(functions);
  if (typeof functions === "object" && functions !== null) return functionTable(functions as TestFunctions);
  const expected =
    'functions by name, { "math.add": add }, modules by name, { math }, or the path of a folder';
  throw new ConfigError("functions", functions, expected);
}
