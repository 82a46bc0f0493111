// How a call ends when it does not end with a result: the code, kind, message and details of each case. Pure but
// for reading what was thrown; sends nothing.

import { types } from "node:util";
import type { ErrorKind } from "../errors.js";
import { describeUnknownFunction } from "../contract/near-names.js";
import { encodeValue, isValueError } from "../protocol/values.js";
import type { MisfitError } from "./checked-call.js";
import { jsonText } from "./json-text.js";

export interface Failure {
  readonly code: number;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly details: Uint8Array | null;
}

export function notFound(functionName: string, known: Iterable<string>): Failure {
  const { message, suggestions } = describeUnknownFunction(functionName, known);
  return { code: 1002, kind: "User", message, details: encodeValue({ suggestions }) };
}

export function invalidRequest(message: string): Failure {
  return { code: 1000, kind: "System", message, details: null };
}

export function draining(functionName: string): Failure {
  const message = `${functionName} was not started, since this worker is shutting down.`;
  return { code: 3001, kind: "System", message, details: encodeValue({ reason: "draining" }) };
}

export function cancelled(functionName: string): Failure {
  return {
    code: 2002,
    kind: "Cancelled",
    message: `The call of ${functionName} was cancelled.`,
    details: null,
  };
}

/** Params that are no document, or whose document is neither a map nor nil. */
export function unreadableParams(path: string, message: string): Failure {
  return { code: 1001, kind: "User", message, details: encodeValue({ issues: [{ path, message }] }) };
}

export function misfit(error: MisfitError): Failure {
  const issues = error.issues.map(({ path, message }) => ({
    path: wellFormed(path),
    message: wellFormed(message),
  }));
  if (error.subject === "params") {
    return { code: 1001, kind: "User", message: error.message, details: encodeValue({ issues }) };
  }
  const details = encodeValue({ name: "InvalidResult", message: wellFormed(error.message), issues });
  return { code: 2000, kind: "System", message: error.message, details };
}

export function unserialisableResult(error: unknown): Failure {
  const path = isValueError(error) ? error.path : "result";
  const message = `The result cannot be sent: ${describeThrown(error).message}`;
  const details = encodeValue({
    name: "UnserialisableResult",
    message: wellFormed(message),
    path: wellFormed(path),
  });
  return { code: 2000, kind: "System", message, details };
}

export function answerTooLarge(what: "result" | "error", bytes: number, limit: number): Failure {
  const message = `The ${what} has ${String(bytes)} bytes, but a frame of this link holds ${String(limit)} at most.`;
  const details = encodeValue({ name: "ResultTooLarge", message, bytes, limit });
  return { code: 2000, kind: "System", message, details };
}

/** What the function threw: its message unchanged, its `data` when that can be carried, its stack if asked for. */
export function thrownByFunction(thrown: unknown, withStack: boolean): Failure {
  const { name, message, data, stack } = describeThrown(thrown);
  const said = { name: wellFormed(name), message: wellFormed(message), stack: withStack ? stack : undefined };
  let details: Uint8Array;
  try {
    details = encodeValue({ ...said, data });
  } catch {
    details = encodeValue(said);
  }
  return { code: 2000, kind: "User", message, details };
}

interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly data?: unknown;
  readonly stack?: string | undefined;
}

function describeThrown(thrown: unknown): Thrown {
  try {
    if (thrown instanceof Error || types.isNativeError(thrown)) {
      const data = "data" in thrown ? thrown.data : undefined;
      return { name: thrown.name, message: thrown.message, data, stack: wellFormed(String(thrown.stack)) };
    }
    if (typeof thrown === "string") return { name: "NonError", message: thrown };
    return {
      name: "NonError",
      message: typeof thrown === "bigint" ? String(thrown) : (jsonText(thrown) ?? String(thrown)),
      data: thrown,
    };
  } catch {
    return { name: "NonError", message: "The function threw a value that cannot be shown." };
  }
}

/** Details are a value, and values refuse lone surrogates; a message may hold them all the same. */
function wellFormed(text: unknown): string {
  return String(text).replace(/\p{Surrogate}/gu, "\uFFFD");
}
