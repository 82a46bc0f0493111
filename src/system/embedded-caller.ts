// Calls made in this process: promises on one side, dispatch on the other. Knows no worker and no socket.

import { toSpliceError } from "../contract/failure-error.js";
import { listenForAbort, refuseAborted } from "../contract/abort-signal.js";
import { prepareCall } from "../contract/call-options.js";
import { type CallerInput, inputOf, type InputWire, withInput } from "../contract/caller-input.js";
import { isReserved } from "../contract/function-names.js";
import { createStreamHandle, type SpliceStream } from "../contract/stream-handle.js";
import { StreamReading } from "../contract/reading.js";
import type { CallOptions, StreamOptions } from "../contract/splice.js";
import type { Caller, CallFailure, InputCaller, StreamCaller } from "../dispatch/call.js";
import { CallerShare } from "../dispatch/caller-share.js";
import { unreadableResult, yieldsStream } from "../dispatch/failures.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { messageOf, SpliceError } from "../errors.js";
import type { CallId } from "../ids.js";
import type { U64 } from "../protocol/messages.js";
import { decodeValue } from "../protocol/values.js";
import type { Clock } from "../time.js";
import type { ReservedAnswer, RunReserved } from "./reserved.js";
import { ReservedStreams } from "./reserved-streams.js";

interface Pending {
  readonly functionName: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  stopListening: (() => void) | undefined;
  readonly input: CallerInput | null;
  isAborted: boolean;
  /** The result, read but not yet handed over. */
  value: unknown;
}

interface Reading {
  readonly functionName: string;
  readonly reading: StreamReading;
  readonly input: CallerInput | null;
}

/** The embedding program as a caller; its id in the journal is 0, connections count from 1. */
export class EmbeddedCaller implements Caller {
  readonly callerId = 0;
  readonly share = new CallerShare();
  readonly #dispatcher: Dispatcher;
  readonly #runReserved: RunReserved;
  readonly #clock: Clock;
  readonly #pending = new Map<U64, Pending>();
  readonly #readings = new Map<U64, Reading>();
  readonly #reservedStreams: ReservedStreams;
  #lastRequestId = 0;

  constructor(dispatcher: Dispatcher, runReserved: RunReserved, clock: Clock) {
    this.#dispatcher = dispatcher;
    this.#runReserved = runReserved;
    this.#clock = clock;
    this.#reservedStreams = new ReservedStreams(this, clock);
  }

  stream(name: string, params: unknown, options: StreamOptions | undefined): SpliceStream {
    return createStreamHandle(name, () => this.#open(name, params, options).items);
  }

  /** How the items of a streaming function come back to whoever reads them. */
  readonly streams: StreamCaller = {
    refusalOf: (requestId, functionName) =>
      this.#readings.has(requestId) ? null : yieldsStream(functionName),
    started: (requestId, window) => {
      this.#readings.get(requestId)?.reading.items.start(window);
    },
    chunk: (requestId, sequence, data) => {
      const found = this.#readings.get(requestId);
      found?.reading.heard();
      found?.reading.items.chunk(sequence, data);
      return null;
    },
    ended: (requestId, totalChunks) => {
      const found = this.#taken(requestId);
      found?.reading.ended();
      found?.reading.items.end(totalChunks);
    },
  };

  /** How far the inputs that were given are read. */
  readonly inputs: InputCaller = {
    refusalOf: () => null,
    acknowledged: (requestId, sequence, window) => {
      const found = this.#pending.get(requestId) ?? this.#readings.get(requestId);
      found?.input?.acknowledge(sequence, window);
    },
  };

  #open(name: string, params: unknown, options: StreamOptions | undefined): StreamReading {
    requireName(name);
    const input = inputOf(name, options);
    try {
      return this.#read(name, params, options, input);
    } catch (error) {
      input?.stop();
      throw error;
    }
  }

