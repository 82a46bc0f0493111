// A call as it leaves this program: checked and encoded, before it is decided when and on which connection it goes.
// Pure; every refusal here means that nothing was sent.

import { refuseAborted } from "../contract/abort-signal.js";
import { prepareCall, type PreparedCall } from "../contract/call-options.js";
import type { CallerInput } from "../contract/caller-input.js";
import type { CallOptions } from "../contract/splice.js";
import { SpliceError } from "../errors.js";

export interface CheckedCall extends PreparedCall {
  readonly functionName: string;
  readonly signal: AbortSignal | undefined;
  /** What is sent while the call runs; null: nothing. */
  readonly input: CallerInput | null;
}

/** @throws SpliceError 1000, 1001, 2001 (no time left) or 2002 (aborted before it was made). */
export function checkCall(
  name: string,
  params: unknown,
  options: CallOptions | undefined,
  input: CallerInput | null,
): CheckedCall {
  if (typeof name !== "string") {
    const message = `The name of a function must be text, but is ${typeof name}.`;
    throw new SpliceError({ code: 1000, message });
  }
  const prepared = prepareCall(name, params, options);
  const signal = options?.signal;
  refuseAborted(name, signal);
  const { timeoutMs } = prepared;
  if (timeoutMs !== undefined && timeoutMs <= 0) {
    const message = `The call of ${JSON.stringify(name)} had ${String(timeoutMs)} ms, so it was not made at all.`;
    throw new SpliceError({ code: 2001, message, functionName: name });
  }
  const { params: bytes, contextBytes } = prepared;
  return { functionName: name, params: bytes, contextBytes, timeoutMs, signal, input };
}
