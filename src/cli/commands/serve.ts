// splice serve: a supervisor in the foreground, until it is told to stop.

import { availableParallelism } from "node:os";
import { takeServiceManager } from "../../actors/service-manager.js";
import type { PoolLaunch } from "../../actors/worker-command.js";
import { defaultPoolName } from "../../config/defaults.js";
import type { LinkKind, ResolvedConfig, ResolvedPool } from "../../config/types.js";
import type { Prepare } from "../../system/making.js";
import type { EmbeddedSplice } from "../../system/embedded-splice.js";
import { debugged, tellingDebuggers } from "../debug.js";
import { exitCodes, UsageError } from "../exit.js";
import { Foreground } from "../foreground.js";
import { createLateLog } from "../late-log.js";
import type { CommonOptions } from "../options.js";
import { namingFile, openProject, resolveProject, socketOf, type Project } from "../project.js";
import { announceServing } from "../serving.js";
import { splitWords } from "../words.js";

export interface ServeCommandOptions extends CommonOptions {
  readonly dist?: string;
  readonly worker?: string;
  readonly link?: LinkKind;
  readonly strict?: boolean;
  readonly watch?: boolean;
  readonly debug?: string;
  readonly allowBreaking?: boolean;
  readonly maxConcurrency?: number;
  readonly timeout?: number;
}

/** Resolves with the exit code: 0 after a stop that was asked for, 1 when the supervisor failed or gave a pool up. */
export async function runServe(options: ServeCommandOptions): Promise<number> {
  const log = createLateLog();
  const foreground = new Foreground(log);
  const onWarning = (sentence: string): void => {
    log.warn(sentence);
  };
  const manager = takeServiceManager({ env: process.env, pid: process.pid, onWarning });
  let gaveUp = false as boolean;
  try {
    const warnings: string[] = [];
    const { project, config, launch, prepare } = await openServed(options, (warning) =>
      warnings.push(warning),
    );
    const socket = manager.socket?.path ?? socketOf(project, config);
    // The supervisor is loaded while esbuild, in a process of its own, makes the bundle.
    const launches = launch();
    // Whoever starts the supervisor with it hears of its failure.
    launches.catch(() => undefined);
    const { startSplice } = await import("../../host/start-splice.js");
    const start = async (): Promise<EmbeddedSplice> => {
      const runnable = await launches;
      for (const warning of warnings) log.warn(warning);
      const starting = startSplice(
        { ...config, socket },
        {
          log: options.debug === undefined ? log : tellingDebuggers(log, () => undefined),
          logLevel: options.logLevel,
          launches: runnable,
          prepare,
          isWatching: options.watch === true,
          signal: foreground.signal,
          passedFd: manager.socket?.fd,
        },
      );
      starting.catch(() => undefined);
      // The workers are spawned by now; the logger is loaded while they boot.
      const { createLog } = await import("../../system/log.js");
      log.provide(createLog({ level: options.logLevel }));
      return starting;
    };
    const splice = await namingFile(project, start);
    foreground.adopt(splice);
    await announceServing(splice, socket);
    void manager.notify("READY=1");
    splice.events$.subscribe((event) => {
      if (event.type === "supervisor.draining") void manager.notify("STOPPING=1");
      if (options.strict !== true || event.type !== "breaker.opened" || event.pool === undefined) return;
      gaveUp = true;
      const why = `pool ${event.pool} cannot keep its workers and --strict says not to go on`;
      splice.log.error(`stopping, since ${why}`);
      void splice.close();
    });
    await splice.ended;
    await splice.close();
    const { state } = await splice.status();
    log.info("stopped");
    return state === "failed" || gaveUp ? exitCodes.failed : exitCodes.ok;
  } catch (error) {
    if (foreground.isStopping) return exitCodes.ok;
    throw error;
  } finally {
    foreground.close();
  }
}

interface Served {
  readonly project: Project;
  readonly config: ResolvedConfig;
  readonly launch: () => Promise<ReadonlyMap<string, PoolLaunch>>;
  /** What a pool runs, made anew at a reload; undefined: as at the start. */
  readonly prepare: Prepare | undefined;
}

/** The project of this folder, or a built one. */
async function openServed(
  options: ServeCommandOptions,
  onWarning: (sentence: string) => void,
): Promise<Served> {
  const defaultWorkers = Math.max(1, availableParallelism() - 1);
  if (options.dist !== undefined) {
    if (options.worker !== undefined || options.link !== undefined)
      throw new UsageError("--dist has pools of its own; leave out --worker and --link.");
    const { openBuiltProject } = await import("../built-project.js");
    const built = await openBuiltProject(options.dist, options, defaultWorkers);
    const config = withFlags(built.config, options);
    return { project: built.project, config, launch: built.launches, prepare: built.prepare };
  }
  const project = await openProject(options);
  const config = withFlags(await resolveServed(project, options, defaultWorkers), options);
  const { prepareLaunches } = await import("../../system/launch.js");
  return { project, config, launch: () => prepareLaunches(config, onWarning), prepare: undefined };
}

async function resolveServed(
  project: Project,
  options: ServeCommandOptions,
  defaultWorkers: number,
): Promise<ResolvedConfig> {
  const config = await resolveProject(project, options, defaultWorkers);
  const { worker, link = "inherit" } = options;
  if (worker === undefined && options.link !== undefined)
    throw new UsageError("--link is about the program of --worker, and there is none.");
  if (options.debug !== undefined && options.watch !== true)
    throw new UsageError("--debug is for development: with --watch, or with splice dev.");
  if (options.debug !== undefined && worker !== undefined)
    throw new UsageError("--debug is for pools of functions, and --worker is a program of its own.");
  const served = options.debug === undefined ? config : debugged(config, options.debug);
  if (worker === undefined) return served;
  const workers = config.pools.find(({ name }) => name === defaultPoolName)?.workers ?? defaultWorkers;
  return { ...config, pools: [{ ...poolOf(worker), link, workers, cwd: project.folder }] };
}

function withFlags(config: ResolvedConfig, options: ServeCommandOptions): ResolvedConfig {
  const { maxConcurrency, timeout, allowBreaking } = options;
  const limits = {
    ...config.limits,
    ...(maxConcurrency === undefined ? {} : { maxInFlight: maxConcurrency }),
    ...(timeout === undefined ? {} : { defaultTimeoutMs: timeout }),
  };
  return { ...config, limits, reload: allowBreaking === true ? { allowBreaking } : config.reload };
}

function poolOf(worker: string): Omit<ResolvedPool, "link" | "workers" | "cwd"> {
  return {
    name: defaultPoolName,
    source: { kind: "command", command: splitWords(worker, "--worker") },
    watch: [],
    env: {},
    maxCalls: Infinity,
    maxRssMb: Infinity,
    restartType: "permanent",
  };
}
