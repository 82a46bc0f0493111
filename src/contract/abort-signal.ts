// A caller's AbortSignal, and what it may do to a call. It is the caller's own object, known by its shape alone: what it
// throws must neither leave a call behind nor keep anybody from an answer. Knows no call.

import { messageOf, SpliceError } from "../errors.js";

/** @throws SpliceError 2002 when it is aborted already. */
export function refuseAborted(functionName: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const message = `The call of ${JSON.stringify(functionName)} was cancelled before it was made.`;
  throw new SpliceError({ code: 2002, message, functionName, cause: signal.reason });
}

/**
 * To be called before anything is sent. Returns what takes the listener away again, which never throws.
 *
 * @throws SpliceError 1000 when the signal does not let itself be listened to.
 */
export function listenForAbort(functionName: string, signal: AbortSignal, onAbort: () => void): () => void {
  try {
    signal.addEventListener("abort", onAbort, { once: true });
  } catch (cause) {
    const message = `The function ${JSON.stringify(functionName)} was not called: the option signal cannot be listened to (${messageOf(cause)}).`;
    throw new SpliceError({ code: 1000, message, functionName, cause });
  }
  return () => {
    try {
      signal.removeEventListener("abort", onAbort);
    } catch {
      // The listener stays where it is; by now it does nothing.
    }
  };
}
