// The sentences and details of every failure that dispatch itself decides. Pure; what a worker says passes unread.

import { errorTable, type ErrorCode } from "../errors.js";
import { describeUnknownFunction } from "../contract/near-names.js";
import type { PoolRefusal } from "../machines/router/route-table.js";
import { inputNotCarried } from "../contract/caller-input.js";
import { readWithStream } from "../contract/stream-handle.js";
import { encodeValue } from "../protocol/values.js";
import type { CallFailure } from "./call.js";
import type { RunningPlace } from "./worker-state.js";

function failure(code: ErrorCode, message: string, details?: Record<string, unknown>): CallFailure {
  return {
    code,
    kind: errorTable[code].kind,
    message,
    details: details === undefined ? null : encodeValue(details),
  };
}

export function functionNotFound(name: string, known: Iterable<string>): CallFailure {
  const { message, suggestions } = describeUnknownFunction(name, known);
  return failure(1002, message, { suggestions });
}

/** `whose` link did not agree on the capability. */
export function streamingUnsupported(name: string, whose: "caller" | "worker"): CallFailure {
  return failure(
    1000,
    `The function ${quoted(name)} yields a stream, and the handshake of its ${whose} did not offer to carry streams.`,
  );
}

/** `whose` link did not agree on the capability. */
export function inputRefused(name: string, whose: "caller" | "worker"): CallFailure {
  return failure(1000, `The function ${quoted(name)} was not called: ${inputNotCarried(whose)}.`);
}

/** A call of a function of the runtime itself, which would never read it. */
export function reservedTakesNoInput(name: string): CallFailure {
  return failure(
    1000,
    `The function ${quoted(name)} was not called: it was given an input, and the supervisor's own functions read none.`,
  );
}

/** A plain call of a function that yields items. */
export function yieldsStream(name: string): CallFailure {
  return failure(1001, `The function ${quoted(name)} was not called: it ${readWithStream}.`, {
    issues: [{ path: "params", message: readWithStream }],
  });
}

export function streamBroke(name: string, why: string): CallFailure {
  return failure(
    3000,
    `The stream of ${quoted(name)} broke off, because its worker broke the rules of streams: ${why}. What came before is valid.`,
  );
}

export function streamIdle(name: string, idleTimeoutMs: number): CallFailure {
  return failure(
    2001,
    `The stream of ${quoted(name)} was cancelled, because nothing came for ${String(idleTimeoutMs)} ms. What came before is valid.`,
  );
}

/** Of a function of the runtime itself; what a worker's own functions refuse passes unread. */
export function invalidParams(name: string, path: string, why: string): CallFailure {
  return failure(1001, `${quoted(name)} was not run: ${path} ${why}`, { issues: [{ path, message: why }] });
}

export function unauthorized(name: string, userId: string | null): CallFailure {
  const who = userId === null ? "a caller without auth" : `the user ${quoted(userId)}`;
  return failure(1003, `The verifier does not let ${who} call ${quoted(name)}.`, { userId });
}

/** Says nothing of what the verifier threw, which is for the operator alone. */
export function verifierFailed(name: string, userId: string | null): CallFailure {
  const message = `The call of ${quoted(name)} was refused because the verifier itself failed; the supervisor's log says why.`;
  return failure(1003, message, { userId, reason: "verifier-failed" });
}

export function paramsTooLarge(name: string, bytes: number, limitBytes: number): CallFailure {
  const message = `The params of ${quoted(name)} are ${String(bytes)} bytes, which is over the frame limit of ${String(limitBytes)} bytes; send less at once or raise limits.maxFrameBytes.`;
  return failure(1004, message, { bytes, limit: limitBytes });
}

export interface Overload {
  readonly limit: string;
  readonly limitValue: number;
  readonly inFlight: number;
  /** Calls that wait for a permit. */
  readonly queued: number;
  readonly retryAfterMs: number;
  /** refused: it could not even wait. displaced: another caller got its place. waited: for as long as one may. */
  readonly how: "refused" | "displaced" | "waited";
  readonly maxQueueWaitMs: number;
}

export function overloaded(overload: Overload): CallFailure {
  const { limit, limitValue, inFlight, queued, retryAfterMs, how, maxQueueWaitMs } = overload;
  const queue = {
    refused: queued === 0 ? "" : `, and the queue is full with ${String(queued)}`,
    displaced: `, and the queue is full: this call's place went to a caller that has fewer calls waiting`,
    waited: `, and none of them ended for this call within ${String(maxQueueWaitMs)} ms`,
  };
  const message = `Too many calls are in flight: ${String(inFlight)} of ${limit} ${String(limitValue)}${queue[how]}. Call again when some have ended.`;
  return failure(3002, message, { limit, inFlight, queued, retryAfterMs });
}

