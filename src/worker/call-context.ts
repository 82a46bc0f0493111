// The Context of one call, filled only as far as a function asks: most functions never look at it. Also holds
// what the runtime needs to end the call. Knows the wire's context bytes, not the link.

import type { Context, ContextAuth, ContextLog, ContextLogFields } from "../contract/context-type.js";
import { decodeContext, isInputHeader } from "../protocol/context.js";
import type { RequestContext, U64, WireInvoke } from "../protocol/messages.js";
import type { LogLevel } from "../log.js";

/** Takes the log lines of a call to the supervisor. */
export type LogSink = (context: Context, level: LogLevel, message: string, fields?: ContextLogFields) => void;

/** Of a call that was given none. */
const noInput: AsyncIterable<unknown> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

export class CallContext implements Context {
  readonly #invoke: WireInvoke;
  readonly #logSink: LogSink;
  /** When the call began, in milliseconds of `performance.now()`. */
  readonly startedMs: number;
  readonly input: AsyncIterable<unknown>;
  #decoded: RequestContext | undefined;
  #traceId: U64 | undefined;
  #spanId: U64 | undefined;
  #log: ContextLog | undefined;
  #controller: AbortController | undefined;
  #isCancelled = false;

  constructor(invoke: WireInvoke, startedMs: number, logSink: LogSink, input = noInput) {
    this.#invoke = invoke;
    this.startedMs = startedMs;
    this.input = input;
    this.#logSink = logSink;
  }

  get functionName(): string {
    return this.#invoke.functionName;
  }

  get requestId(): U64 {
    return this.#invoke.requestId;
  }

  get traceId(): U64 {
    return (this.#traceId ??= orRandom(this.#request.traceId));
  }

  get spanId(): U64 {
    return (this.#spanId ??= orRandom(this.#request.spanId));
  }

  get headers(): readonly (readonly [name: string, value: string])[] {
    return this.#request.headers;
  }

  get auth(): ContextAuth | null {
    return this.#request.auth;
  }

  get userId(): string | null {
    return this.#request.auth?.userId ?? null;
  }

  get remainingMs(): number {
    const { deadlineMs } = this.#invoke;
    if (deadlineMs === 0) return Infinity;
    return Math.max(0, deadlineMs - (performance.now() - this.startedMs));
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isCancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  get log(): ContextLog {
    return (this.#log ??= {
      debug: (message, fields) => {
        this.#logSink(this, "debug", message, fields);
      },
      info: (message, fields) => {
        this.#logSink(this, "info", message, fields);
      },
      warn: (message, fields) => {
        this.#logSink(this, "warn", message, fields);
      },
      error: (message, fields) => {
        this.#logSink(this, "error", message, fields);
      },
    });
  }

  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#request.headers.find(([each]) => each.toLowerCase() === wanted)?.[1];
  }

  hasRole(role: string): boolean {
    return this.#request.auth?.roles.includes(role) ?? false;
  }

  /** The runtime's own: marks the call as cancelled and aborts `signal`. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#controller?.abort();
  }

  get #request(): RequestContext {
    return (this.#decoded ??= ofFunction(decodeContext(this.#invoke.contextBytes)));
  }
}

/** Without the runtime's own header, which is no word of the caller's. */
function ofFunction(context: RequestContext): RequestContext {
  const isOwn = ([name]: readonly [string, string]): boolean => isInputHeader(name);
  if (!context.headers.some(isOwn)) return context;
  return { ...context, headers: context.headers.filter((header) => !isOwn(header)) };
}

/** 0 on the wire is "none". A number made here stays exact in JavaScript. */
function orRandom(id: U64): U64 {
  return id === 0 ? 1 + Math.floor(Math.random() * Number.MAX_SAFE_INTEGER) : id;
}
