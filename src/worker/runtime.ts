// The calls of this worker: Invoke -> function with Context -> exactly one answer. Knows the link's sending side
// and the registry; the conversation around calls is session.ts.

import { isProtocolError } from "../protocol/protocol-error.js";
import type { U64, WireInvoke } from "../protocol/messages.js";
import { decodeValue, encodeValue, isValueError, ValueError } from "../protocol/values.js";
import { CallContext, type LogSink } from "./call-context.js";
import { type CallWatch, createCallWatch } from "./call-watch.js";
import { checkItem, isThenable, MisfitError, runChecked, SchemaFault } from "./checked-call.js";
import { contextStorage } from "./current-context.js";
import * as failures from "./failures.js";
import type { RunningMemory } from "./guard-protocol.js";
import { type InputMessage, Inputs } from "./inputs.js";
import type { Link } from "./link.js";
import { itemsOf, watchedItems } from "./items.js";
import { OutputStream, UnsendableItem } from "./output-stream.js";
import type { RegisteredFunction, Registry } from "./registry.js";

export interface Runtime {
  readonly active: number;
  /** Calls started since the worker began. */
  readonly total: number;
  isInFlight(requestId: U64): boolean;
  invoke(message: WireInvoke): void;
  /** Marks the call as cancelled; its answer comes when the function has ended. Unknown ids are no matter. */
  cancel(requestId: U64): void;
  /** The caller of a stream has come so far. Returns null, or the breach: the rest of a sentence. */
  acknowledge(requestId: U64, sequence: U64, window: number): string | null;
  /** Something of the input of a call. Returns null, or the breach: the rest of a sentence. */
  receiveInput(message: InputMessage): string | null;
  /** New calls are refused from now on; `drained` is called once, when no call is left. */
  drain(drained: () => void): void;
}

export interface RuntimeOptions {
  readonly link: Link;
  readonly registry: Registry;
  readonly logSink: LogSink;
  /** Stacks cross to the caller. */
  readonly dev: boolean;
  /** How many items a stream may be ahead of its reader. */
  readonly windowChunks: number;
  /** What a guard thread reads; undefined when there is none. */
  readonly runningMemory?: RunningMemory | undefined;
}

/** A synchronous function that took longer has its answer sent at once, not after the rest of its batch. */
const longCallMs = 2;

