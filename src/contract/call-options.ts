// What a caller passes as options, checked and put into the wire's terms. Pure; the same for every kind of caller.

import { describeValue, SpliceError } from "../errors.js";
import { emptyContextBytes, encodeContext, inputHeaderPair, isInputHeader } from "../protocol/context.js";
import type { U64 } from "../protocol/messages.js";
import { isWellFormed } from "../protocol/text.js";
import { encodeParams, isValueError } from "../protocol/values.js";
import type { CallOptions } from "./splice.js";

export interface PreparedCall {
  readonly params: Uint8Array;
  readonly contextBytes: Uint8Array;
  /** Undefined: the callee's default. Infinity: none. */
  readonly timeoutMs: number | undefined;
}

const maxU64 = 2n ** 64n - 1n;

/** @throws SpliceError 1001 for params that cannot be carried, 1000 for options that make no sense. */
export function prepareCall(
  functionName: string,
  params: unknown,
  options: CallOptions | undefined,
): PreparedCall {
  checkShape(functionName, options);
  return {
    params: paramsBytes(functionName, params),
    contextBytes: options === undefined ? emptyContextBytes : contextBytes(functionName, options),
    timeoutMs: timeoutOf(functionName, options?.timeoutMs),
  };
}

/** Whoever calls from JavaScript has no compiler to tell what is no option, and must hear it before anything is sent. */
function checkShape(functionName: string, options: unknown): void {
  if (options === undefined) return;
  if (!isObject(options))
    throw invalid(functionName, `The options of a call must be an object, not ${shown(options)}.`);
  const { signal, headers, auth, retry, input } = options;
  if (retry !== undefined && !(isObject(retry) && isCount(retry["attempts"]))) {
    throw invalid(functionName, "The option retry must be { attempts }, a whole number of 0 or more.");
  }
  if (retry !== undefined && input !== undefined) {
    throw invalid(functionName, "The option retry does not go with input, which can be read only once.");
  }
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw invalid(functionName, `The option signal must be an AbortSignal, not ${shown(signal)}.`);
  }
  if (headers !== undefined && !isObject(headers)) throw noHeaders(functionName);
  if (auth !== undefined && !isObject(auth)) {
    throw invalid(functionName, `The option auth must be { userId, roles }, not ${shown(auth)}.`);
  }
}

/** By shape: signals of other realms and of polyfills are as good as the platform's own. */
function isAbortSignal(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { aborted, addEventListener, removeEventListener } = value;
  return (
    typeof aborted === "boolean" &&
    typeof addEventListener === "function" &&
    typeof removeEventListener === "function"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function shown(value: unknown): string {
  return isObject(value) ? "another object" : String(value);
}

function paramsBytes(functionName: string, params: unknown): Uint8Array {
  try {
    return encodeParams(params);
  } catch (error) {
    if (!isValueError(error)) throw error;
    const details = { issues: [{ path: error.path, message: error.problem }] };
    throw new SpliceError({ code: 1001, message: error.message, functionName, details });
  }
}

function timeoutOf(functionName: string, timeoutMs: unknown): number | undefined {
  if (timeoutMs === undefined) return undefined;
  if (typeof timeoutMs === "number" && !Number.isNaN(timeoutMs)) return timeoutMs;
  throw invalid(
    functionName,
    `The option timeoutMs is ${describeValue(timeoutMs)}, but must be a number of milliseconds.`,
  );
}

function contextBytes(functionName: string, options: CallOptions): Uint8Array {
  const { headers, auth, traceId, spanId, input } = options;
  if (headers === undefined && auth === undefined && traceId === undefined && spanId === undefined) {
    if (input === undefined) return emptyContextBytes;
  }
  const pairs = headers === undefined ? [] : headerPairs(functionName, headers);
  return encodeContext({
    traceId: idOf(functionName, "traceId", traceId),
    spanId: idOf(functionName, "spanId", spanId),
    headers: input === undefined ? pairs : [...pairs, inputHeaderPair],
    auth: auth === undefined ? null : authOf(functionName, auth),
  });
}

function idOf(functionName: string, name: string, id: unknown): U64 {
  if (id === undefined) return 0;
  if (typeof id === "bigint" && id >= 0n && id <= maxU64) return id;
  if (typeof id === "number" && Number.isSafeInteger(id) && id >= 0) return id;
  throw invalid(
    functionName,
    `The option ${name} is ${describeValue(id)}, but must be an integer from 0 to 2^64-1.`,
  );
}

function headerPairs(functionName: string, headers: NonNullable<CallOptions["headers"]>): [string, string][] {
  const pairs = listed(functionName, headers);
  return pairs.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw noHeaders(functionName);
    }
    const name = textOf(functionName, "a header's name", pair[0]);
    if (isInputHeader(name)) throw invalid(functionName, `The header ${name} is the runtime's own.`);
    return [name, textOf(functionName, "a header's value", pair[1])];
  });
}

function listed(functionName: string, headers: NonNullable<CallOptions["headers"]>): readonly unknown[] {
  try {
    return Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  } catch {
    throw noHeaders(functionName);
  }
}

function authOf(
  functionName: string,
  auth: NonNullable<CallOptions["auth"]>,
): { userId: string; roles: string[] } {
  const roles: unknown = auth.roles ?? [];
  if (!Array.isArray(roles)) throw invalid(functionName, "The option auth.roles must be a list of texts.");
  return {
    userId: textOf(functionName, "auth.userId", auth.userId),
    roles: roles.map((role: unknown) => textOf(functionName, "each of auth.roles", role)),
  };
}

function textOf(functionName: string, what: string, value: unknown): string {
  if (typeof value === "string" && isWellFormed(value)) return value;
  throw invalid(functionName, `In the call's options ${what} must be text, but is ${typeof value}.`);
}

function noHeaders(functionName: string): SpliceError {
  return invalid(
    functionName,
    "The option headers must be a record, a list of [name, value] pairs or Headers.",
  );
}

function invalid(functionName: string, message: string): SpliceError {
  return new SpliceError({ code: 1000, message, functionName });
}