export function linkFull(queuedBytes: number, maxQueuedBytes: number, inFlight: number): CallFailure {
  const message = `${String(queuedBytes)} bytes wait for the worker, which is over ${String(maxQueuedBytes)}: it does not read as fast as it is called. Call again when some calls have ended.`;
  return failure(3002, message, { limit: "queuedBytes", inFlight, retryAfterMs: 50 });
}

export function unavailable(
  reason: string,
  message: string,
  more: Record<string, unknown> = {},
): CallFailure {
  return failure(3001, message, { reason, ...more });
}

const waited = {
  answer: "It may have run, or may still be running.",
  slot: "Too many other calls were in flight for all of that time, so it never ran.",
  worker: "No worker was ready for it in that time, so it never ran.",
  verifier: "The verifier had not let it through in that time, so it never ran.",
};

/** `awaited` is what the call was waiting for when its time ran out. */
export function timedOut(name: string, timeoutMs: number, awaited: keyof typeof waited): CallFailure {
  const withinMs = String(Math.max(0, Math.round(timeoutMs)));
  return failure(2001, `${quoted(name)} did not answer within ${withinMs} ms. ${waited[awaited]}`);
}

/** As timedOut, of a call whose worker was seen to stand still. */
export function ranAway(name: string, timeoutMs: number, place: RunningPlace): CallFailure {
  const { file, line, lagMs } = place;
  const where = file === null ? "" : ` at ${file}:${String(line)}`;
  const running = place.function === null ? "its worker's code" : quoted(place.function);
  const message =
    `${quoted(name)} did not answer within ${String(Math.max(0, Math.round(timeoutMs)))} ms. ` +
    `Its worker has been busy in ${running}${where} for ${String(Math.round(lagMs))} ms. ${waited.answer}`;
  return failure(2001, message, { function: place.function, file, line, lagMs });
}

export function noTimeLeft(name: string, timeoutMs: number): CallFailure {
  return failure(
    2001,
    `${quoted(name)} was called with ${String(timeoutMs)} ms to answer, so it was not started.`,
  );
}

/** `nowMs` is the clock's, for how long it is until it is worth while to call again. */
export function noWorker(
  name: string,
  pool: string,
  { reason, why, retryAtMs, breaker }: PoolRefusal,
  nowMs: number,
): CallFailure {
  const retryAfterMs = retryAtMs === null ? undefined : Math.max(0, Math.ceil(retryAtMs - nowMs));
  if (breaker === undefined)
    return unavailable(reason, `${quoted(name)} cannot be called: pool ${pool} ${why}.`, { retryAfterMs });
  const { state } = breaker;
  const since = new Date(breaker.sinceWallMs).toISOString();
  const message = `${quoted(name)} cannot be called: pool ${pool} has no worker, and ${why} (its breaker is ${state} since ${since}).`;
  return unavailable(reason, message, { state, since, why, retryAfterMs });
}

export function cancelled(name: string, wasStarted: boolean): CallFailure {
  return failure(
    2002,
    `The call of ${quoted(name)} was cancelled${wasStarted ? "; it may have run" : " before it ran"}.`,
  );
}

export function drainEnded(name: string, wasStarted: boolean): CallFailure {
  const ran = wasStarted ? "did; it may have run" : "was started";
  const message = `The call of ${quoted(name)} was cancelled because the drain ended before it ${ran}.`;
  return failure(2002, message, { reason: "draining" });
}

/** Of a call that was under way when dispatch was closed. */
export function ended(closedReason: "closed" | "failed", name: string, wasStarted: boolean): CallFailure {
  if (closedReason === "closed") return drainEnded(name, wasStarted);
  return failure(3000, "The supervisor failed while this call was running; it may have run once.");
}

export function workerDied(name: string, details: Record<string, unknown>, how: string): CallFailure {
  return failure(2003, `The worker running ${quoted(name)} ${how}; the call may have run once.`, details);
}

export function unreadableResult(why: string): CallFailure {
  return failure(3000, `The worker's result cannot be read: ${why}`);
}

/** A name from outside as a sentence may show it: escaped, and cut when it is absurdly long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}
