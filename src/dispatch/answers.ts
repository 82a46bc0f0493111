// What workers say of calls: which call it is for, whether that worker may say it, and what it comes to. Settles through
// what it is given; sends nothing.

import type { CallId, InstanceId } from "../ids.js";
import type { InvokeError, U64 } from "../protocol/messages.js";
import type { Clock } from "../time.js";
import type { Call, CallFailure } from "./call.js";
import type { CallCounters } from "./counters.js";
import * as failures from "./failures.js";
import type { Journal } from "./journal.js";
import type { WorkerState } from "./worker-state.js";
import type { WorkerTable } from "./worker-table.js";

export interface AnswerPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly calls: ReadonlyMap<CallId, Call>;
  readonly workers: WorkerTable;
  readonly counters: CallCounters;
  /** What a call comes to whose time was over before its answer came. */
  readonly timeout: (call: Call) => CallFailure;
  readonly settle: (
    call: Call,
    failure: CallFailure | null,
    isSlotFree: boolean,
    result?: Uint8Array,
    durationUs?: U64,
  ) => void;
  readonly onBreach: (instance: InstanceId, reason: string) => void;
}

export class Answers {
  readonly #ports: AnswerPorts;

  constructor(ports: AnswerPorts) {
    this.#ports = ports;
  }

  onResult(instance: InstanceId, requestId: U64, result: Uint8Array, durationUs: U64): void {
    const call = this.lastOf(instance, requestId);
    if (call === null) return;
    if (call.stream !== null) return this.streamBroke(call, "it ended with a result");
    if (call.isAnswered) this.#late(call.callId, instance);
    const { settle, timeout } = this.#ports;
    if (call.isTimedOut) return settle(call, timeout(call), true);
    const refusal = call.isAnswered ? undefined : call.caller.refusalOf?.(call.requestId, result, durationUs);
    settle(call, refusal ?? null, true, result, durationUs);
  }

  onError(instance: InstanceId, message: InvokeError): void {
    const call = this.lastOf(instance, message.requestId);
    if (call === null) return;
    if (call.isAnswered) this.#late(call.callId, instance);
    const { settle, timeout } = this.#ports;
    settle(call, call.isTimedOut ? timeout(call) : message, true);
  }

  /** Every chunk of it has come. */
  onStreamEnd(call: Call): void {
    const { settle, timeout } = this.#ports;
    if (call.isAnswered) this.#late(call.callId, call.worker?.port.instance ?? (0 as InstanceId));
    settle(call, call.isTimedOut ? timeout(call) : null, true);
  }

  /** The call a worker's message is for; null when it is over, or when that was a breach. */
  callOf(instance: InstanceId, requestId: U64): Call | null {
    const { workers, calls } = this.#ports;
    const worker = workers.get(instance);
    const call = calls.get(requestId as CallId);
    if (worker?.isBreached === true) return null;
    if (call !== undefined && call.worker === worker) return call;
    if (worker !== undefined && (call !== undefined || !worker.mayHaveIssued(requestId)))
      this.breached(worker, `it answered request ${String(requestId)}, which it was never sent`);
    return null;
  }

  /** Its worker broke the rules of streams: what came is valid, and nothing comes any more. */
  streamBroke(call: Call, why: string): void {
    if (!call.isAnswered) this.#ports.settle(call, failures.streamBroke(call.target.name, why), false);
    this.breached(call.worker, `of a stream of ${failures.quoted(call.target.name)}, ${why}`);
  }

  /** That worker broke the protocol: nothing it says counts any more. */
  breached(worker: WorkerState | null, reason: string): void {
    if (worker === null || worker.isBreached) return;
    worker.isBreached = true;
    this.#ports.onBreach(worker.port.instance, reason);
  }

  /** As callOf, of the last that a worker may say of a call: what comes after it is counted. */
  lastOf(instance: InstanceId, requestId: U64): Call | null {
    const wasBreached = this.#ports.workers.get(instance)?.isBreached === true;
    const call = this.callOf(instance, requestId);
    const isBreached = this.#ports.workers.get(instance)?.isBreached === true;
    if (call === null && !wasBreached && !isBreached) this.#late(Number(requestId), instance);
    return call;
  }

  #late(callId: number, instance: InstanceId): void {
    const { counters, journal, clock } = this.#ports;
    counters.late += 1;
    journal.record("late", clock.now(), callId, instance);
  }
}
