// The data plane: takes calls, finds each a worker, and sees to it that each gets exactly one answer and gives its
// slot back exactly once. Reads the route table the router published; knows no machine, socket or process.
// It is the compiled form of the chart in machines/call: what it writes into the journal are that chart's events.

import type { CallId, InstanceId } from "../ids.js";
import { createIdSource } from "../ids.js";
import type { ExportMetadata, InvokeError, U64 } from "../protocol/messages.js";
import { emptyRouteTable, type RouteTable } from "../machines/router/route-table.js";
import type { Clock } from "../time.js";
import { admit, fullLimit, refusalOf, type Door } from "./admission.js";
import { Answers } from "./answers.js";
import { Call, noBytes, type Caller, type CallFailure } from "./call.js";
import { CallCounters } from "./counters.js";
import { Deadlines } from "./deadlines.js";
import * as failures from "./failures.js";
import { FunctionState } from "./function-state.js";
import type { DispatcherOptions } from "./dispatcher-options.js";
import { Gates } from "./gates.js";
import type { Journal } from "./journal.js";
import { Patience } from "./patience.js";
import { PermitQueue } from "./permit-queue.js";
import { closedPool, type PoolState } from "./pool-state.js";
import { sendCall } from "./send-call.js";
import { Streams } from "./streams.js";
import { takeTable } from "./take-table.js";
import type { OnVerdict } from "./verification.js";
import { WorkerTable } from "./worker-table.js";