export function createRuntime(options: RuntimeOptions): Runtime {
  const { link, registry, logSink, dev, windowChunks, runningMemory } = options;
  const inFlight = new Map<U64, CallContext>();
  /** Of the calls among them that have begun to stream. */
  const outputs = new Map<U64, OutputStream>();
  const inputs = new Inputs(link);
  const watch: CallWatch | undefined =
    runningMemory &&
    createCallWatch({
      memory: runningMemory,
      names: [...registry.keys()],
      hasCalls: () => inFlight.size > 0,
    });
  let total = 0;
  let whenDrained: (() => void) | undefined;

  function start(entry: RegisteredFunction, params: unknown, call: CallContext): void {
    let outcome: unknown;
    try {
      outcome = contextStorage.run(call, runChecked, entry, params, call);
      if (isThenable(outcome)) {
        Promise.resolve(outcome).then(
          (value) => {
            succeed(call, value);
          },
          (thrown: unknown) => {
            failWith(call, thrown);
          },
        );
        return;
      }
    } catch (thrown) {
      failWith(call, thrown);
      return;
    }
    succeed(call, outcome);
  }

  /** Runs the function for its items. Its first step is taken in this tick, as that of a plain call is. */
  function startStream(entry: RegisteredFunction, params: unknown, call: CallContext): void {
    contextStorage.run(call, streamItems, entry, params, call).then(
      (chunks) => {
        endStream(call, chunks);
      },
      (thrown: unknown) => {
        if (thrown instanceof UnsendableItem) failWithItem(call, thrown);
        else failWith(call, thrown);
      },
    );
  }

  /** Resolves with the number of items that were sent. */
  async function streamItems(entry: RegisteredFunction, params: unknown, call: CallContext): Promise<number> {
    const returned = await runChecked(entry, params, call);
    if (call.isCancelled && returned === undefined) return 0;
    const items =
      watch === undefined
        ? itemsOf(returned)
        : watchedItems(itemsOf(returned), (step) => watch.during(call.functionName, step));
    const output = new OutputStream(link, call.requestId, items, windowChunks, () => call.isCancelled);
    outputs.set(call.requestId, output);
    await output.pump(entry.returns === undefined ? null : (item) => checkItem(entry, item));
    return output.chunks;
  }

  function endStream(call: CallContext, totalChunks: number): void {
    if (call.isCancelled) {
      end(call, failures.cancelled(call.functionName));
      return;
    }
    link.send({ type: "StreamEnd", requestId: call.requestId, totalChunks });
    release(call);
  }

  function failWithItem(call: CallContext, { reason, bytes }: UnsendableItem): void {
    if (call.isCancelled) end(call, failures.cancelled(call.functionName));
    else if (isTooLarge(reason)) end(call, failures.answerTooLarge("item", bytes, link.maxFrameBytes));
    else end(call, failures.unserialisableResult(reason));
  }

  function succeed(call: CallContext, value: unknown): void {
    if (call.isCancelled) {
      end(call, failures.cancelled(call.functionName));
      return;
    }
    let result: Uint8Array;
    try {
      result = encodeValue(value, "result");
    } catch (error) {
      end(call, failures.unserialisableResult(error));
      return;
    }
    try {
      link.sendResult(call.requestId, result, Math.round((performance.now() - call.startedMs) * 1000));
    } catch (error) {
      const failure = isTooLarge(error)
        ? failures.answerTooLarge("result", result.length, link.maxFrameBytes)
        : failures.unencodable(call.functionName, error);
      end(call, failure);
      return;
    }
    release(call);
  }

  function failWith(call: CallContext, thrown: unknown): void {
    if (call.isCancelled) end(call, failures.cancelled(call.functionName));
    else if (MisfitError.is(thrown)) end(call, failures.misfit(thrown));
    else if (SchemaFault.is(thrown)) end(call, failures.schemaFault(call.functionName, thrown));
    else end(call, failures.thrownByFunction(thrown, dev));
  }

  function end(call: CallContext, failure: failures.Failure): void {
    refuse(call.requestId, call.functionName, failure);
    release(call);
  }

  /** Never throws: one answer that cannot be written must not end the calls of others with this process. */
  function refuse(requestId: U64, functionName: string, failure: failures.Failure): void {
    try {
      link.send({ type: "InvokeError", requestId, ...failure });
    } catch (error) {
      const instead = isTooLarge(error)
        ? failures.tooLarge(failure, link.maxFrameBytes)
        : failures.unencodable(functionName, error);
      link.send({ type: "InvokeError", requestId, ...instead });
    }
  }

  function release(call: CallContext): void {
    inFlight.delete(call.requestId);
    outputs.delete(call.requestId);
    inputs.close(call.requestId);
    if (inFlight.size === 0) whenDrained?.();
  }

  return {
    get active() {
      return inFlight.size;
    },
    get total() {
      return total;
    },
    isInFlight: (requestId) => inFlight.has(requestId),
    invoke(message) {
      const { requestId, functionName } = message;
      if (whenDrained !== undefined) {
        refuse(requestId, functionName, failures.draining(functionName));
        return;
      }
      const entry = registry.get(functionName);
      if (entry === undefined) {
        refuse(requestId, functionName, failures.notFound(functionName, registry.keys()));
        return;
      }
      const params = readParams(message.params);
      if ("failure" in params) {
        refuse(requestId, functionName, params.failure);
        return;
      }
      total++;
      const call = new CallContext(message, performance.now(), logSink, inputs.open(message));
      // Before the function runs: a fast one ends before this returns.
      inFlight.set(requestId, call);
      watch?.entered(functionName, call.startedMs);
      if (entry.metadata.isStreaming) startStream(entry, params.value, call);
      else start(entry, params.value, call);
      watch?.left();
      if (performance.now() - call.startedMs > longCallMs) link.flush();
    },
    cancel(requestId) {
      inFlight.get(requestId)?.cancel();
      inputs.cancel(requestId);
      outputs.get(requestId)?.leave();
    },
    acknowledge(requestId, sequence, window) {
      const output = outputs.get(requestId);
      if (output !== undefined) return output.acknowledge(sequence, window);
      // Of a call that is over it came too late, and means nothing.
      return inFlight.has(requestId) ? "a StreamAck came for a call that has not started its stream" : null;
    },
    receiveInput: (message) => inputs.receive(message, inFlight.has(message.requestId)),
    drain(drained) {
      whenDrained = drained;
      if (inFlight.size === 0) drained();
    },
  };
}

type ReadParams = { readonly value: object } | { readonly failure: failures.Failure };

/** None and nil are an empty object, so that a function can always destructure. Nothing else becomes one. */
function readParams(bytes: Uint8Array): ReadParams {
  let value: unknown;
  try {
    value = decodeValue(bytes, "params");
  } catch (error) {
    if (!isValueError(error)) throw error;
    return { failure: failures.unreadableParams(error) };
  }
  if (value === undefined || value === null) return { value: {} };
  if (typeof value === "object" && !Array.isArray(value) && !ArrayBuffer.isView(value) && !isDate(value)) {
    return { value };
  }
  const problem = "must be a map keyed by parameter name, or nothing at all";
  return { failure: failures.unreadableParams(new ValueError("params", problem)) };
}

function isDate(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Date]";
}

function isTooLarge(error: unknown): boolean {
  return isProtocolError(error) && error.reason === "frame-too-large";
}
