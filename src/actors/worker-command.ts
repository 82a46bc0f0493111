// What is run for a worker and with which environment: pure, from the pool's plan to spawn's arguments.

import type { ResolvedPool } from "../config/types.js";
import type { FileStates } from "./still-files.js";
import type { InstanceInput } from "../machines/worker/context.js";

export interface WorkerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Artefact {
  /** SHA-256 of what is run, in hexadecimal digits. */
  readonly hash: string;
  /** Files that went into it, absolute, as they were then. */
  readonly inputs: FileStates;
  /** Folders and files in which a change may make another of it, absolute. */
  readonly watch: readonly string[];
}

/** How a pool's workers are started: a program, or our own runtime with a bundle of functions. */
export interface PoolLaunch {
  readonly pool: ResolvedPool;
  readonly program: string;
  readonly args: readonly string[];
  /** Called before each start; what it throws is a failed start. */
  readonly prepare?: () => void;
  /** What it was made from; absent where nobody can tell whether it is another than before. */
  readonly artefact?: Artefact;
}

/** What each generation of each pool runs. */
export interface Launches {
  get(pool: string, generation: number): PoolLaunch | undefined;
}

/**
 * Everything of the parent's environment but NODE_OPTIONS and SPLICE_*, then the pool's own, then the link.
 * SPLICE_INSTANCE names the supervisor's life, so that whatever it leaves behind can be found by it.
 * NODE_OPTIONS would open inspectors and load files into every worker; it may be set again in the pool's `env`.
 */
export function workerCommand(
  launch: PoolLaunch,
  who: InstanceInput,
  linkEnv: Readonly<Record<string, string>>,
  parentEnv: Readonly<Record<string, string | undefined>>,
  supervisorId: string,
): WorkerCommand {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(parentEnv)) {
    if (value === undefined || name === "NODE_OPTIONS" || name.startsWith("SPLICE_") || name === "ZAP_SOCKET")
      continue;
    env[name] = value;
  }
  Object.assign(env, launch.pool.env, linkEnv, {
    SPLICE_INSTANCE: supervisorId,
    SPLICE_WORKER: who.workerId,
    SPLICE_GENERATION: String(who.generation),
  });
  return { program: launch.program, args: launch.args, cwd: launch.pool.cwd, env };
}