  #read(
    name: string,
    params: unknown,
    options: StreamOptions | undefined,
    input: CallerInput | null,
  ): StreamReading {
    const { params: bytes, contextBytes, timeoutMs } = prepareCall(name, params, options);
    refuseAborted(name, options?.signal);
    const requestId = ++this.#lastRequestId;
    const made: { callId: CallId | 0; isUnwanted: boolean } = { callId: 0, isUnwanted: false };
    const reading = new StreamReading(name, options, {
      clock: this.#clock,
      acknowledge: (sequence, window) => {
        if (made.callId !== 0) this.#dispatcher.acknowledge(made.callId, sequence, window);
        else this.#reservedStreams.acknowledge(requestId, sequence, window);
      },
      cancel: () => {
        made.isUnwanted = true;
        this.#readings.delete(requestId);
        if (made.callId !== 0) this.#dispatcher.cancel(made.callId, true);
        else this.#reservedStreams.stop(requestId);
      },
      over: () => input?.stop(),
    });
    this.#readings.set(requestId, { functionName: name, reading, input });
    if (isReserved(name)) {
      const answer = this.#runReserved(name, bytes, timeoutMs, contextBytes);
      if (!answer.ok) this.fail(requestId, answer.failure, 0 as CallId);
      else if ("result" in answer) this.succeed(requestId, answer.result);
      else {
        const refusal = this.#reservedStreams.take(requestId, name, answer, timeoutMs);
        if (refusal !== null) this.fail(requestId, refusal, 0 as CallId);
      }
      return reading;
    }
    made.callId = this.#dispatcher.invoke(this, requestId, name, bytes, timeoutMs, contextBytes);
    // The verifier runs in this program, and may have aborted the call before the call had its number.
    if (made.isUnwanted && made.callId !== 0) this.#dispatcher.cancel(made.callId, true);
    if (made.callId !== 0) input?.begin(this.#inputWire(made.callId));
    return reading;
  }

  #taken(requestId: U64): Reading | undefined {
    const found = this.#readings.get(requestId);
    this.#readings.delete(requestId);
    return found;
  }

  #inputWire(callId: CallId): InputWire {
    const { inputs } = this.#dispatcher.streams;
    // Dispatch has its own number for the call, so that the one in the message says nothing.
    const requestId = callId;
    return {
      start: (window) => inputs.receive(callId, { type: "StreamStart", requestId, window }),
      chunk: (sequence, data) => inputs.receive(callId, { type: "StreamChunk", requestId, sequence, data }),
      end: (totalChunks) => inputs.receive(callId, { type: "StreamEnd", requestId, totalChunks }),
      fail: (code, message) => inputs.receive(callId, { type: "StreamError", requestId, code, message }),
    };
  }

  call(name: string, params: unknown, options: CallOptions | undefined): Promise<unknown> {
    return withInput(name, options, (input) => this.#call(name, params, options, input));
  }

  #call(
    name: string,
    params: unknown,
    options: CallOptions | undefined,
    input: CallerInput | null,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      requireName(name);
      const { params: bytes, contextBytes, timeoutMs } = prepareCall(name, params, options);
      const signal = options?.signal;
      refuseAborted(name, signal);
      const answer = isReserved(name) ? this.#runReserved(name, bytes, timeoutMs, contextBytes) : null;
      if (answer !== null && !("later" in answer)) {
        resolve(valueOf(name, answer));
        return;
      }
      const requestId = ++this.#lastRequestId;
      const pending: Pending = {
        functionName: name,
        resolve,
        reject,
        signal,
        stopListening: undefined,
        input,
        isAborted: false,
        value: undefined,
      };
      let callId: CallId | 0 = 0;
      if (signal !== undefined) {
        // Before the call is made: a listener that cannot be added fails a call that was never sent.
        pending.stopListening = listenForAbort(name, signal, () => {
          pending.isAborted = true;
          if (callId !== 0) this.#dispatcher.cancel(callId, true);
          else this.#reservedStreams.stop(requestId);
        });
      }
      this.#pending.set(requestId, pending);
      if (answer !== null) {
        const refusal = this.#reservedStreams.take(requestId, name, answer, timeoutMs);
        if (refusal !== null) this.fail(requestId, refusal, 0 as CallId);
        return;
      }
      callId = this.#dispatcher.invoke(this, requestId, name, bytes, timeoutMs, contextBytes);
      // The verifier runs in this program, and may have aborted the call before the call had its number.
      if (pending.isAborted && callId !== 0) this.#dispatcher.cancel(callId, true);
      if (callId !== 0) input?.begin(this.#inputWire(callId));
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

  succeed(requestId: U64, result: Uint8Array): void {
    const found = this.#taken(requestId);
    if (found !== undefined) return found.reading.result(result);
    const pending = this.#take(requestId);
    pending?.resolve(pending.value);
  }

  fail(requestId: U64, failure: CallFailure, callId: CallId): void {
    const found = this.#taken(requestId);
    if (found !== undefined) return found.reading.failed(toSpliceError(failure, found.functionName, callId));
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
    pending.stopListening?.();
    return pending;
  }
}

function valueOf(name: string, answer: Exclude<ReservedAnswer, { readonly later: unknown }>): unknown {
  if (!answer.ok) throw toSpliceError(answer.failure, name, 0);
  if ("source" in answer) throw toSpliceError(yieldsStream(name), name, 0);
  return decodeValue(answer.result, "result");
}

function requireName(name: unknown): void {
  if (typeof name === "string") return;
  throw new SpliceError({
    code: 1000,
    message: `The name of a function must be text, but is ${typeof name}.`,
  });
}
