import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { JournalEntry } from "../../src/dispatch/journal.js";
import { CallLockStep } from "../../src/system/call-lock-step.js";
import { expectHistory } from "../../src/testing/history/expect-history.js";
import { checkNow, checkRest } from "./random-checks.js";
import { runLimits } from "./random-model.js";
import { RandomRun } from "./random-run.js";
import { steps, type Step } from "./random-steps.js";
import { checkTurns } from "./turns.js";

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
  checkRest(run);
  return run;
}

/** What a run got to see besides the ways of its calls. */
function* sightsOf({ bench, callers, heard, probes, streams }: RandomRun): Generator<string> {
  for (const fact of bench.facts) yield fact.slice(fact.indexOf(" ") + 1);
  for (const { type, picture } of bench.reports) yield* [type, picture.reason];
  yield* heard;
  yield* streams.seen;
  if (bench.overdue.length > 0) yield "overdue";
  if (bench.worn.length > 0) yield "worn";
  if (probes.inVain > 0) yield "a slot in vain";
  const answers = callers.flatMap((caller) => caller.answers);
  if (answers.some(({ code, details }) => code === 2001 && details !== null)) yield "2001 with a place";
}

const ends = new Map<string, string>();

/** Walks one call's journal through the chart; every entry has to be an event that the chart takes there. */
function replay(entries: readonly JournalEntry[]): string {
  const kinds = entries.map((entry) => entry.kind).join();
  const known = ends.get(kinds);
  if (known !== undefined) return known;
  const call = new CallLockStep();
  for (const entry of entries) {
    const difference = call.take(entry);
    if (difference !== null) throw new Error(difference);
  }
  if (!call.isOver) throw new Error(`The call was left in ${call.state} (${kinds}).`);
  ends.set(kinds, call.state);
  return call.state;
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
      const seen = new Set<string>();
      const ways = new Set<string>();
      await fc.assert(
        fc.asyncProperty(steps, fc.boolean(), async (plan, hasVerifier) => {
          const run = await play(plan, hasVerifier);
          const { bench, host } = run;
          for (const sight of sightsOf(run)) seen.add(sight);
          checkTurns(bench.journal.entries(), runLimits.maxInFlightPerFunction);
          expectHistory({
            host,
            supervisor: [...bench.journal.entries()],
            worker: [],
            limits: runLimits,
            ended: true,
          });
          // Every call's journal is a way through the chart of machines/call, to its end.
          for (const entries of entriesByCall(bench.journal.entries())) {
            const end = replay(entries);
            for (const { kind } of entries) ways.add(`${kind} … ${end}`);
          }
        }),
        { numRuns: 800 },
      );
      // Of breakers, guards and workers that are told on as well.
      expect([...seen].sort()).toEqual(
        [
          ...["breaker.closed", "breaker.halfOpened", "breaker.opened", "breaker-open", "quarantined"],
          ...["failure.recorded", "threshold.crossed"],
          ...["probe.abandoned", "probe.failed", "probe.started", "probe.succeeded"],
          ...["stream acknowledged", "stream broke", "stream ended"],
          ...["overdue", "worn", "idle", "quiet", "2001 with a place", "a slot in vain"],
        ].sort(),
      );
      // All that the chart names has been seen: the runs are no easier than what they stand for.
      expect([...ways].sort()).toEqual(
        ["enqueue", "accept", "cancel", "credit", "dispatch", "late", "release", "settle", "stream"]
          .map((kind) => `${kind} … settled`)
          .concat("enqueue … refused", "reject … refused")
          .sort(),
      );
    },
    timeoutMs,
  );
});
