import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createActor } from "xstate";
import type { JournalEntry, JournalKind } from "../../src/dispatch/journal.js";
import type { CallEvent } from "../../src/machines/call/events.js";
import { callMachine } from "../../src/machines/call/machine.js";
import { expectHistory } from "../../src/testing/history/expect-history.js";
import { checkTurns } from "./turns.js";
import { RandomRun, runLimits } from "./random-run.js";
import { steps, type Step } from "./random-steps.js";

/** Told at every step of every run, where `expect` would cost more than the runs themselves. */
function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what} is ${String(actual)}, not ${String(expected)}`);
}

function checkNow({ bench, calls, waiting, workers, expectedBreaches }: RandomRun): void {
  const { dispatcher, clock, breaches } = bench;
  const slots = [...calls.values()];
  same("calls in flight", dispatcher.inFlight, slots.length);
  same("more than maxInFlight", slots.length > runLimits.maxInFlight, false);
  same("waiting calls", dispatcher.waiting, slots.filter((call) => call.instance === 0).length);
  for (const { name, inFlight } of dispatcher.functions) {
    same(`slots of ${name}`, inFlight, slots.filter((call) => call.functionName === name).length);
    same(`more than maxInFlightPerFunction of ${name}`, inFlight > runLimits.maxInFlightPerFunction, false);
  }
  same("queued calls", dispatcher.queued, waiting.size);
  same("more than maxQueue", waiting.size > runLimits.maxQueue, false);
  for (const { callId, functionName, waitByMs } of waiting.values()) {
    const taken = slots.filter((call) => call.functionName === functionName).length;
    const isFull = slots.length >= runLimits.maxInFlight || taken >= runLimits.maxInFlightPerFunction;
    same(`call ${String(callId)} waits below both limits`, isFull, true);
    same(`call ${String(callId)} waits too long`, clock.now() >= waitByMs, false);
  }
  for (const { instance, open } of workers) {
    same(`calls of process ${String(instance)}`, dispatcher.worker(instance as never)?.inFlight, open.size);
  }
  for (const call of slots) {
    const isOverdue = !call.isAnswered && clock.now() >= call.answerByMs;
    same(`call ${String(call.callId)} overdue`, isOverdue, false);
  }
  same("breaches", breaches.length, expectedBreaches);
  const { total, ok, failed, timedOut, cancelled, rejected } = dispatcher.counters;
  const unanswered = waiting.size + slots.filter((call) => !call.isAnswered).length;
  same("the sum of the counters", ok + failed + timedOut + cancelled + rejected + unanswered, total);
}

async function play(plan: readonly Step[], hasVerifier: boolean): Promise<RandomRun> {
  const run = new RandomRun(hasVerifier);
  for (const step of plan) {
    run.take(step);
    checkNow(run);
    // What the verifier promised comes between two steps, some steps after it was said.
    if (step.do !== "turn" || !hasVerifier) continue;
    await run.turn();
    checkNow(run);
  }
  await run.rest();
  checkNow(run);
  same("faults", run.bench.faults.length, 0);
  return run;
}

const eventOf: Partial<Record<JournalKind, CallEvent["type"]>> = {
  enqueue: "call.enqueued",
  accept: "call.accepted",
  reject: "call.rejected",
  dispatch: "call.dispatched",
  cancel: "cancel.sent",
  settle: "caller.answered",
  late: "answer.discarded",
  release: "slot.released",
};

const ends = new Map<string, string>();

/** Walks one call's journal through the chart; every entry has to be an event that the chart takes there. */
function replay(entries: readonly JournalEntry[]): string {
  const kinds = entries.map((entry) => entry.kind);
  const known = ends.get(kinds.join());
  if (known !== undefined) return known;
  const actor = createActor(callMachine).start();
  for (const kind of kinds) {
    const type = eventOf[kind];
    if (type === undefined) continue;
    const snapshot = actor.getSnapshot();
    if (!snapshot.can({ type })) {
      throw new Error(`The chart is in ${snapshot.value} and does not take ${type} (${kinds.join()}).`);
    }
    actor.send({ type });
  }
  const { value, status } = actor.getSnapshot();
  if (status !== "done") throw new Error(`The call was left in ${value} (${kinds.join()}).`);
  ends.set(kinds.join(), value);
  return value;
}

/** The journal parted by call. What a process says of a call that is over, or was never its, belongs to none. */
function entriesByCall(entries: Iterable<JournalEntry>): JournalEntry[][] {
  const byCall = new Map<number, JournalEntry[]>();
  const calls: JournalEntry[][] = [];
  const at = new Map<number, number>();
  for (const entry of entries) {
    const { kind, callId, instance } = entry;
    const own = byCall.get(callId);
    if (own === undefined && kind === "reject") calls.push([entry]);
    else if (own === undefined && (kind === "enqueue" || kind === "accept")) byCall.set(callId, [entry]);
    else if (kind !== "late" || at.get(callId) === instance) byCall.get(callId)?.push(entry);
    if (kind === "dispatch") at.set(callId, instance);
    if (kind === "release") at.delete(callId);
  }
  return [...calls, ...byCall.values()];
}

/** Of a hundred thousand steps: no measure of speed. */
const timeoutMs = 60_000;

describe("dispatch under random callers and workers", () => {
  test(
    "answers each call once, keeps the model's slots, and comes to rest with nothing held",
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, fc.boolean(), async (plan, hasVerifier) => {
          const run = await play(plan, hasVerifier);
          const { bench, host } = run;
          expect(bench.dispatcher.inFlight).toBe(0);
          expect([...bench.dispatcher.functions].every((state) => state.inFlight === 0)).toBe(true);
          expect([...run.callers].every(({ share }) => share.held === 0 && share.lanes.size === 0)).toBe(
            true,
          );
          checkTurns(bench.journal.entries(), runLimits.maxInFlightPerFunction);
          expectHistory({
            host,
            supervisor: [...bench.journal.entries()],
            worker: [],
            limits: runLimits,
            ended: true,
          });
        }),
        { numRuns: 500 },
      );
    },
    timeoutMs,
  );

  test(
    "every call's journal is a way through the chart of machines/call, to its end",
    async () => {
      const seen = new Set<string>();
      await fc.assert(
        fc.asyncProperty(steps, fc.boolean(), async (plan, hasVerifier) => {
          const { bench } = await play(plan, hasVerifier);
          for (const entries of entriesByCall(bench.journal.entries())) {
            const end = replay(entries);
            for (const { kind } of entries) seen.add(`${kind} … ${end}`);
          }
        }),
        { numRuns: 500 },
      );
      // All that the chart names has been seen: the runs are no easier than what they stand for.
      expect([...seen].sort()).toEqual(
        ["enqueue", "accept", "cancel", "dispatch", "late", "release", "settle"]
          .map((kind) => `${kind} … settled`)
          .concat("enqueue … refused", "reject … refused")
          .sort(),
      );
    },
    timeoutMs,
  );
});
