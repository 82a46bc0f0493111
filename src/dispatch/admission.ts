// Who is let in: the checks a call passes before it holds anything, and the sentence for each one it fails.
// Reads what dispatch knows and changes none of it; a refused call leaves no trace but its answer.

import type { Admission } from "../machines/router/route-table.js";
import type { CallFailure } from "./call.js";
import * as failures from "./failures.js";
import type { FunctionState } from "./function-state.js";
import type { PoolState } from "./pool-state.js";

export interface DispatchLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerFunction: number;
  /** Time a call may take when its caller names none; Infinity for no deadline. */
  readonly defaultTimeoutMs: number;
  /** How long after a Cancel the worker may take before the caller is answered without it. */
  readonly cancelGraceMs: number;
}

/** What the door is decided by; dispatch keeps it up to date. */
export interface Door {
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

/** The function a call is for, or why the call is not taken. `inFlight` counts the slots that are taken now. */
export function admit(
  door: Door,
  inFlight: number,
  name: string,
  timeoutMs: number | undefined,
): FunctionState | CallFailure {
  const { admission, closedReason, limits } = door;
  if (admission !== "open" || closedReason !== null) {
    const reason = closedReason ?? admission;
    return failures.unavailable(reason, `The supervisor takes no new calls: it is ${reason}.`);
  }
  if (isTooLong(name)) return failures.functionNotFound(name, []);
  const target = door.functions.get(name);
  if (target?.isExported !== true) {
    const known = [...door.functions.values()].filter((other) => other.isExported);
    return failures.functionNotFound(
      name,
      known.map((other) => other.name),
    );
  }
  if (target.isStreaming) return failures.streamingUnsupported(name);
  if (timeoutMs !== undefined && timeoutMs <= 0) return failures.noTimeLeft(name, timeoutMs);
  const refusal = target.gate?.refusal(name) ?? null;
  if (refusal !== null) return refusal;
  const { maxInFlight, maxInFlightPerFunction } = limits;
  if (inFlight >= maxInFlight) return failures.overloaded("maxInFlight", maxInFlight, inFlight);
  if (target.inFlight >= maxInFlightPerFunction) {
    return failures.overloaded("maxInFlightPerFunction", maxInFlightPerFunction, target.inFlight);
  }
  const pool = door.pools.get(target.pool);
  if (pool !== undefined && pool.outlook !== null && pool.ready.length === 0) {
    return failures.noWorker(name, target.pool, pool.outlook);
  }
  return target;
}
