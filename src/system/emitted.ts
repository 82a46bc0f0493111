// What the charts tell the world: a line in the log where a person needs one, and the event that users subscribe to.

import type { LifecycleEvent } from "../contract/status.js";
import type { Log } from "../log.js";
import type { SupervisorEmitted } from "../machines/supervisor/events.js";
import { tellPoolBreaker } from "./breakers.js";

/** An event for users, but for its time. */
export type Told = Omit<LifecycleEvent, "atMs">;

export interface EmittedPorts {
  readonly log: Log;
  /** What a pool that never was prints is told once, with its failure. */
  readonly hasBeenReady: (pool: string) => boolean;
}

/** Null: users need not hear of it. */
export function tellEmitted(event: SupervisorEmitted, { log, hasBeenReady }: EmittedPorts): Told | null {
  switch (event.type) {
    case "worker.ready": {
      const { workerId, pool, pid, generation } = event;
      log.debug(`worker ${workerId} is ready`, { worker: workerId, pid, generation });
      return { type: event.type, pool, worker: workerId, pid, generation };
    }
    case "worker.exited": {
      const { workerId, pool, pid, generation, reason, wasAsked, wasReady, stderrTail } = event;
      // A worker that was stopped while it waited for its next start had no process to end.
      if (pid === null && wasAsked) return null;
      const line = `worker ${workerId} ${reason}`;
      const fields = { worker: workerId, pid, generation };
      if (wasAsked || !hasBeenReady(pool)) log.debug(line, fields);
      else log.warn(wasReady ? line : `${line}\n${stderrTail}`.trim(), fields);
      return {
        type: event.type,
        pool,
        worker: workerId,
        generation,
        reason,
        ...(pid === null ? {} : { pid }),
      };
    }
    case "exports.changed":
      return { type: event.type, pool: event.pool };
    case "worker.condemned": {
      const { workerId, reason } = event;
      log.warn(`worker ${workerId} gets no more calls and will be killed, because ${reason}`, {
        worker: workerId,
      });
      return null;
    }
    case "breaker.opened":
    case "breaker.halfOpened":
    case "breaker.closed": {
      const { type, pool, picture } = event;
      tellPoolBreaker(log, type, pool, picture);
      return { type, pool, reason: picture.why };
    }
    case "generation.promoted": {
      const { type, pool, to, verdict } = event;
      log.info(`pool ${pool} runs generation ${String(to)} (${verdict})`, { pool, generation: to });
      return { type, pool, generation: to, reason: verdict };
    }
    case "reload.finished": {
      const { pool, outcome } = event;
      const { from, verdict, breaks, error } = outcome;
      if (error !== null) {
        log.error(`pool ${pool} was not reloaded, and generation ${String(from)} serves on. ${error}`, {
          pool,
        });
        return { type: "reload.failed", pool, generation: from, reason: error };
      }
      if (verdict === "unchanged") log.info(`pool ${pool} is unchanged: nothing was restarted`, { pool });
      if (breaks.length > 0)
        log.warn(`pool ${pool} breaks callers of before: ${breaks.join("; ")}`, { pool });
      return null;
    }
    // Whoever waits for it hears of it.
    case "generation.drained":
    // Whoever added or removed the pool hears of it.
    case "pool.failed":
    case "pool.removed":
      return null;
    case "supervisor.draining":
      return { type: event.type };
  }
}
