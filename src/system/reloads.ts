// Who asked for a reload, and what it came to: from what the root emits to the report of each. What a reload does is the
// charts' business.

import type { PoolReload, ReloadReport } from "../contract/reload-report.js";
import type { ReloadOutcome } from "../machines/reload/events.js";
import { toWellFormed } from "../protocol/text.js";
import { wasOutOfService } from "../machines/pool/generations.js";
import type { SupervisorEmitted } from "../machines/supervisor/events.js";

interface Waiting {
  readonly pool: string;
  /** Also for the generation before to be gone. */
  readonly isToWait: boolean;
  outcome: ReloadOutcome | null;
  readonly resolve: (reload: PoolReload) => void;
}

export interface ReloadRequest {
  readonly pools: readonly string[];
  readonly isToWait: boolean;
}

export class Reloads {
  readonly #request: (pool: string) => void;
  #waiting: Waiting[] = [];
  /** By pool: why its last reload came to nothing. */
  readonly #errors = new Map<string, string>();
  /** By pool: the generation before which none has workers left. One may be that before its reload is told as over. */
  readonly #alone = new Map<string, number>();
  #ended: string | null = null;

  /** `request` has a pool reloaded, and may answer before it returns. */
  constructor(request: (pool: string) => void) {
    this.#request = request;
  }

  get lastError(): string | null {
    return [...this.#errors.values()].at(-1) ?? null;
  }

  async request({ pools, isToWait }: ReloadRequest): Promise<ReloadReport> {
    const reloads = await Promise.all(pools.map((pool) => this.#one(pool, isToWait)));
    return { ok: reloads.every(({ error }) => error === null), pools: reloads };
  }

  heard(event: SupervisorEmitted): void {
    if (event.type === "reload.finished") this.#finished(event.outcome);
    else if (event.type === "generation.drained") this.#drained(event.pool, event.generation);
    else if (event.type === "worker.ready") this.#ready(event.pool);
    else if (event.type === "pool.removed") {
      this.#errors.delete(event.pool);
      this.#alone.delete(event.pool);
      this.#giveUp(`pool ${event.pool} was removed`, event.pool);
    }
  }

  /** No reload comes to its end any more. `why` completes "since …". */
  close(why: string): void {
    this.#ended = why;
    this.#giveUp(why);
  }

  #one(pool: string, isToWait: boolean): Promise<PoolReload> {
    return new Promise((resolve) => {
      if (this.#ended !== null) {
        resolve(notReloaded(pool, this.#ended));
        return;
      }
      this.#waiting.push({ pool, isToWait, outcome: null, resolve });
      this.#request(pool);
    });
  }

  #finished(outcome: ReloadOutcome): void {
    const { pool } = outcome;
    // It may be what a worker printed, and has to pass over the wire.
    const error = outcome.error === null ? null : toWellFormed(outcome.error);
    this.#errors.delete(pool);
    if (error !== null) this.#errors.set(pool, error);
    this.#settle(pool, (waiting) => {
      waiting.outcome ??= { ...outcome, error };
      const { from, to } = waiting.outcome;
      return !waiting.isToWait || to === from || (this.#alone.get(pool) ?? 0) >= to;
    });
  }

  /** An edit that came too early for its pool is not lost. */
  #ready(pool: string): void {
    const error = this.#errors.get(pool);
    if (error === undefined || this.#ended !== null || !wasOutOfService(error)) return;
    this.#errors.delete(pool);
    this.#request(pool);
  }

  #drained(pool: string, generation: number): void {
    this.#alone.set(pool, generation);
    this.#settle(pool, ({ outcome }) => outcome !== null && outcome.to <= generation);
  }

  #settle(pool: string, isOver: (waiting: Waiting) => boolean): void {
    const over = this.#waiting.filter((waiting) => waiting.pool === pool && isOver(waiting));
    this.#waiting = this.#waiting.filter((waiting) => !over.includes(waiting));
    for (const { outcome, resolve } of over) if (outcome !== null) resolve(reportOf(outcome));
  }

  #giveUp(why: string, pool?: string): void {
    const over = this.#waiting.filter((waiting) => pool === undefined || waiting.pool === pool);
    this.#waiting = this.#waiting.filter((waiting) => !over.includes(waiting));
    for (const { outcome, resolve, pool: name } of over)
      resolve(outcome === null ? notReloaded(name, why) : reportOf(outcome));
  }
}

function reportOf({ pool, from, to, verdict, durationMs, error }: ReloadOutcome): PoolReload {
  return { name: pool, from, to, verdict, durationMs, error };
}

function notReloaded(name: string, why: string): PoolReload {
  const error = `Pool ${name} was not reloaded, since ${why}.`;
  return { name, from: 0, to: 0, verdict: null, durationMs: 0, error };
}
