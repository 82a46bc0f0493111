// Calls made in this process: promises on one side, dispatch on the other. Knows no worker and no socket.

import { toSpliceError } from "../contract/failure-error.js";
import { prepareCall } from "../contract/call-options.js";
import type { CallOptions } from "../contract/splice.js";
import type { Caller, CallFailure } from "../dispatch/call.js";
import { unreadableResult } from "../dispatch/failures.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { messageOf, SpliceError } from "../errors.js";
import type { CallId } from "../ids.js";
import type { U64 } from "../protocol/messages.js";
import { decodeValue } from "../protocol/values.js";

interface Pending {
  readonly functionName: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
  /** The result, read but not yet handed over. */
  value: unknown;
}

/** The embedding program as a caller; its id in the journal is 0, connections count from 1. */
export class EmbeddedCaller implements Caller {
  readonly callerId = 0;
  readonly #dispatcher: Dispatcher;
  readonly #pending = new Map<U64, Pending>();
  #lastRequestId = 0;

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
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
      const requestId = ++this.#lastRequestId;
      const pending: Pending = {
        functionName: name,
        resolve,
        reject,
        signal,
        onAbort: undefined,
        value: undefined,
      };
      this.#pending.set(requestId, pending);
      const callId = this.#dispatcher.invoke(this, requestId, name, bytes, timeoutMs, contextBytes);
      // A call that was answered at once must leave no listener on a signal that outlives it.
      if (signal !== undefined && callId !== 0 && this.#pending.has(requestId)) {
        pending.onAbort = () => {
          this.#dispatcher.cancel(callId, true);
        };
        signal.addEventListener("abort", pending.onAbort, { once: true });
      }
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

  #take(requestId: U64): Pending | undefined {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return undefined;
    this.#pending.delete(requestId);
    if (pending.onAbort !== undefined) pending.signal?.removeEventListener("abort", pending.onAbort);
    return pending;
  }
}
