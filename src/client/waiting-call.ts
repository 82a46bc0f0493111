// A call that waits for the link: until it is up, its deadline passes, it is aborted, or the handle is closed.
// Whatever comes first ends it, and if it is not the link it was never sent.

import { listenForAbort } from "../contract/abort-signal.js";
import { SpliceError } from "../errors.js";
import { maxTimerMs, type Clock, type TimerHandle } from "../time.js";
import type { CheckedCall } from "./checked-call.js";
import type { ClientConnection } from "./connection.js";
import type { Link } from "./link.js";

/** For a call without a timeout of its own; the supervisor's default is not known while there is none. */
export const defaultTimeoutMs = 30_000;

/**
 * `send` gets the connection and the time that is left of the call's own.
 *
 * @throws SpliceError 1000 for a signal that cannot be listened to; nothing waits then.
 */
export function waitForLink(
  link: Link,
  clock: Clock,
  call: Pick<CheckedCall, "functionName" | "timeoutMs" | "signal">,
  send: (connection: ClientConnection, leftMs: number) => void,
  reject: (error: SpliceError) => void,
): void {
  const { functionName, signal, timeoutMs = defaultTimeoutMs } = call;
  const startedAtMs = clock.now();
  let timer: TimerHandle;
  let forget: () => void = () => undefined;
  let stopListening: () => void = () => undefined;
  const stop = (): void => {
    forget();
    clock.clearTimeout(timer);
    stopListening();
  };
  const fail = (code: number, why: string, details?: unknown, cause?: unknown): void => {
    stop();
    const message = `The call of ${JSON.stringify(functionName)} was not sent: ${why}`;
    reject(new SpliceError({ code, message, functionName, details, cause }));
  };
  const aborted = (): void => {
    fail(2002, "it was cancelled while it waited for the link to the supervisor.", undefined, signal?.reason);
  };
  if (signal !== undefined) stopListening = listenForAbort(functionName, signal, aborted);
  if (signal?.aborted === true) return aborted();
  forget = link.wait({
    up: (connection) => {
      stop();
      send(connection, Math.max(1, timeoutMs - (clock.now() - startedAtMs)));
    },
    closed: () => {
      fail(3001, "the handle was closed.", { reason: "closed" });
    },
  });
  if (timeoutMs !== Infinity) {
    timer = clock.setTimeout(
      () => {
        const why = `there was no link to the supervisor within ${String(Math.round(timeoutMs))} ms.`;
        fail(2001, why, undefined, link.lastFailure);
      },
      Math.min(timeoutMs, maxTimerMs),
    );
  }
}
