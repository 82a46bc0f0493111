// The kinds of identity, branded so that the compiler keeps them apart.

/** One replica of a pool over all its restarts, as people see it: "app:1". */
export type WorkerId = string & { readonly __brand: "WorkerId" };

/** One spawned process of a worker. Unique over the supervisor's life; fences off what an earlier process says. */
export type InstanceId = number & { readonly __brand: "InstanceId" };

/** A call, by the supervisor's own number: unique over its life, from 1. */
export type CallId = number & { readonly __brand: "CallId" };

export function workerId(pool: string, replica: number): WorkerId {
  return `${pool}:${String(replica)}` as WorkerId;
}

/** Unlike the id of a place, no two workers of a pool ever share one. `made`: how many were made so far, this included. */
export function memberIdOf(place: WorkerId, made: number): string {
  return `${place}#${String(made)}`;
}

/** Counts from 1; the caller names the brand. */
export function createIdSource<Id extends number>(): () => Id {
  let last = 0;
  return () => ++last as Id;
}
