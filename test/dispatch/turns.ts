// Reads a journal and says at each accept of a call that had waited whether it was that call's turn, by looking at all
// that wait: the slow and plain form of what src/dispatch/fair-queue.ts does with heaps.

import type { JournalEntry } from "../../src/dispatch/journal.js";

interface Caller {
  held: number;
  lastTurn: number;
}

/** Throws an Error for the first call that got a slot out of turn. */
export function checkTurns(entries: Iterable<JournalEntry>, maxInFlightPerFunction: number): void {
  const waiting = new Map<number, JournalEntry>();
  const holding = new Map<number, JournalEntry>();
  const callers = new Map<number, Caller>();
  let turn = 0;
  const callerOf = ({ callerId }: JournalEntry): Caller => {
    const caller = callers.get(callerId) ?? { held: 0, lastTurn: 0 };
    callers.set(callerId, caller);
    return caller;
  };
  const ranks = (entry: JournalEntry) => {
    const { held, lastTurn } = callerOf(entry);
    return [held, lastTurn, entry.callerId, entry.callId];
  };
  const isBefore = (a: JournalEntry, b: JournalEntry): boolean => {
    const ofB = ranks(b);
    for (const [at, rank] of ranks(a).entries()) if (rank !== ofB[at]) return rank < (ofB[at] ?? 0);
    return false;
  };
  for (const entry of entries) {
    const { kind, callId } = entry;
    if (kind === "enqueue") waiting.set(callId, entry);
    else if (kind === "reject") waiting.delete(callId);
    else if (kind === "accept") {
      const taken = (name: string) =>
        [...holding.values()].filter((each) => each.functionName === name).length;
      const rivals = [...waiting.values()].filter(
        (each) => taken(each.functionName) < maxInFlightPerFunction,
      );
      const next = rivals.sort((a, b) => (isBefore(a, b) ? -1 : 1))[0];
      const isInTurn = waiting.has(callId) ? next?.callId === callId : next === undefined;
      if (!isInTurn) {
        const others = rivals.map((each) => `${String(each.callId)} (${String(ranks(each))})`);
        throw new Error(`Call ${String(callId)} got a slot before ${others.join(", ")}.`);
      }
      waiting.delete(callId);
      holding.set(callId, entry);
      const caller = callerOf(entry);
      caller.held += 1;
      caller.lastTurn = ++turn;
    } else if (kind === "release") {
      const held = holding.get(callId);
      if (held !== undefined) callerOf(held).held -= 1;
      holding.delete(callId);
    }
  }
}
