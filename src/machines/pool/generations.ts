// What a pool does about a further generation of its workers: started whole beside those that serve, promoted in one step
// or abandoned. Its workers are no members before that, so that nothing a pool does about its members concerns them. Pure.

import { memberIdOf, workerId, type WorkerId } from "../../ids.js";
import type { Verdict } from "../../contract/compare-exports.js";
import type { GenerationFact, ReloadEvent } from "../reload/events.js";
import type { WorkerReady, WorkerReport } from "../worker/events.js";
import { noWorker, type PoolContext } from "./context.js";
import type { PoolReport } from "./events.js";
import { isHeld, outlookFor, type Step } from "./decisions.js";
import { hasProcess, newMember, type Members } from "./members.js";
import { emptyWindow } from "./restart.js";

export interface CandidateWorker {
  readonly workerId: WorkerId;
  /** What it said when it became ready; null before that. */
  readonly ready: WorkerReady | null;
}

/** A generation that is not in service yet. */
export interface Candidate {
  readonly generation: number;
  readonly workers: ReadonlyMap<string, CandidateWorker>;
  /** It will not be promoted: its workers are being ended. */
  readonly isLeaving: boolean;
}

export function isOfCandidate({ candidate }: PoolContext, memberId: string): boolean {
  return candidate?.workers.has(memberId) === true;
}

/** Asks for a reload, or says why there can be none. */
export function request(context: PoolContext): Step {
  const { reloadFault } = context;
  if (reloadFault === null) return tellReload({ type: "reload.request" });
  return { change: {}, report: [notReloaded(context, reloadFault)] };
}

/** Its reload manager is no more: the pool serves on with what it runs, and what was begun is ended. */
export function lose(context: PoolContext, why: string): Step {
  const reloadFault = `Its reload manager failed inside the supervisor: ${why}. It serves on with what it runs; for anything newer, start the supervisor anew.`;
  const { change, tell } = withoutCandidate(context, { change: { reloadFault } }, "stop");
  return { change, tell: tell ?? [], report: [notReloaded(context, reloadFault)] };
}

function notReloaded({ plan, generation }: PoolContext, error: string): PoolReport {
  const outcome = { pool: plan.name, from: generation, to: generation, verdict: null, durationMs: 0 };
  return { type: "reload.finished", pool: plan.name, outcome: { ...outcome, breaks: [], error } };
}

/** A worker for every place of the pool, while those that fill them serve on. */
export function begin({ candidate, plan, made }: PoolContext, generation: number): Step {
  if (candidate !== null) return tellReload(failure("its last attempt has not come to its end"));
  const workers = new Map<string, CandidateWorker>();
  for (let at = 1; at <= plan.workers; at++) {
    const place = workerId(plan.name, at);
    workers.set(memberIdOf(place, made + at), { workerId: place, ready: null });
  }
  return {
    change: { candidate: { generation, workers, isLeaving: false }, made: made + plan.workers },
    spawn: [...workers].map(([memberId, { workerId: place }]) => ({
      memberId,
      workerId: place,
      generation,
      isToProve: true,
    })),
  };
}

const outOfService = failure("the pool is not in service");

/** While the pool is not in service. */
export function refuseBegin(): Step {
  return tellReload(outOfService);
}

/** Whether a reload came to nothing for that reason alone, so that it may be asked for again once the pool serves. */
export function wasOutOfService(error: string): boolean {
  return error === outOfService.message;
}

/** What a worker of the candidate says. */
export function heard(context: PoolContext, event: WorkerReport): Step {
  if (event.type === "worker.ready") return noteReady(context, event.memberId, event);
  // Why it goes is told by its end, and the generation cannot be promoted in between.
  if (event.type === "worker.withdrawn") return noteReady(context, event.memberId, null);
  return event.type === "worker.exited" ? exited(context, event) : { change: {} };
}

/** No worker of it has ended or is about to, and each has become ready. */
function isWhole(candidate: Candidate): boolean {
  return !candidate.isLeaving && [...candidate.workers.values()].every(({ ready }) => ready !== null);
}

/** When it is the last, the generation is offered. */
function noteReady({ candidate, plan }: PoolContext, memberId: string, ready: WorkerReady | null): Step {
  const worker = candidate?.workers.get(memberId);
  if (candidate === null || worker === undefined) return { change: {} };
  const workers = new Map(candidate.workers).set(memberId, { ...worker, ready });
  const changed = { ...candidate, workers };
  const { generation } = candidate;
  return {
    change: { candidate: changed },
    report:
      ready !== null && isWhole(changed)
        ? [{ type: "generation.offered", pool: plan.name, generation, exports: ready.exports }]
        : [],
  };
}

function exited(context: PoolContext, event: Extract<WorkerReport, { type: "worker.exited" }>): Step {
  const { candidate, members, refusal } = context;
  if (candidate === null) return { change: {} };
  const workers = new Map(candidate.workers);
  workers.delete(event.memberId);
  const outlook = outlookFor(context, members, refusal);
  const left: Step = {
    change: { candidate: workers.size === 0 ? null : { ...candidate, workers, isLeaving: true } },
    report: [{ ...event, isToReturn: false, outlook }],
    drop: [event.memberId],
  };
  if (candidate.isLeaving)
    return { ...left, reload: workers.size === 0 ? [{ type: "generation.ended" }] : [] };
  const { how, stderrTail } = event.exit;
  const told = stderrTail === "" ? "" : `\n${stderrTail}`;
  return {
    ...left,
    tell: [...workers.keys()].map((id) => [id, { type: "worker.stop" }] as const),
    reload: [failure(`worker ${event.workerId} of it ${how}.${told}`)],
  };
}

