// The data plane: takes calls, finds each a worker, and sees to it that each gets exactly one answer and gives its
// slot back exactly once. Reads the route table the router published; knows no machine, socket or process.
// It is the compiled form of the chart in machines/call: every method here is an event of that chart.

import type { CallId, InstanceId } from "../ids.js";
import { createIdSource } from "../ids.js";
import type { ExportMetadata, InvokeError, U64 } from "../protocol/messages.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import { emptyRouteTable, type RouteTable } from "../machines/router/route-table.js";
import type { Clock } from "../time.js";
import { Call, type Caller, type CallFailure } from "./call.js";
import { Deadlines } from "./deadlines.js";
import * as failures from "./failures.js";
import { FunctionState } from "./function-state.js";
import type { Journal } from "./journal.js";
import { WorkerState, type WorkerPort } from "./worker-state.js";

export interface DispatchLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerFunction: number;
  /** Time a call may take when its caller names none; Infinity for no deadline. */
  readonly defaultTimeoutMs: number;
  /** How long after a Cancel the worker may take before the caller is answered without it. */
  readonly cancelGraceMs: number;
}

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly limits: DispatchLimits;
  /** Told of a worker that broke the protocol: it must be replaced. */
  readonly onBreach: (instance: InstanceId, reason: string) => void;
}

export interface CallCounters {
  total: number;
  ok: number;
  failed: number;
  timedOut: number;
  cancelled: number;
  rejected: number;
  late: number;
}

