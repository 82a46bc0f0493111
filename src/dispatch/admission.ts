// Who is let in: the checks a call passes before it holds anything, and the sentence for each one it fails.
// Reads what dispatch knows and changes none of it; a refused call leaves no trace but its answer.

import type { Admission } from "../machines/router/route-table.js";
import type { Clock } from "../time.js";
import { carriesInput } from "../protocol/context.js";
import type { U64 } from "../protocol/messages.js";
import type { Caller, CallFailure } from "./call.js";
import * as failures from "./failures.js";
import type { FunctionState } from "./function-state.js";
import type { PoolState } from "./pool-state.js";

export interface DispatchLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerFunction: number;
  /** Calls that may wait for one of the two; 0: they are refused at once. */
  readonly maxQueue: number;
  readonly maxQueueWaitMs: number;
  /** Time a call may take when its caller names none; Infinity for no deadline. */
  readonly defaultTimeoutMs: number;
  /** How long after a Cancel the worker may take before the caller is answered without it. */
  readonly cancelGraceMs: number;
  /** How long a worker that streams may send nothing; 0: for ever. */
  readonly idleTimeoutMs: number;
}

/** What the door is decided by; dispatch keeps it up to date. */
export interface Door {
  readonly clock: Clock;
  readonly limits: DispatchLimits;
  readonly functions: ReadonlyMap<string, FunctionState>;
  readonly pools: ReadonlyMap<string, PoolState>;
  admission: Admission;
  closedReason: "closed" | "failed" | null;
}

/** No function has such a name; comparing it with those there are would cost more than it tells. */
const maxNameBytes = 1024;

function isTooLong(name: string): boolean {
  // A character has three bytes at most, so that the names of most calls are not counted through.
  return (
    name.length * 3 > maxNameBytes && (name.length > maxNameBytes || Buffer.byteLength(name) > maxNameBytes)
  );
}

/** The function a call is for, or why the call is not taken. Whether it gets a permit is asked next. */
export function admit(
  door: Door,
  name: string,
  timeoutMs: number | undefined,
  caller: Caller,
  requestId: U64,
  contextBytes: Uint8Array,
): FunctionState | CallFailure {
  const closed = closedRefusal(door);
  if (closed !== null) return closed;
  if (isTooLong(name)) return failures.functionNotFound(name, []);
  const target = door.functions.get(name);
  if (target === undefined) return unknown(door, name);
  const refusal = targetRefusal(door, target);
  if (refusal !== null) return refusal;
  if (target.isStreaming) {
    const refused =
      caller.streams === undefined
        ? failures.streamingUnsupported(name, "caller")
        : caller.streams.refusalOf(requestId, name);
    if (refused !== null) return refused;
  }
  if (carriesInput(contextBytes)) {
    const refused =
      caller.inputs === undefined ? failures.inputRefused(name, "caller") : caller.inputs.refusalOf(name);
    if (refused !== null) return refused;
  }
  if (timeoutMs !== undefined && timeoutMs <= 0) return failures.noTimeLeft(name, timeoutMs);
  return target.gate?.refusal(name) ?? target;
}

/** Why a call of that function would not be taken now, whatever its time and the limits; null: it would. */
export function refusalOf(door: Door, target: FunctionState): CallFailure | null {
  return closedRefusal(door) ?? targetRefusal(door, target);
}

/** The limit that leaves no permit for that function; null: there is one. `inFlight` counts those that are taken. */
export function fullLimit(
  limits: DispatchLimits,
  inFlight: number,
  target: FunctionState,
): "maxInFlight" | "maxInFlightPerFunction" | null {
  if (inFlight >= limits.maxInFlight) return "maxInFlight";
  return target.inFlight >= limits.maxInFlightPerFunction ? "maxInFlightPerFunction" : null;
}

function closedRefusal({ admission, closedReason }: Door): CallFailure | null {
  if (admission === "open" && closedReason === null) return null;
  const reason = closedReason ?? admission;
  return failures.unavailable(reason, `The supervisor takes no new calls: it is ${reason}.`);
}

function targetRefusal(door: Door, target: FunctionState): CallFailure | null {
  if (!target.isExported) return unknown(door, target.name);
  const pool = door.pools.get(target.pool);
  if (pool === undefined || pool.outlook === null || pool.ready.length > 0) return null;
  return failures.noWorker(target.name, target.pool, pool.outlook, door.clock.now());
}

function unknown(door: Door, name: string): CallFailure {
  const known = [...door.functions.values()].filter((other) => other.isExported);
  return failures.functionNotFound(
    name,
    known.map((other) => other.name),
  );
}
