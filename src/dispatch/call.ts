// One row of the in-flight table: a call from its arrival until its slot is free, and who waits for it.
// `state` and `isAnswered` together are the states of machines/call; only the dispatcher moves a row on.

import type { ErrorKind } from "../errors.js";
import type { CallId } from "../ids.js";
import { carriesInput } from "../protocol/context.js";
import type { U64 } from "../protocol/messages.js";
import { CallInput } from "./call-input.js";
import { Expiring } from "./deadlines.js";
import type { CallerShare } from "./caller-share.js";
import type { FunctionState } from "./function-state.js";
import type { CallStream, Silence } from "./streams.js";
import type { WorkerState } from "./worker-state.js";

/** Instead of bytes that are not there, or no longer. */
export const noBytes = new Uint8Array(0);

/** How a call ends when not with a result, in the wire's terms. `details` is a MessagePack document. */
export interface CallFailure {
  readonly code: number;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly details: Uint8Array | null;
}

/**
 * Whoever calls: one object per connection or embedding, so that a call carries a reference, not a closure.
 * Exactly one of `succeed` and `fail` is called, once per call, with the caller's own request id.
 */
export interface Caller {
  readonly callerId: number;
  /** Its own, for as long as it lives; dispatch keeps the books in it. */
  readonly share: CallerShare;
  /** What a result that cannot reach this caller becomes; null when it can. Asked first, so that all books agree. */
  refusalOf?(requestId: U64, result: Uint8Array, durationUs: U64): CallFailure | null;
  succeed(requestId: U64, result: Uint8Array, durationUs: U64): void;
  fail(requestId: U64, failure: CallFailure, callId: CallId): void;
  /** How items of streaming functions reach it; absent: none can. */
  readonly streams?: StreamCaller;
  /** How it hears of the inputs that it gives; absent: it can give none. */
  readonly inputs?: InputCaller;
}

/** What the caller of a function with an input is told of it. */
export interface InputCaller {
  /** Why a call that has an input is not to be made; null: it may. */
  refusalOf(functionName: string): CallFailure | null;
  /** The function has read so far, and lets so many more chunks come. */
  acknowledged(requestId: U64, sequence: number, window: number): void;
}

/** A stream begins, has chunks, and ends with `ended` or with the caller's `fail`. */
export interface StreamCaller {
  /** Why this call of a streaming function is not to be made; null: it may stream. */
  refusalOf(requestId: U64, functionName: string): CallFailure | null;
  started(requestId: U64, window: number): void;
  /** Returns what becomes of the call when the chunk cannot reach this caller; null when it can. */
  chunk(requestId: U64, sequence: number, data: Uint8Array): CallFailure | null;
  ended(requestId: U64, totalChunks: number): void;
}

/** waiting: waits for a permit, see PermitQueue. queued: holds one and waits for a worker. dispatched: a worker has it. cancelling: a Cancel went after it, if the worker takes Cancels. settled: gone. */
export type CallState = "waiting" | "queued" | "dispatched" | "cancelling" | "settled";

export class Call extends Expiring {
  state: CallState = "queued";
  worker: WorkerState | null = null;
  /** Null until it has begun to stream; a dispatched call with one is the chart's `streaming`. */
  stream: CallStream | null = null;
  /** Of a streaming function's call that a worker has, where silence has a limit; null otherwise. */
  silence: Silence | null = null;
  /** What the caller sends while the call runs; null: nothing. */
  readonly input: CallInput | null;
  /** True once the caller has its one answer; the slot may outlive that until the worker answers or dies. */
  isAnswered = false;
  /** Its time is over, and its caller will hear 2001 as soon as it is known what its worker is doing. */
  isTimedOut = false;
  #waitsIn: Set<Call> | null = null;

  constructor(
    readonly callId: CallId,
    readonly requestId: U64,
    readonly caller: Caller,
    readonly target: FunctionState,
    public params: Uint8Array,
    readonly contextBytes: Uint8Array,
    readonly arrivedAtMs: number,
    readonly deadlineAtMs: number,
  ) {
    super();
    this.input = carriesInput(contextBytes) ? new CallInput(callId) : null;
  }

  /** Puts the call at the end of that line, and takes it out of the one it was in; null: it waits no more. */
  waitIn(line: Set<Call> | null): void {
    this.#waitsIn?.delete(this);
    line?.add(this);
    this.#waitsIn = line;
  }
}