/** The supervisor has looked at what it exports. */
export function cleared(
  { candidate }: PoolContext,
  event: {
    readonly generation: number;
    readonly before: Extract<GenerationFact, { type: "generation.ready" }>["before"];
  },
): Step {
  if (candidate?.generation !== event.generation || !isWhole(candidate)) return { change: {} };
  const [first] = candidate.workers.values();
  const exports = first?.ready?.exports ?? [];
  return tellReload({ type: "generation.ready", exports, before: event.before });
}

export function clashed(
  { candidate }: PoolContext,
  event: { readonly generation: number; readonly reason: string },
): Step {
  if (candidate?.generation !== event.generation || candidate.isLeaving) return { change: {} };
  return tellReload(failure(event.reason));
}

/** It is not to be promoted. Whoever asked hears when no process of it is left. */
export function abandon({ candidate }: PoolContext): Step {
  if (candidate === null) return tellReload({ type: "generation.ended" });
  return {
    change: { candidate: { ...candidate, isLeaving: true } },
    tell: [...candidate.workers.keys()].map((id) => [id, { type: "worker.stop" }] as const),
  };
}

/**
 * Its workers become the members of their places, and get the calls; those of the generation before end what they have.
 * What happened to these speaks no more against the pool: its breaker closes, unless a person has opened it.
 */
export function promote(context: PoolContext, verdict: Verdict): Step {
  const { candidate, plan, drainMs } = context;
  // One of its workers ends, which the reload manager is about to hear.
  if (candidate === null || !isWhole(candidate)) return { change: {} };
  const { generation } = candidate;
  const isToStayHeld = isHeld(context);
  const isToClose = context.refusal?.breaker !== undefined && !isToStayHeld;
  const successorOf = new Map([...candidate.workers].map(([id, { workerId: place }]) => [place, id]));
  const members = new Map<string, Members extends ReadonlyMap<string, infer Member> ? Member : never>();
  const gone: string[] = [];
  for (const [id, member] of context.members) {
    if (!hasProcess(member)) gone.push(id);
    else members.set(id, { ...member, successor: successorOf.get(member.workerId) ?? null });
  }
  const old = [...members.keys()];
  const now = context.clock.now();
  for (const [id, { workerId: place }] of candidate.workers)
    members.set(id, { ...newMember(place, generation), phase: "ready", readySinceMs: now });
  const refusal = isToStayHeld ? context.refusal : noWorker;
  const outlook = outlookFor(context, members, refusal);
  const entering = [...candidate.workers.values()].flatMap(({ ready: event }) =>
    event === null ? [] : [{ ...event, outlook }],
  );
  return {
    change: { members, candidate: null, generation, refusal, probe: null, window: emptyWindow },
    report: [
      ...entering,
      { type: "generation.promoted", pool: plan.name, from: context.generation, to: generation, verdict },
      ...(old.length === 0 ? [{ type: "generation.drained", pool: plan.name, generation } as const] : []),
    ],
    tell: old.map((id) => [id, { type: "worker.drain", drainMs }] as const),
    breaker: isToClose ? [{ type: "breaker.reset", why: "a new generation was promoted" }] : [],
    reload: [
      { type: "generation.promoted" },
      ...(old.length === 0 ? [{ type: "generation.drained" } as const] : []),
    ],
    drop: gone,
  };
}

/** What is left of older generations ends now. */
export function hurry(context: PoolContext): Step {
  const old = [...context.members].filter(([, { generation }]) => generation < context.generation);
  return { change: {}, tell: old.map(([id]) => [id, { type: "worker.stop" }] as const) };
}

/** With the candidate's workers ended as well, since the pool stops. */
export function withoutCandidate({ candidate }: PoolContext, step: Step, how: "stop" | "kill"): Step {
  if (candidate === null) return step;
  const command =
    how === "stop"
      ? ({ type: "worker.stop" } as const)
      : ({ type: "worker.kill", reason: "the supervisor was told to hurry" } as const);
  return {
    ...step,
    change: { ...step.change, candidate: { ...candidate, isLeaving: true } },
    tell: [...(step.tell ?? []), ...[...candidate.workers.keys()].map((id) => [id, command] as const)],
    reload: candidate.isLeaving ? [] : [failure("the pool was stopped")],
  };
}

/** With word of it when this step takes away the last worker of an older generation. */
export function withDrained(context: PoolContext, step: Step): Step {
  const members = step.change.members ?? context.members;
  const generation = step.change.generation ?? context.generation;
  if (
    generation !== context.generation ||
    !hasOlder(context.members, generation) ||
    hasOlder(members, generation)
  )
    return step;
  return {
    ...step,
    report: [...(step.report ?? []), { type: "generation.drained", pool: context.plan.name, generation }],
    reload: [...(step.reload ?? []), { type: "generation.drained" }],
  };
}

function hasOlder(members: Members, than: number): boolean {
  for (const { generation } of members.values()) if (generation < than) return true;
  return false;
}

function tellReload(fact: ReloadEvent): Step {
  return { change: {}, reload: [fact] };
}

/** `why` is a clause after "because". */
function failure(why: string): Extract<GenerationFact, { type: "generation.failed" }> {
  return { type: "generation.failed", message: `The new generation cannot be had, because ${why}` };
}