export class Dispatcher {
  readonly counters = new CallCounters();
  /** What stands before functions that have failed; the control plane moves it. */
  readonly gates: Gates;
  /** The processes that calls can be sent to. */
  readonly workers = new WorkerTable();
  /** Calls whose results come in pieces. */
  readonly streams: Streams;
  readonly #options: DispatcherOptions;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #nextCallId = createIdSource<CallId>();
  readonly #calls = new Map<CallId, Call>();
  readonly #functions = new Map<string, FunctionState>();
  readonly #pools = new Map<string, PoolState>();
  readonly #door: Door;
  readonly #deadlines: Deadlines<Call>;
  readonly #queue: PermitQueue;
  readonly #patience: Patience;
  readonly #answers: Answers;
  #table: RouteTable = emptyRouteTable;
  #onDrained: (() => void) | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#journal = options.journal;
    this.gates = new Gates(this.#functions, options.clock, options.breaker);
    this.#door = {
      clock: options.clock,
      limits: options.limits,
      functions: this.#functions,
      pools: this.#pools,
      admission: emptyRouteTable.admission,
      closedReason: null,
    };
    this.#deadlines = new Deadlines(options.clock, (call) => this.#expire(call));
    this.#patience = new Patience({
      clock: options.clock,
      deadlines: this.#deadlines,
      cancelGraceMs: options.limits.cancelGraceMs,
      isUnverified: (call) => options.verification?.waiting.has(call) === true,
      settle: (call, failure, isSlotFree) => this.#settle(call, failure, isSlotFree),
      cancel: (call, answer) => this.#cancel(call, answer),
      onOverdue: options.onOverdue,
    });
    this.#answers = new Answers({
      clock: options.clock,
      journal: options.journal,
      calls: this.#calls,
      workers: this.workers,
      counters: this.counters,
      timeout: (call) => this.#patience.timeout(call, null),
      settle: (...settled) => this.#settle(...settled),
      onBreach: options.onBreach,
    });
    this.streams = new Streams({
      clock: options.clock,
      journal: options.journal,
      idleTimeoutMs: options.limits.idleTimeoutMs,
      answers: this.#answers,
      find: (callId) => this.#calls.get(callId) ?? this.#queue.get(callId),
      cancel: (call, answer) => this.#cancel(call, answer),
    });
    this.#queue = new PermitQueue({
      ...options,
      counters: this.counters,
      deadlines: this.#deadlines,
      inFlight: () => this.#calls.size,
      accept: (call, nowMs) => this.#accept(call, nowMs, call.deadlineAtMs - nowMs),
      start: (call) => this.#start(call),
    });
  }

  /** Calls that hold a slot. */
  get inFlight(): number {
    return this.#calls.size;
  }

  /** Why no call will be taken any more; null until `close`. */
  get closedReason(): "closed" | "failed" | null {
    return this.#door.closedReason;
  }

  /** Calls among them that no worker has yet. */
  get waiting(): number {
    let count = this.#options.verification?.waiting.size ?? 0;
    for (const pool of this.#pools.values()) count += pool.waiting.size;
    return count;
  }

  /** Calls that wait for a slot. */
  get queued(): number {
    return this.#queue.size;
  }

  get functions(): Iterable<FunctionState> {
    return this.#functions.values();
  }

  /** True while the caller has no answer yet. */
  isWaiting(callId: CallId): boolean {
    return (this.#calls.get(callId) ?? this.#queue.get(callId))?.isAnswered === false;
  }

  /** What can be called, in the order of the pools. */
  exports(): ExportMetadata[] {
    return [...this.#table.pools.values()].flatMap((pool) => pool.exports);
  }

  // — the control plane's side —

  /** The router's newest table. Calls that waited for a worker go out now, or fail when none is to come. */
  publish(table: RouteTable): void {
    this.#table = table;
    this.#door.admission = table.admission;
    const removed = takeTable(table, this.#pools, this.#functions, this.workers, this.gates);
    // Only now: whoever is answered may call again at once, and must meet the whole table.
    this.#queue.sweep((target) => refusalOf(this.#door, target));
    for (const pool of this.#pools.values()) this.#flushWaiting(pool);
    for (const pool of removed) this.#flushWaiting(pool);
  }

  /** The process is gone, as the supervisor wanted or not: nothing will come from it, and every call it had ends. */
  detach(instance: InstanceId, details: Record<string, unknown>, how: string, wasAsked: boolean): void {
    const worker = this.workers.get(instance);
    if (worker === undefined) return;
    this.workers.remove(instance);
    for (const pool of this.#pools.values()) pool.forget(worker);
    const calls = [...this.#calls.values()].filter((call) => call.worker === worker);
    this.gates.workerEnded(worker, calls, wasAsked);
    for (const call of calls) this.#settle(call, failures.workerDied(call.target.name, details, how), true);
  }

  /** Calls back once no call holds a slot. */
  whenDrained(callback: () => void): void {
    this.#onDrained = callback;
    if (this.#calls.size === 0) this.#drained();
  }

  /** Ends every call that still waits for its answer, and refuses all later ones with `closedReason`. */
  close(closedReason: "closed" | "failed"): void {
    this.#door.closedReason = closedReason;
    this.gates.close();
    this.#queue.sweep((target) => refusalOf(this.#door, target));
    for (const call of this.#calls.values()) {
      this.#settle(call, failures.ended(closedReason, call.target.name, call.state !== "queued"), true);
    }
    this.#deadlines.dispose();
    this.streams.dispose();
  }

  /** Cancels what is still running at the end of a drain; slots are kept until the workers are gone. */
  endDrain(): void {
    // Instance 0 stands for the calls that no worker has.
    for (const instance of [0 as InstanceId, ...this.workers.instances()]) this.endDrainOf(instance);
  }

  /** As endDrain, for the calls of one process. */
  endDrainOf(instance: InstanceId): void {
    this.#journal.record("drain", this.#clock.now(), 0, instance);
    for (const call of this.#calls.values()) {
      if (call.isAnswered || (call.worker?.port.instance ?? 0) !== instance) continue;
      this.#cancel(call, failures.drainEnded(call.target.name, call.state !== "queued"));
    }
  }

  // — the callers' side —

  /**
   * Takes a call, has it wait for a slot, or refuses it: `caller` hears exactly once. `timeoutMs` undefined is the
   * default, Infinity none. Returns the id under which the call can be cancelled, or 0 when it was refused at once.
   */
  invoke(
    caller: Caller,
    requestId: U64,
    functionName: string,
    params: Uint8Array,
    timeoutMs: number | undefined,
    contextBytes: Uint8Array,
  ): CallId | 0 {
    this.counters.total += 1;
    const target = admit(this.#door, functionName, timeoutMs, caller, requestId, contextBytes);
    if (!(target instanceof FunctionState)) return this.#reject(caller, requestId, functionName, target);
    const mustWait = fullLimit(this.#door.limits, this.#calls.size, target) !== null;
    if (mustWait && !this.#queue.hasRoomFor(caller.share, target))
      return this.#reject(caller, requestId, functionName, this.#queue.overloaded(target, "refused"));
    const nowMs = this.#clock.now();
    const allowedMs = timeoutMs ?? (target.isStreaming ? Infinity : this.#door.limits.defaultTimeoutMs);
    const deadlineAtMs = nowMs + allowedMs;
    const callId = this.#nextCallId();
    const call = new Call(callId, requestId, caller, target, params, contextBytes, nowMs, deadlineAtMs);
    if (mustWait) return this.#queue.enter(call);
    this.#accept(call, nowMs, allowedMs);
    this.#start(call);
    return callId;
  }

  /**
   * The caller no longer wants the answer. With `answerNow` it hears 2002 at once; otherwise it hears what the
   * worker says within `cancelGraceMs`, and 2002 after that. The slot stays taken until the worker is done with it.
   */
  cancel(callId: CallId, answerNow: boolean): void {
    const call = this.#calls.get(callId);
    if (call === undefined) this.#queue.cancel(callId);
    if (call === undefined || call.isAnswered) return;
    const wasStarted = call.state !== "queued";
    const answer = answerNow || !wasStarted || call.worker?.port.canCancel !== true;
    if (call.state === "cancelling" && !answer) return;
    this.#cancel(call, answer ? failures.cancelled(call.target.name, wasStarted) : null);
  }

  /** A reader has come so far in its stream. Returns null, or its breach: the rest of a sentence. */
  acknowledge(callId: CallId, sequence: U64, window: number): string | null {
    const call = this.#calls.get(callId) ?? this.#queue.get(callId);
    // Of a call that is over it came too late, and means nothing.
    return call === undefined || call.isAnswered ? null : this.streams.acknowledge(call, sequence, window);
  }

  // — the workers' side —

  onResult(instance: InstanceId, requestId: U64, result: Uint8Array, durationUs: U64): void {
    this.#answers.onResult(instance, requestId, result, durationUs);
  }

  onError(instance: InstanceId, message: InvokeError): void {
    this.#answers.onError(instance, message);
  }

  #reject(caller: Caller, requestId: U64, functionName: string, failure: CallFailure): 0 {
    this.counters.rejected += 1;
    const refused = { callId: 0 as CallId, requestId, caller, target: { name: functionName } };
    this.#journal.recordRequest("reject", this.#clock.now(), refused, failure.code, 0);
    this.#journal.explain(failure.message);
    caller.fail(requestId, failure, refused.callId);
    return 0;
  }

  /** Gives a call its slot. */
  #accept(call: Call, nowMs: number, leftMs: number): void {
    call.state = "queued";
    this.#calls.set(call.callId, call);
    this.#queue.taken(call);
    if (call.target.gate !== null) this.gates.accepted(call);
    this.#journal.recordRequest("accept", nowMs, call, 0, leftMs);
    this.#deadlines.add(call, call.deadlineAtMs);
  }

  #start(call: Call): void {
    const refusal = call.target.gate?.refusalOf(call.callId, call.target.name) ?? null;
    // It had to wait for its slot, and its function was shut in the meantime.
    if (refusal !== null) return this.#settle(call, refusal, true);
    if (this.#options.verification === undefined) this.#place(call);
    else this.#options.verification.ask(call, this.#onVerdict);
  }

  readonly #onVerdict: OnVerdict = (callId, refusal) => {
    const call = this.#calls.get(callId);
    // It may have ended in the meantime, as every queued call may.
    if (call === undefined) return;
    if (refusal === null) this.#place(call);
    else this.#settle(call, refusal, true);
  };

  /** Sends a queued call to the least busy ready worker, or leaves it waiting for one that is due. */
  #place(call: Call): void {
    const { name, pool: poolName } = call.target;
    const pool = this.#pools.get(poolName);
    const worker = pool?.leastBusy() ?? null;
    if (worker === null) {
      const refusal = pool === undefined ? closedPool : pool.outlook;
      if (refusal !== null)
        this.#settle(call, failures.noWorker(name, poolName, refusal, this.#clock.now()), true);
      else call.waitIn(pool?.waiting ?? null);
      return;
    }
    const nowMs = this.#clock.now();
    const leftMs = call.deadlineAtMs - nowMs;
    if (leftMs <= 0) return this.#expire(call);
    const failure = sendCall(call, worker, nowMs, leftMs, this.#journal);
    if (failure !== null) return this.#settle(call, failure, true);
    if (call.target.isStreaming) this.streams.dispatched(call, nowMs);
    const { instance, maxCalls } = worker.port;
    if (++worker.calls === maxCalls)
      this.#options.onWorn(instance, `it has been given ${String(maxCalls)} calls`);
    call.target.calls += 1;
  }

  #flushWaiting(pool: PoolState): void {
    if (pool.waiting.size === 0 || (pool.ready.length === 0 && pool.outlook === null)) return;
    for (const call of [...pool.waiting]) if (call.state === "queued") this.#place(call);
  }

  #expire(call: Call): void {
    if (call.state === "waiting") this.#queue.expire(call);
    else this.#patience.expired(call);
  }

  /** Sends Cancel after a dispatched call, and answers the caller now if there is something to say. */
  #cancel(call: Call, answer: CallFailure | null): void {
    if (call.state === "dispatched") {
      call.state = "cancelling";
      const port = call.worker?.port;
      if (port?.canCancel === true) {
        this.#journal.record("cancel", this.#clock.now(), call.callId, port.instance);
        port.sendCancel(call.callId);
      }
    }
    if (answer !== null) this.#settle(call, answer, call.state === "queued");
    else
      this.#deadlines.add(
        call,
        Math.min(call.deadlineAtMs, this.#clock.now() + this.#door.limits.cancelGraceMs),
      );
  }

  /**
   * The one settle point. Answers the caller unless it has its answer (`failure` null means `result`), and when the
   * worker is done with the call, or never had it, frees the slot. No other code does either.
   */
  #settle(
    call: Call,
    failure: CallFailure | null,
    isSlotFree: boolean,
    result: Uint8Array = noBytes,
    durationUs: U64 = 0,
  ): void {
    if (call.state === "settled") return;
    const nowMs = this.#clock.now();
    const instance = call.worker?.port.instance ?? 0;
    const mustAnswer = !call.isAnswered;
    if (mustAnswer) {
      call.isAnswered = true;
      if (call.worker !== null) call.worker.live -= 1;
      this.#deadlines.remove(call);
      if (call.silence !== null) this.streams.forget(call.silence);
      if (!isSlotFree) this.#deadlines.add(call, nowMs + this.#door.limits.cancelGraceMs);
      this.counters.answered(failure);
      // Before the caller hears: whoever calls again at once meets the gate as this answer has left it.
      if (failure !== null || call.target.gate !== null) this.gates.answered(call, failure, nowMs);
      call.target.answered((nowMs - call.arrivedAtMs) * 1000, failure !== null);
      this.#journal.record("settle", nowMs, call.callId, instance, failure?.code ?? 0);
      if (failure !== null) this.#journal.explain(failure.message);
    }
    if (isSlotFree) {
      call.waitIn(null);
      call.state = "settled";
      this.#deadlines.remove(call);
      this.#calls.delete(call.callId);
      this.#queue.freed(call);
      if (call.worker !== null) call.worker.inFlight -= 1;
      if (call.stream !== null) this.streams.released(call.stream, nowMs);
      this.#journal.record("release", nowMs, call.callId, instance);
      // Before anybody is told: whoever hears of an answer may call again at once, and must not overtake.
      if (this.#queue.size > 0) this.#queue.grant(nowMs);
    }
    if (mustAnswer) {
      if (failure !== null) call.caller.fail(call.requestId, failure, call.callId);
      else if (call.stream === null) call.caller.succeed(call.requestId, result, durationUs);
      else call.caller.streams?.ended(call.requestId, call.stream.output.chunks);
    }
    if (this.#queue.hasGranted) this.#queue.startGranted();
    call.worker?.tellIfIdle();
    if (isSlotFree && this.#calls.size === 0) this.#drained();
  }

  #drained(): void {
    const callback = this.#onDrained;
    this.#onDrained = null;
    callback?.();
  }
}
