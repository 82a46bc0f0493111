// The reserved calls of one caller that are not answered at once, by its request ids: streams with what each of these
// functions reads, and answers that take their time. They are calls to the caller alone: dispatch does not count them, no
// limit and no drain waits for them.

import type { LogLine } from "../contract/reserved-streams.js";
import type { CallFailure } from "../dispatch/call.js";
import * as failures from "../dispatch/failures.js";
import type { CallId } from "../ids.js";
import type { U64 } from "../protocol/messages.js";
import { encodeValue } from "../protocol/values.js";
import type { Clock, TimerHandle } from "../time.js";
import type { Feed } from "./feed.js";
import { encodeLine } from "./log-book.js";
import { ReservedStream, StreamSource, type StreamingCaller } from "./reserved-stream.js";

/** Every event from now on. */
export function eventsFrom(feed: Feed, clock: Clock): StreamSource {
  const lost = (count: number): Uint8Array =>
    encodeValue({ type: "events.dropped", atMs: clock.wallMs(), count });
  return new StreamSource("splice.events", feed, feed.end, Infinity, lost);
}

/** The last `tail` lines that are kept and, with `follow`, what comes. */
export function linesFrom(feed: Feed, clock: Clock, tail: number, follow: boolean): StreamSource {
  const lost = (count: number): Uint8Array => encodeLine(lostLines(count, clock.wallMs()));
  const from = Math.max(feed.first, feed.end - tail);
  return new StreamSource("splice.logs", feed, from, follow ? Infinity : feed.end, lost);
}

function lostLines(count: number, atMs: number): LogLine {
  const lines = count === 1 ? "1 line" : `${String(count)} lines`;
  const message = `${lines} dropped: they came faster than this reader took them`;
  return { atMs, level: "warn", worker: null, message, fields: { dropped: count } };
}

/** Nobody needs more, and one host that opens them in a loop must not have every line sent a thousand times. */
const maxStreams = 64;

function tooMany(): CallFailure {
  const message = `${String(maxStreams)} streams of the supervisor's own functions are open for this caller, and no more are given; end some first.`;
  const details = encodeValue({ limit: "reservedStreams", inFlight: maxStreams, retryAfterMs: 1000 });
  return { code: 3002, kind: "System", message, details };
}

/** A stream to be opened, or a result that is yet to come. */
export type AnswerToCome = { readonly source: StreamSource } | { readonly later: Promise<Uint8Array> };

export class ReservedStreams {
  readonly #caller: StreamingCaller;
  readonly #clock: Clock;
  readonly #streams = new Map<U64, ReservedStream>();
  readonly #awaited = new Map<U64, { readonly functionName: string; readonly timer: TimerHandle }>();

  constructor(caller: StreamingCaller, clock: Clock) {
    this.#caller = caller;
    this.#clock = clock;
  }

  get size(): number {
    return this.#streams.size + this.#awaited.size;
  }

  has(requestId: U64): boolean {
    return this.#streams.has(requestId) || this.#awaited.has(requestId);
  }

  /** What is not answered at once. Returns why this caller cannot have it, or null. */
  take(
    requestId: U64,
    functionName: string,
    answer: AnswerToCome,
    timeoutMs: number | undefined,
  ): CallFailure | null {
    return "source" in answer
      ? this.open(requestId, answer.source, timeoutMs)
      : this.#await(requestId, functionName, answer.later, timeoutMs);
  }

  /** Returns why this caller cannot have it, or null: it has begun, and ends with the caller's `ended` or `fail`. */
  open(requestId: U64, source: StreamSource, timeoutMs: number | undefined): CallFailure | null {
    const refusal = this.#caller.streams.refusalOf(requestId, source.functionName) ?? source.refusal();
    if (refusal !== null) return refusal;
    if (this.size >= maxStreams) return tooMany();
    const stream = new ReservedStream(source, this.#caller, requestId, this.#clock, () => {
      this.#streams.delete(requestId);
    });
    this.#streams.set(requestId, stream);
    stream.start(timeoutMs);
    return null;
  }

  /** The answer that is to come, within the caller's time. Returns why this caller cannot have it, or null. */
  #await(
    requestId: U64,
    functionName: string,
    later: Promise<Uint8Array>,
    timeoutMs: number | undefined,
  ): CallFailure | null {
    if (this.size >= maxStreams) return tooMany();
    const startedAtMs = this.#clock.now();
    const fail = (failure: CallFailure): void => {
      if (this.#forget(requestId)) this.#caller.fail(requestId, failure, 0 as CallId);
    };
    const timer =
      timeoutMs === undefined || timeoutMs === Infinity
        ? undefined
        : this.#clock.setTimeout(() => {
            fail(failures.timedOut(functionName, timeoutMs, "answer"));
          }, timeoutMs);
    this.#awaited.set(requestId, { functionName, timer });
    void later.then((result) => {
      const durationUs = Math.round((this.#clock.now() - startedAtMs) * 1000);
      if (!this.#forget(requestId)) return;
      const refusal = this.#caller.refusalOf?.(requestId, result, durationUs) ?? null;
      if (refusal === null) this.#caller.succeed(requestId, result, durationUs);
      else this.#caller.fail(requestId, refusal, 0 as CallId);
    });
    return null;
  }

  #forget(requestId: U64): boolean {
    this.#clock.clearTimeout(this.#awaited.get(requestId)?.timer);
    return this.#awaited.delete(requestId);
  }

  /** Returns null, also for one that is over, or the caller's breach: the rest of a sentence. */
  acknowledge(requestId: U64, sequence: U64, window: number): string | null {
    return this.#streams.get(requestId)?.acknowledge(sequence, window) ?? null;
  }

  /** The caller hears 2002. */
  cancel(requestId: U64): void {
    this.#streams.get(requestId)?.cancel();
    const awaited = this.#awaited.get(requestId);
    if (awaited === undefined || !this.#forget(requestId)) return;
    this.#caller.fail(requestId, failures.cancelled(awaited.functionName, true), 0 as CallId);
  }

  /** The caller takes no more, and hears nothing more. */
  stop(requestId: U64): void {
    this.#streams.get(requestId)?.stop();
    this.#forget(requestId);
  }

  stopAll(): void {
    for (const stream of [...this.#streams.values()]) stream.stop();
    for (const requestId of [...this.#awaited.keys()]) this.#forget(requestId);
  }

  /** Each comes to its end. */
  endAll(): void {
    for (const stream of [...this.#streams.values()]) stream.end();
  }
}
