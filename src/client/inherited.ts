// What a call that is made inside a function takes over from the call that the function serves: the time that is left, the
// trace, and the end when that call is cancelled. Options that make no sense pass as they are, for the checks to refuse.

import type { Context } from "../contract/context-type.js";
import { currentCall } from "../contract/current-call.js";
import type { CallOptions } from "../contract/splice.js";

/** The W3C trace context travels in these. */
const traceHeaders: ReadonlySet<string> = new Set(["traceparent", "tracestate", "baggage"]);

type Pairs = readonly (readonly [string, string])[];

/** The options as they are outside of calls. */
export function withInherited<Options extends CallOptions>(
  options: Options | undefined,
): Options | CallOptions | undefined {
  const call = currentCall();
  if (call === undefined) return options;
  const given: unknown = options;
  if (given !== undefined && (typeof given !== "object" || given === null)) return options;
  const own: CallOptions = options ?? {};
  return { ...own, ...traceOf(call, own), timeoutMs: timeOf(call, own), signal: signalOf(call, own) };
}

/** Undefined is the callee's default: the call is without a deadline. */
function timeOf({ remainingMs }: Context, { timeoutMs }: CallOptions): number | undefined {
  if (remainingMs === Infinity) return timeoutMs;
  if (timeoutMs === undefined) return remainingMs;
  return typeof timeoutMs === "number" ? Math.min(timeoutMs, remainingMs) : timeoutMs;
}

function signalOf(call: Context, { signal }: CallOptions): AbortSignal | undefined {
  if (signal === undefined) return call.signal;
  // Of another realm or of a polyfill, or no signal at all.
  if (!(signal instanceof AbortSignal)) return signal;
  return AbortSignal.any([signal, call.signal]);
}

/** As a whole or not at all: a caller that names its own trace, or a part of it, goes on with that. */
function traceOf(call: Context, options: CallOptions): Pick<CallOptions, "traceId" | "spanId" | "headers"> {
  if (options.traceId !== undefined || options.spanId !== undefined) return {};
  const own = pairsOf(options.headers);
  if (own === null || own.some(isTraceHeader)) return {};
  const { traceId, spanId } = call;
  const inherited = call.headers.filter(isTraceHeader);
  return inherited.length === 0 ? { traceId, spanId } : { traceId, spanId, headers: [...own, ...inherited] };
}

function isTraceHeader(pair: readonly unknown[]): boolean {
  const [name] = pair;
  return typeof name === "string" && traceHeaders.has(name.toLowerCase());
}

/** Null for what are no headers. */
function pairsOf(headers: CallOptions["headers"]): Pairs | null {
  const given: unknown = headers;
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null) return null;
  try {
    const pairs: unknown[] =
      Symbol.iterator in given ? [...(given as Iterable<unknown>)] : Object.entries(given);
    return pairs.every((pair) => Array.isArray(pair)) ? (pairs as unknown as Pairs) : null;
  } catch {
    return null;
  }
}
