// Whether pools start what has ended by itself neither too often nor too soon (G13). Judged by what comes in at the charts of
// pools and workers, and not by what they remember.

import type { BreakerReport } from "../../../src/machines/breaker/events.js";
import type { RestartPolicy } from "../../../src/machines/pool/restart.js";
import type { WorkerCommand, WorkerReport } from "../../../src/machines/worker/events.js";

export interface Step {
  readonly chart: string;
  /** The actor's own. */
  readonly id: string;
  /** Of a pool its name; else "". */
  readonly pool: string;
  readonly event: { readonly type: string };
  /** The state after it, from the top: "serving.flowing". */
  readonly state: string;
  readonly atMs: number;
}

interface Member {
  readonly memberId: string;
  readonly pool: string;
  /** When its process became ready; null: it has not. */
  readyAtMs: number | null;
  /** At least so many restarts in a row. */
  turn: number;
  /** It ended by itself, and has not been started again: whether that counts. */
  ended: { readonly counts: boolean } | null;
  /** When it may start at the earliest; null: it does not wait. */
  notBeforeMs: number | null;
}

type Exited = Extract<WorkerReport, { type: "worker.exited" }>;
type Ready = Extract<WorkerReport, { type: "worker.ready" }>;
type Start = Extract<WorkerCommand, { type: "worker.start" }>;

/** What adding up many times may be off by. */
const roundingMs = 1e-6;

export class RestartWatch {
  readonly #policy: RestartPolicy;
  readonly #isExcused: (instance: Exited["instance"]) => boolean;
  readonly #onFault: (error: Error) => void;
  readonly #members = new Map<string, Member>();
  /** Of each pool, since its breaker was closed. */
  readonly #restartsAtMs = new Map<string, readonly number[]>();

  /** `isExcused`: that death is charged to a function that is in quarantine for it, and counts for no pool. */
  constructor(
    policy: RestartPolicy,
    isExcused: (instance: Exited["instance"]) => boolean,
    onFault: (error: Error) => void,
  ) {
    this.#policy = policy;
    this.#isExcused = isExcused;
    this.#onFault = onFault;
  }

  saw(step: Step): void {
    const { chart, event } = step;
    if (chart === "pool") {
      // One that is down meanwhile is not started for its end, but for what its breaker or the strategy does.
      if (step.state !== "serving.flowing") this.#forEach(step.pool, (member) => (member.ended = null));
      if (event.type === "worker.exited") this.#exited(event as Exited, step);
      else if (event.type === "worker.ready") this.#memberOf(event as Ready).readyAtMs = step.atMs;
      // What happened to older code says nothing of the new.
      else if (event.type === "generation.promote") this.#restartsAtMs.delete(step.pool);
      else if (event.type === "breaker.closed") this.#forgiven((event as BreakerReport).name);
    } else if (chart === "worker") {
      const member = this.#members.get(step.id);
      if (member === undefined) return;
      if (event.type === "worker.start") this.#toldToStart(member, (event as Start).delayMs, step.atMs);
      else if (step.state.startsWith("alive")) this.#started(member, step.atMs);
      else if (step.state === "exited") member.notBeforeMs = null;
    }
  }

  #memberOf({ memberId, pool }: Exited | Ready): Member {
    let member = this.#members.get(memberId);
    if (member === undefined)
      this.#members.set(
        memberId,
        (member = { memberId, pool, readyAtMs: null, turn: 0, ended: null, notBeforeMs: null }),
      );
    return member;
  }

  #exited(event: Exited, { state, atMs }: Step): void {
    const member = this.#memberOf(event);
    const { readyAtMs } = member;
    if (readyAtMs !== null && atMs - readyAtMs >= this.#policy.resetAfterMs) member.turn = 0;
    member.readyAtMs = null;
    const isByItself = !event.exit.wasAsked && state === "serving.flowing";
    member.ended = isByItself ? { counts: !this.#isExcused(event.instance) } : null;
  }

  /** What was too often before is none of it any more. */
  #forgiven(pool: string): void {
    this.#restartsAtMs.delete(pool);
    this.#forEach(pool, (member) => (member.turn = 0));
  }

  #forEach(pool: string, change: (member: Member) => void): void {
    for (const member of this.#members.values()) if (member.pool === pool) change(member);
  }

  #toldToStart(member: Member, delayMs: number, atMs: number): void {
    const { ended, pool, memberId } = member;
    const { backoffMs, jitter, maxRestarts, withinMs } = this.#policy;
    member.ended = null;
    member.notBeforeMs = atMs + delayMs;
    if (ended === null) return;
    const floorMs = backoffMs[Math.min(member.turn, backoffMs.length - 1)] ?? 0;
    member.turn += 1;
    const mostMs = Math.max(...backoffMs) * (1 + jitter);
    if (delayMs < floorMs || delayMs > mostMs)
      this.#fail(
        `Worker ${memberId} is started after ${String(delayMs)} ms, which is not between ${String(floorMs)} and ${String(mostMs)}`,
      );
    if (!ended.counts) return;
    const recent = (this.#restartsAtMs.get(pool) ?? []).filter((each) => atMs - each < withinMs);
    this.#restartsAtMs.set(pool, [...recent, atMs]);
    if (recent.length >= maxRestarts)
      this.#fail(
        `Workers of ${pool} are started anew ${String(recent.length + 1)} times within ${String(withinMs)} ms, and restart.maxRestarts is ${String(maxRestarts)}`,
      );
  }

  #started(member: Member, atMs: number): void {
    const { notBeforeMs, memberId } = member;
    if (notBeforeMs !== null && atMs < notBeforeMs - roundingMs)
      this.#fail(`Worker ${memberId} was started ${String(notBeforeMs - atMs)} ms too early`);
    member.notBeforeMs = null;
  }

  #fail(what: string): void {
    this.#onFault(new Error(`${what} (G13).`));
  }
}
