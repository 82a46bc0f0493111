// Calls made in this process: promises on one side, dispatch on the other. Knows no worker and no socket.

import { toSpliceError } from "../contract/failure-error.js";
import { prepareCall } from "../contract/call-options.js";
import type { CallOptions } from "../contract/splice.js";
import type { Caller, CallFailure } from "../dispatch/call.js";
import { CallerShare } from "../dispatch/caller-share.js";
import { unreadableResult } from "../dispatch/failures.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { messageOf, SpliceError } from "../errors.js";
import type { CallId } from "../ids.js";
import type { U64 } from "../protocol/messages.js";
import { decodeValue } from "../protocol/values.js";
import { isReserved, type RunReserved } from "./reserved.js";

interface Pending {
  readonly functionName: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
  isAborted: boolean;
  /** The result, read but not yet handed over. */
  value: unknown;
}

/** The embedding program as a caller; its id in the journal is 0, connections count from 1. */
export class EmbeddedCaller implements Caller {
  readonly callerId = 0;
  readonly share = new CallerShare();
  readonly #dispatcher: Dispatcher;
  readonly #runReserved: RunReserved;
  readonly #pending = new Map<U64, Pending>();
  #lastRequestId = 0;

  constructor(dispatcher: Dispatcher, runReserved: RunReserved) {
    this.#dispatcher = dispatcher;
    this.#runReserved = runReserved;
  }

  call(name: string, params: unknown, options: CallOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (typeof name !== "string") {
        throw new SpliceError({
          code: 1000,
          message: `The name of a function must be text, but is ${typeof name}.`,
        });
      }
      const { params: bytes, contextBytes, timeoutMs } = prepareCall(name, params, options);
      const signal = options?.signal;
      if (signal?.aborted === true) {
        const message = `The call of ${JSON.stringify(name)} was cancelled before it was made.`;
        throw new SpliceError({ code: 2002, message, functionName: name, cause: signal.reason });
      }
      if (isReserved(name)) {
        resolve(this.#reserved(name, bytes, timeoutMs));
        return;
      }
      const requestId = ++this.#lastRequestId;
      const pending: Pending = {
        functionName: name,
        resolve,
        reject,
        signal,
        onAbort: undefined,
        isAborted: false,
        value: undefined,
      };
      let callId: CallId | 0 = 0;
      if (signal !== undefined) {
        pending.onAbort = () => {
          pending.isAborted = true;
          if (callId !== 0) this.#dispatcher.cancel(callId, true);
        };
        // Before the call is made: a listener that cannot be added fails a call that was never sent.
        signal.addEventListener("abort", pending.onAbort, { once: true });
      }
      this.#pending.set(requestId, pending);
      callId = this.#dispatcher.invoke(this, requestId, name, bytes, timeoutMs, contextBytes);
      // The verifier runs in this program, and may have aborted the call before the call had its number.
      if (pending.isAborted && callId !== 0) this.#dispatcher.cancel(callId, true);
    });
  }

  /** Reads the result before it counts as one: bytes that are no value are a failure in every book. */
  refusalOf(requestId: U64, result: Uint8Array): CallFailure | null {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return null;
    try {
      pending.value = decodeValue(result, "result");
      return null;
    } catch (error) {
      return unreadableResult(messageOf(error));
    }
  }

  succeed(requestId: U64): void {
    const pending = this.#take(requestId);
    pending?.resolve(pending.value);
  }

  fail(requestId: U64, failure: CallFailure, callId: CallId): void {
    const pending = this.#take(requestId);
    if (pending === undefined) return;
    const { signal, functionName } = pending;
    const cause: unknown = failure.code === 2002 && signal?.aborted === true ? signal.reason : undefined;
    pending.reject(toSpliceError(failure, functionName, callId, cause));
  }

  #reserved(name: string, params: Uint8Array, timeoutMs: number | undefined): unknown {
    const answer = this.#runReserved(name, params, timeoutMs);
    if (!answer.ok) throw toSpliceError(answer.failure, name, 0);
    return decodeValue(answer.result, "result");
  }

  #take(requestId: U64): Pending | undefined {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return undefined;
    this.#pending.delete(requestId);
    if (pending.onAbort !== undefined) stopListening(pending.signal, pending.onAbort);
    return pending;
  }
}

/** A signal is the caller's own object: whatever it does here must not keep the call from its answer. */
function stopListening(signal: AbortSignal | undefined, listener: () => void): void {
  try {
    signal?.removeEventListener("abort", listener);
  } catch {
    // The listener stays where it is; by now it does nothing.
  }
}
