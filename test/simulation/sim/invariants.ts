// What has to hold after every event, whatever has gone wrong so far. Looks only.

import type { ResolvedLimits } from "../../../src/config/types.js";
import type { Dispatcher } from "../../../src/dispatch/dispatcher.js";
import type { LockStepJournal } from "./lock-step.js";

function same(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}

function atMost(what: string, actual: number, most: number): void {
  if (actual > most) throw new Error(`${what}: ${String(actual)}, more than ${String(most)}`);
}

/** A connection is closed: nobody waits for its calls any more. */
export function checkGone(journal: LockStepJournal, callerId: number): void {
  for (const [callId, call] of journal.calls)
    if (call.callerId === callerId && !isAnswered(call.state))
      throw new Error(`Call ${String(callId)} waits on, for host ${String(callerId)}, which is gone.`);
}

function isAnswered(state: string): boolean {
  return state === "answered" || state === "answeredUnstarted";
}

export function checkInvariants(
  dispatcher: Dispatcher,
  journal: LockStepJournal,
  limits: ResolvedLimits,
): void {
  // G10, and that dispatch counts as the journal has it.
  same("slots that are taken", dispatcher.inFlight, journal.taken);
  atMost("slots that are taken", dispatcher.inFlight, limits.maxInFlight);
  same("calls that wait for a slot", dispatcher.queued, journal.waiting);
  atMost("calls that wait for a slot", dispatcher.queued, limits.maxQueue);
  for (const { name, inFlight } of dispatcher.functions) {
    same(`slots of ${name}`, inFlight, journal.takenOf.get(name) ?? 0);
    atMost(`slots of ${name}`, inFlight, limits.maxInFlightPerFunction);
  }
  let placed = 0;
  for (const instance of dispatcher.workers.instances()) {
    const worker = dispatcher.workers.get(instance);
    if (worker === undefined) continue;
    placed += worker.inFlight;
    atMost(`calls of process ${String(instance)} that are waited for`, worker.live, worker.inFlight);
  }
  same("calls that processes have, or that wait for one", placed + dispatcher.waiting, dispatcher.inFlight);
  const { total, ok, failed, timedOut, cancelled, rejected } = dispatcher.counters;
  let unanswered = 0;
  for (const { state } of journal.calls.values()) if (!isAnswered(state)) unanswered += 1;
  same("the sum of the counters", ok + failed + timedOut + cancelled + rejected + unanswered, total);
}
