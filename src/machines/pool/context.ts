// What a pool knows: its plan, what all pools share, and its workers as it counts them. Types and the beginning alone.

import type { ActorRef, Snapshot } from "xstate";
import type { RestartType } from "../../config/types.js";
import type { InstanceId } from "../../ids.js";
import type { Clock, Random } from "../../time.js";
import type { CooldownPolicy } from "../breaker/cooldown.js";
import type { ReloadPolicy } from "../reload/machine.js";
import type { PoolOutlook, PoolRefusal } from "../router/route-table.js";
import type { WorkerTimings } from "../worker/context.js";
import type { PoolReport } from "./events.js";
import type { Candidate } from "./generations.js";
import type { Members } from "./members.js";
import { emptyWindow, type RestartPolicy, type RestartWindow } from "./restart.js";

const firstGeneration = 1;

export interface PoolPlan {
  readonly name: string;
  readonly workers: number;
  readonly restartType: RestartType;
}

/** What all pools of one supervisor share. */
export interface PoolPorts {
  readonly timings: WorkerTimings;
  readonly maxMisses: number;
  readonly restart: RestartPolicy;
  readonly cooldown: CooldownPolicy;
  /** How long a worker that is to go may take for the calls it has. */
  readonly drainMs: number;
  readonly reload: ReloadPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly nextInstance: () => InstanceId;
  /** True when the end of this process is charged to a function that is quarantined: it is no sample of the pool's. */
  readonly isExcused: (instance: InstanceId) => boolean;
}

export interface PoolInput extends PoolPorts {
  readonly plan: PoolPlan;
  readonly parent: ActorRef<Snapshot<unknown>, PoolReport>;
}

export interface PoolContext extends PoolInput {
  readonly members: Members;
  /** That gets the calls. */
  readonly generation: number;
  /** That is being started beside it; null while none is. */
  readonly candidate: Candidate | null;
  /** Why it cannot be reloaded any more; null while its reload manager lives. */
  readonly reloadFault: string | null;
  readonly window: RestartWindow;
  /** What a call gets that finds no worker and no due one; null where it may wait all the same. */
  readonly refusal: PoolOutlook;
  /** It has had a ready worker: from now on it heals by itself. */
  readonly hasServed: boolean;
  /** Members made so far, for their ids. */
  readonly made: number;
  /** The member whose start the breaker watches; null while there is none. */
  readonly probe: string | null;
}

/** Why a pool that could start workers has none. */
export const noWorker: PoolRefusal = {
  reason: "no-worker",
  why: "has no worker, and none is due to start",
  retryAtMs: null,
};

/** Of a pool that was told to stop. */
export const closed: PoolRefusal = { reason: "closed", why: "was closed", retryAtMs: null };

export function newPoolContext(input: PoolInput): PoolContext {
  return {
    ...input,
    members: new Map(),
    generation: firstGeneration,
    candidate: null,
    reloadFault: null,
    window: emptyWindow,
    refusal: noWorker,
    hasServed: false,
    made: 0,
    probe: null,
  };
}
