// What has to be true of a dispatcher after every step of a random run, and once the run has come to rest. Compares
// with the model; moves nothing but the clock.

import { liveCalls, locateMs, runLimits, type ModelWorker } from "./random-model.js";
import type { RandomRun } from "./random-run.js";

/** Told at every step of every run, where `expect` would cost more than the runs themselves. */
function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what} is ${String(actual)}, not ${String(expected)}`);
}

export function checkNow(run: RandomRun): void {
  const { bench, calls, waiting, workers } = run;
  const { dispatcher, clock } = bench;
  const slots = [...calls.values()];
  same("calls in flight", dispatcher.inFlight, slots.length);
  same("more than maxInFlight", slots.length > runLimits.maxInFlight, false);
  same("waiting calls", dispatcher.waiting, slots.filter((call) => call.instance === 0).length);
  for (const { name, inFlight, gate } of dispatcher.functions) {
    if (gate !== null && gate.probeId !== 0) {
      same(`the breaker of ${name} with its probe under way`, gate.picture.state, "halfOpen");
      same(`the probe of ${name} waits for its answer`, dispatcher.isWaiting(gate.probeId), true);
    }
    same(`slots of ${name}`, inFlight, slots.filter((call) => call.functionName === name).length);
    same(`more than maxInFlightPerFunction of ${name}`, inFlight > runLimits.maxInFlightPerFunction, false);
  }
  run.probes.checkNow();
  same("queued calls", dispatcher.queued, waiting.size);
  same("more than maxQueue", waiting.size > runLimits.maxQueue, false);
  for (const { callId, functionName, waitByMs } of waiting.values()) {
    const taken = slots.filter((call) => call.functionName === functionName).length;
    const isFull = slots.length >= runLimits.maxInFlight || taken >= runLimits.maxInFlightPerFunction;
    same(`call ${String(callId)} waits below both limits`, isFull, true);
    same(`call ${String(callId)} waits too long`, clock.now() >= waitByMs, false);
  }
  for (const worker of workers) checkWorker(run, worker);
  for (const { callId, instance, isAnswered, answerByMs } of slots) {
    const port = workers.find((worker) => worker.instance === instance)?.port;
    const byMs = answerByMs + (port?.locate == null ? 0 : locateMs);
    same(`call ${String(callId)} overdue`, !isAnswered && clock.now() >= byMs, false);
  }
  run.overdue.checkNow();
  same("breaches", bench.breaches.length, run.expectedBreaches);
  same("worn workers", bench.worn.toSorted().join(), run.expectedWorn.toSorted().join());
  const { total, ok, failed, timedOut, cancelled, rejected } = dispatcher.counters;
  const unanswered = waiting.size + slots.filter((call) => !call.isAnswered).length;
  same("the sum of the counters", ok + failed + timedOut + cancelled + rejected + unanswered, total);
}

function checkWorker({ bench, calls }: RandomRun, worker: ModelWorker): void {
  const { instance, open, state, watched } = worker;
  const live = liveCalls(calls, worker);
  same(
    `process ${String(instance)} is attached`,
    bench.dispatcher.workers.get(instance as never) === state,
    true,
  );
  same(`calls of process ${String(instance)}`, state.inFlight, open.size);
  same(`calls of process ${String(instance)} that are waited for`, state.live, live);
  same(`process ${String(instance)} is idle unheard`, watched.has("idle") && open.size === 0, false);
  same(`process ${String(instance)} is quiet unheard`, watched.has("quiet") && live === 0, false);
}

/** No process is left. Only timers that were set before may still fire, and nothing comes of them. */
export function checkRest({ bench, callers, everyWorker }: RandomRun): void {
  const { dispatcher, clock } = bench;
  same("faults", bench.faults.length, 0);
  same("entries that the journal has lost", bench.journal.hasWrapped, false);
  same("calls in flight at rest", dispatcher.inFlight, 0);
  same("calls that wait for a slot at rest", dispatcher.queued, 0);
  for (const { name, inFlight, waiting, gate } of dispatcher.functions)
    same(`what ${name} holds at rest`, [inFlight, waiting, gate?.probeId ?? 0].join(), "0,0,0");
  for (const { share } of callers)
    same("what a caller holds at rest", [share.held, share.lanes.size].join(), "0,0");
  for (const { instance, state, watched } of everyWorker) {
    const held = [state.inFlight, state.live, watched.size];
    same(`what process ${String(instance)} holds at rest`, held.join(), "0,0,0");
  }
  const countTold = () => [bench.overdue.length, bench.kinds().length].join();
  const told = countTold();
  clock.setTimeout = () => {
    throw new Error("A timer was set at rest.");
  };
  clock.advance(1000);
  same("timers at rest", clock.timerCount, 0);
  same("what was told at rest", countTold(), told);
}