export class Dispatcher {
  readonly counters: CallCounters = { total: 0, ok: 0, failed: 0, timedOut: 0, cancelled: 0, rejected: 0, late: 0 };
  readonly #options: DispatcherOptions;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #limits: DispatchLimits;
  readonly #nextCallId = createIdSource<CallId>();
  readonly #calls = new Map<CallId, Call>();
  readonly #workers = new Map<InstanceId, WorkerState>();
  readonly #functions = new Map<string, FunctionState>();
  readonly #ready = new Map<string, readonly WorkerState[]>();
  readonly #waiting = new Map<string, Call[]>();
  readonly #deadlines: Deadlines<Call>;
  #table: RouteTable = emptyRouteTable;
  #closedReason: "closed" | "failed" | null = null;
  #onDrained: (() => void) | null = null;
  #turn = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#journal = options.journal;
    this.#limits = options.limits;
    this.#deadlines = new Deadlines(options.clock, (call) => this.#expire(call));
  }

  /** Calls that hold a slot. */
  get inFlight(): number {
    return this.#calls.size;
  }

  get functions(): Iterable<FunctionState> {
    return this.#functions.values();
  }

  worker(instance: InstanceId): WorkerState | undefined {
    return this.#workers.get(instance);
  }

  /** True while the caller has no answer yet. */
  isWaiting(callId: CallId): boolean {
    return this.#calls.get(callId)?.isAnswered === false;
  }

  /** True while this worker has a call whose caller still waits, which is to say within its deadline. */
  isBusy(instance: InstanceId): boolean {
    for (const call of this.#calls.values()) {
      if (call.worker?.port.instance === instance && !call.isAnswered) return true;
    }
    return false;
  }

  /** What can be called, in the order of the pools. */
  exports(): ExportMetadata[] {
    return [...this.#table.pools.values()].flatMap((pool) => pool.exports);
  }

  // — the control plane's side —

  attach(port: WorkerPort): void {
    this.#workers.set(port.instance, new WorkerState(port));
  }

  /** The router's newest table. Calls that waited for a worker go out now, or fail when none is to come. */
  publish(table: RouteTable): void {
    this.#table = table;
    for (const state of this.#functions.values()) state.isExported = false;
    for (const [pool, route] of table.pools) {
      for (const exported of route.exports) this.#learn(exported.name, pool, exported.isStreaming);
      const ready = route.ready.map((instance) => this.#workers.get(instance));
      this.#ready.set(
        pool,
        ready.filter((worker) => worker !== undefined),
      );
      this.#flushWaiting(pool, route.isDue);
    }
  }

  /** The process is gone: nothing will come from it any more, and every call it had ends now. */
  detach(instance: InstanceId, details: Record<string, unknown>, how: string): void {
    const worker = this.#workers.get(instance);
    if (worker === undefined) return;
    this.#workers.delete(instance);
    for (const call of this.#calls.values()) {
      if (call.worker === worker) this.#settle(call, failures.workerDied(call.target.name, details, how), true);
    }
  }

  /** Calls back once no call holds a slot. */
  whenDrained(callback: () => void): void {
    this.#onDrained = callback;
    if (this.#calls.size === 0) this.#drained();
  }

  /** Ends every call that still waits for its answer, and refuses all later ones with `closedReason`. */
  close(closedReason: "closed" | "failed"): void {
    this.#closedReason = closedReason;
    for (const call of this.#calls.values()) {
      const failure =
        closedReason === "failed"
          ? failures.internal("The supervisor failed while this call was running; it may have run once.")
          : failures.drainEnded(call.target.name);
      this.#settle(call, failure, true);
    }
    this.#deadlines.dispose();
  }

  /** Cancels what is still running at the end of a drain; slots are kept until the workers are gone. */
  endDrain(): void {
    for (const call of this.#calls.values()) this.#cancel(call, failures.drainEnded(call.target.name));
  }

  // — the callers' side —

  /**
   * Takes a call, or refuses it: either way `caller` hears exactly once. `timeoutMs` undefined is the default,
   * Infinity none. Returns the id under which the call can be cancelled, or 0 when it was refused.
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
    const target = this.#functions.get(functionName);
    const refusal = this.#refusal(functionName, target, timeoutMs);
    if (refusal !== null || target === undefined) {
      return this.#reject(caller, requestId, functionName, refusal ?? failures.internal("unreachable"));
    }
    const nowMs = this.#clock.now();
    const allowedMs = timeoutMs ?? this.#limits.defaultTimeoutMs;
    const call = new Call(this.#nextCallId(), requestId, caller, target, params, contextBytes, nowMs, nowMs + allowedMs);
    this.#calls.set(call.callId, call);
    target.inFlight += 1;
    this.#journal.record("accept", nowMs, call.callId, 0, 0, allowedMs, functionName, caller.callerId, requestId);
    this.#deadlines.add(call, call.deadlineAtMs);
    this.#place(call);
    return call.callId;
  }

  /**
   * The caller no longer wants the answer. With `answerNow` it hears 2002 at once; otherwise it hears what the
   * worker says within `cancelGraceMs`, and 2002 after that. The slot stays taken until the worker is done with it.
   */
  cancel(callId: CallId, answerNow: boolean): void {
    const call = this.#calls.get(callId);
    if (call === undefined || call.isAnswered) return;
    const wasStarted = call.state !== "queued";
    const answer = answerNow || !wasStarted || call.worker?.port.canCancel !== true;
    if (call.state === "cancelling" && !answer) return;
    this.#cancel(call, answer ? failures.cancelled(call.target.name, wasStarted) : null);
  }

  // — the workers' side —

  onResult(instance: InstanceId, requestId: U64, result: Uint8Array, durationUs: U64): void {
    const call = this.#answered(instance, requestId);
    if (call === null) return;
    if (call.isAnswered) this.#late(call.callId, instance);
    this.#settle(call, null, true, result, durationUs);
  }

  onError(instance: InstanceId, message: InvokeError): void {
    const call = this.#answered(instance, message.requestId);
    if (call === null) return;
    if (call.isAnswered) this.#late(call.callId, instance);
    this.#settle(call, message, true);
  }

  // — inside —

  #learn(name: string, pool: string, isStreaming: boolean): void {
    const known = this.#functions.get(name);
    if (known === undefined) {
      this.#functions.set(name, new FunctionState(name, pool, isStreaming));
    } else {
      known.pool = pool;
      known.isStreaming = isStreaming;
      known.isExported = true;
    }
  }

  #refusal(name: string, target: FunctionState | undefined, timeoutMs: number | undefined): CallFailure | null {
    const { admission } = this.#table;
    if (admission !== "open" || this.#closedReason !== null) {
      const reason = this.#closedReason ?? (admission === "draining" ? "draining" : "closed");
      return failures.unavailable(reason, `The supervisor takes no new calls: it is ${reason}.`);
    }
    if (target?.isExported !== true) {
      return failures.functionNotFound(name, [...this.#functions.values()].filter((f) => f.isExported).map((f) => f.name));
    }
    if (target.isStreaming) return failures.streamingUnsupported(name);
    if (timeoutMs !== undefined && timeoutMs <= 0) return failures.timedOut(name, timeoutMs, false);
    const { maxInFlight, maxInFlightPerFunction } = this.#limits;
    if (this.#calls.size >= maxInFlight) return failures.overloaded("maxInFlight", maxInFlight, this.#calls.size);
    if (target.inFlight >= maxInFlightPerFunction) {
      return failures.overloaded("maxInFlightPerFunction", maxInFlightPerFunction, target.inFlight);
    }
    const pool = this.#table.pools.get(target.pool);
    if (pool?.isDue !== true && pool?.ready.length === 0) return this.#noWorker(target);
    return null;
  }

  #noWorker(target: FunctionState): CallFailure {
    return failures.unavailable(
      "no-worker",
      `No worker of pool ${target.pool} is up and none is due to start, so ${target.name} cannot be called.`,
    );
  }

  #reject(caller: Caller, requestId: U64, functionName: string, failure: CallFailure): 0 {
    this.counters.rejected += 1;
    this.#journal.record("reject", this.#clock.now(), 0, 0, failure.code, 0, functionName, caller.callerId, requestId);
    caller.fail(requestId, failure, 0 as CallId);
    return 0;
  }

  /** Sends a queued call to the least busy ready worker, or leaves it waiting. */
  #place(call: Call): void {
    const worker = this.#leastBusy(call.target.pool);
    if (worker === null) {
      const waiting = this.#waiting.get(call.target.pool);
      if (waiting === undefined) this.#waiting.set(call.target.pool, [call]);
      else waiting.push(call);
      return;
    }
    const nowMs = this.#clock.now();
    const leftMs = call.deadlineAtMs - nowMs;
    if (leftMs <= 0) {
      this.#expire(call);
      return;
    }
    const { port } = worker;
    if (port.queuedBytes > port.maxQueuedBytes) {
      this.#settle(call, failures.overloaded("queuedBytes", port.maxQueuedBytes, worker.inFlight), true);
      return;
    }
    const deadlineMs = leftMs === Infinity ? 0 : Math.min(Math.max(Math.ceil(leftMs), 1), 2_147_483_647);
    try {
      port.sendInvoke(call.callId, call.target.name, call.params, deadlineMs, call.contextBytes);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      this.#settle(call, failures.paramsTooLarge(call.target.name, call.params.length, port.maxFrameBytes), true);
      return;
    }
    call.state = "dispatched";
    call.worker = worker;
    worker.inFlight += 1;
    worker.calls += 1;
    worker.firstCallId = Math.min(worker.firstCallId, call.callId);
    worker.lastCallId = Math.max(worker.lastCallId, call.callId);
    call.target.calls += 1;
    this.#journal.record("dispatch", nowMs, call.callId, port.instance);
  }

  #leastBusy(pool: string): WorkerState | null {
    const ready = this.#ready.get(pool);
    if (ready === undefined || ready.length === 0) return null;
    const start = this.#turn++ % ready.length;
    let best: WorkerState | null = null;
    for (let step = 0; step < ready.length; step++) {
      const worker = ready[(start + step) % ready.length];
      if (worker !== undefined && (best === null || worker.inFlight < best.inFlight)) best = worker;
    }
    return best;
  }

  #flushWaiting(pool: string, isDue: boolean): void {
    const waiting = this.#waiting.get(pool);
    if (waiting === undefined || waiting.length === 0) return;
    const isReady = (this.#ready.get(pool)?.length ?? 0) > 0;
    if (!isReady && isDue) return;
    this.#waiting.set(pool, []);
    for (const call of waiting) {
      if (call.state !== "queued") continue;
      if (isReady) this.#place(call);
      else this.#settle(call, this.#noWorker(call.target), true);
    }
  }

  #expire(call: Call): void {
    if (call.isAnswered) return;
    const wasStarted = call.state !== "queued";
    if (call.state === "cancelling") this.#settle(call, failures.cancelled(call.target.name, true), false);
    else this.#cancel(call, failures.timedOut(call.target.name, call.deadlineAtMs - call.admittedAtMs, wasStarted));
  }

  /** Sends Cancel after a dispatched call, and answers the caller now if there is something to say. */
  #cancel(call: Call, answer: CallFailure | null): void {
    if (call.state === "dispatched") {
      call.state = "cancelling";
      if (call.worker?.port.canCancel === true) call.worker.port.sendCancel(call.callId);
    }
    if (answer !== null) this.#settle(call, answer, call.state === "queued");
    else this.#deadlines.add(call, Math.min(call.deadlineAtMs, this.#clock.now() + this.#limits.cancelGraceMs));
  }

  /** The call a worker's answer is for, or null when there is none: a late answer, or a breach. */
  #answered(instance: InstanceId, requestId: U64): Call | null {
    const worker = this.#workers.get(instance);
    const call = this.#calls.get(requestId as CallId);
    if (call !== undefined && call.worker === worker && worker !== undefined) return call;
    if (worker !== undefined && (call !== undefined || !worker.mayHaveIssued(requestId))) {
      this.#options.onBreach(instance, `it answered request ${String(requestId)}, which it was never sent`);
    } else {
      this.#late(Number(requestId), instance);
    }
    return null;
  }

  #late(callId: number, instance: InstanceId): void {
    this.counters.late += 1;
    this.#journal.record("late", this.#clock.now(), callId, instance);
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
      this.#deadlines.remove(call);
      this.#count(call, failure, nowMs);
      this.#journal.record("settle", nowMs, call.callId, instance, failure?.code ?? 0);
    }
    if (isSlotFree) {
      call.state = "settled";
      this.#calls.delete(call.callId);
      call.target.inFlight -= 1;
      if (call.worker !== null) call.worker.inFlight -= 1;
      this.#journal.record("release", nowMs, call.callId, instance);
    }
    if (mustAnswer) {
      if (failure === null) call.caller.succeed(call.requestId, result, durationUs);
      else call.caller.fail(call.requestId, failure, call.callId);
    }
    if (isSlotFree && this.#calls.size === 0) this.#drained();
  }

  #count(call: Call, failure: CallFailure | null, nowMs: number): void {
    const { counters } = this;
    call.target.latency.record((nowMs - call.admittedAtMs) * 1000);
    if (failure === null) {
      counters.ok += 1;
      return;
    }
    call.target.failed += 1;
    if (failure.code === 2001) counters.timedOut += 1;
    else if (failure.code === 2002) counters.cancelled += 1;
    else counters.failed += 1;
  }

  #drained(): void {
    const callback = this.#onDrained;
    this.#onDrained = null;
    callback?.();
  }
}

const noBytes = new Uint8Array(0);
