// The one picture of a running system: what `status()` returns and what `events$` emits. Types only; every screen,
// command and page renders these and nothing else.

export type SupervisorState = "starting" | "running" | "draining" | "stopped" | "failed";

export interface WorkerStatus {
  /** One place in a pool over all its restarts: "app:1". */
  readonly id: string;
  /** Null while it has no process. */
  readonly pid: number | null;
  readonly generation: number;
  /** The state of its machine: "ready", "handshaking", "backingOff", … */
  readonly state: string;
  readonly inFlight: number;
  /** Calls that this process was given. */
  readonly calls: number;
  /** Resident memory; null where the platform does not tell. */
  readonly rssBytes: number | null;
  /** How long its main loop took to answer the last health check. */
  readonly lagMs: number;
  readonly uptimeMs: number;
}

export interface PoolStatus {
  readonly name: string;
  readonly generation: number;
  /** That stops its starts when they fail too often. */
  readonly breaker: BreakerStatus;
  readonly workers: readonly WorkerStatus[];
}

export interface BreakerStatus {
  readonly state: "closed" | "open" | "halfOpen" | "forcedOpen";
  /** While it is open: milliseconds until one call is let through to try it. Null otherwise. */
  readonly retryAfterMs: number | null;
}

export interface FunctionStatus {
  readonly name: string;
  readonly pool: string;
  readonly streaming: boolean;
  readonly inFlight: number;
  readonly calls: number;
  readonly failed: number;
  /** Microseconds until the answer, a wait for a slot included, that half, and 99 of 100, of all calls did not exceed. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Null until the function has failed for the first time, or was tripped. */
  readonly breaker: BreakerStatus | null;
}

export interface Status {
  readonly state: SupervisorState;
  readonly pid: number;
  /** 32 hexadecimal digits: the same on every connection of one supervisor's life. */
  readonly serverId: string;
  readonly socket: string | null;
  readonly version: string;
  readonly uptimeMs: number;
  readonly limits: {
    /** The largest frame that it takes from a host, in bytes: the params of a call, or an item of its input, and what surrounds them. */
    readonly maxFrameBytes: number;
  };
  readonly calls: {
    readonly total: number;
    readonly ok: number;
    readonly failed: number;
    readonly timedOut: number;
    readonly cancelled: number;
    /** Refused before they held a slot: unknown name, a limit, no worker, an open breaker. */
    readonly rejected: number;
    /** Answers that came when the caller already had one. */
    readonly late: number;
    /** Calls that hold a slot now; those that wait for one do not. */
    readonly active: number;
  };
  readonly pools: readonly PoolStatus[];
  readonly functions: readonly FunctionStatus[];
  readonly reload: {
    /** Of the reload that is under way: "building", "starting", "promoting", …; "watching" when none is. */
    readonly state: string;
    /** Why the last reload of a pool came to nothing, as a person is to read it; null when its last one did not. */
    readonly lastError: string | null;
  };
}

export interface LifecycleEvent {
  readonly type:
    | "worker.ready"
    | "worker.exited"
    | "breaker.opened"
    | "breaker.halfOpened"
    | "breaker.closed"
    | "generation.promoted"
    | "reload.failed"
    | "exports.changed"
    | "supervisor.draining"
    | "supervisor.failed"
    /** Over a connection alone: this reader was too slow for the `count` events before this one. */
    | "events.dropped";
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly pool?: string;
  readonly worker?: string;
  readonly pid?: number;
  readonly generation?: number;
  readonly functionName?: string;
  readonly reason?: string;
  readonly count?: number;
}
