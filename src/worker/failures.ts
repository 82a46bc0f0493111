// How a call ends when it does not end with a result: the code, kind, message and details of each case. Pure but
// for reading what was thrown; sends nothing.

import { types } from "node:util";
import { type ErrorKind, errorTable, isErrorCode } from "../errors.js";
import { describeUnknownFunction } from "../contract/near-names.js";
import { encodeValue, isValueError, type ValueError } from "../protocol/values.js";
import type { Misfit, MisfitError, SchemaFault } from "./checked-call.js";
import { shownText, unshown } from "./json-text.js";

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
export function unreadableParams({ path, problem, message }: ValueError): Failure {
  const details = encodeValue({ issues: [{ path, message: problem }] });
  return { code: 1001, kind: "User", message, details };
}

export function misfit(error: MisfitError): Failure {
  const issues = error.issues.map(({ path, message }) => ({
    path: wellFormed(path),
    message: wellFormed(message),
  }));
  if (error.subject === "params") {
    return { code: 1001, kind: "User", message: error.message, details: detailsOrNone({ issues }) };
  }
  return invalidResult(error.message, issues);
}

/** The schema itself failed, which says nothing about the value; where it is that of the params, nothing ran. */
export function schemaFault(functionName: string, { subject, thrown }: SchemaFault): Failure {
  const { name, message } = describeThrown(thrown);
  const what = name === "NonError" ? message : `${name}: ${message}`;
  const issues = [{ path: subject, message: `the schema itself failed: ${what}` }];
  if (subject === "result") {
    const sentence = `The result was not checked: the returns schema of ${functionName} failed itself, with ${what}`;
    return invalidResult(sentence, issues);
  }
  return {
    code: 1001,
    kind: "User",
    message: `The params were not checked: the params schema of ${functionName} failed itself, so the function was not started. It threw ${what}`,
    details: detailsOrNone({ issues }),
  };
}

function invalidResult(message: string, issues: readonly Misfit[]): Failure {
  const details = detailsOrNone({ name: "InvalidResult", message: wellFormed(message), issues });
  return { code: 2000, kind: "System", message, details };
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

export function answerTooLarge(what: "result" | "item" | "error", bytes: number, limit: number): Failure {
  const message = `The ${what} has ${String(bytes)} bytes, but a frame of this link holds ${String(limit)} at most.`;
  const details = encodeValue({ name: "ResultTooLarge", message, bytes, limit });
  return { code: 2000, kind: "System", message, details };
}

/** Instead of an answer that does not fit a frame. What says that the function never ran goes on saying so. */
export function tooLarge({ code, kind, message, details }: Failure, limit: number): Failure {
  if (isErrorCode(code) && errorTable[code].notStarted) {
    const short = message.length > 1000 ? `${message.slice(0, 1000)}…` : message;
    return { code, kind, message: short, details: null };
  }
  return answerTooLarge("error", Buffer.byteLength(message) + (details?.length ?? 0), limit);
}

/** Instead of an answer that no message can be made of, which is a fault of this runtime. */
export function unencodable(functionName: string, error: unknown): Failure {
  const message = `${functionName} has ended, but its answer could not be written: ${describeThrown(error).message}`;
  return { code: 3000, kind: "System", message, details: null };
}

/** What the function threw: its message unchanged, its `data` when that can be carried, its stack if asked for. */
export function thrownByFunction(thrown: unknown, withStack: boolean): Failure {
  const { name, message, data, stack } = describeThrown(thrown);
  const said = { name, message, stack: withStack ? stack : undefined };
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

/** Whatever was thrown runs its own code when it is looked at, so each look is guarded by itself. */
function describeThrown(thrown: unknown): Thrown {
  if (!isError(thrown)) return { name: "NonError", message: wellFormed(shownThrown(thrown)), data: thrown };
  const message = property(thrown, "message");
  const name = property(thrown, "name");
  const stack = property(thrown, "stack");
  return {
    name: "value" in name ? wellFormed(shownText(name.value)) : "Error",
    message:
      "value" in message
        ? wellFormed(shownText(message.value ?? ""))
        : "The message of what the function threw cannot be read.",
    data: property(thrown, "data").value,
    stack: stack.value === undefined ? undefined : wellFormed(shownText(stack.value)),
  };
}

function isError(thrown: unknown): thrown is object {
  try {
    return thrown instanceof Error || types.isNativeError(thrown);
  } catch {
    return false;
  }
}

function shownThrown(thrown: unknown): string {
  const text = shownText(thrown);
  return text === unshown ? "The function threw a value that cannot be shown." : text;
}

/** Without `value` when reading it throws. */
function property(of: object, name: string): { readonly value?: unknown } {
  try {
    return { value: Reflect.get(of, name) as unknown };
  } catch {
    return {};
  }
}

/** What details cannot carry is left out whole: the code and the message are worth more. */
function detailsOrNone(details: unknown): Uint8Array | null {
  try {
    return encodeValue(details);
  } catch {
    return null;
  }
}

/** Details are a value, and values refuse lone surrogates; a message may hold them all the same. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\uFFFD");
}
