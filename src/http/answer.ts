// What is answered, before it is a Response or written to a ServerResponse; and how a failure is answered. Pure.

import { toJson } from "../contract/json.js";
import { isSpliceError, publicError, SpliceError } from "../errors.js";
import { retryAfterSeconds, statusOf } from "./status.js";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ReadableStream<Uint8Array> | null;
}

/** A request that makes no call. Its status is HTTP's own matter; the code in its body is of the table all the same. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly status: number,
    readonly error: SpliceError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.message);
  }
}

export function refuse(status: number, message: string, headers?: Readonly<Record<string, string>>): Refusal {
  return new Refusal(status, new SpliceError({ code: 1000, message }), headers);
}

const jsonHeaders = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

export function valueAnswer(value: unknown): Answer {
  const body = toJson(value);
  if (body === undefined) return { status: 204, headers: { "cache-control": "no-store" }, body: null };
  return { status: 200, headers: jsonHeaders, body };
}

export function errorAnswer(thrown: unknown, isAnonymous: boolean): Answer {
  if (thrown instanceof Refusal) return answerOf(thrown.error, thrown.status, thrown.headers);
  const error = asSpliceError(thrown);
  const status = statusOf(error, isAnonymous);
  const seconds = retryAfterSeconds(error);
  return answerOf(error, status, {
    ...(seconds === null ? {} : { "retry-after": String(seconds) }),
    // A 401 has to name a way to say who one is. The scheme is the server's own; this one makes no browser ask.
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
  });
}

/** The text of `{"error": …}`, the same wherever a failure is told. */
export function errorText(thrown: unknown): string {
  return String(toJson({ error: publicError(asSpliceError(thrown)) }));
}

/** What is no SpliceError is a fault of ours, or of an option; its words are nobody's outside. */
function asSpliceError(thrown: unknown): SpliceError {
  if (isSpliceError(thrown)) return thrown;
  const message = "The request could not be handled: the server failed in a way that it does not know.";
  return new SpliceError({ code: 3000, message, cause: thrown });
}

function answerOf(error: SpliceError, status: number, headers: Readonly<Record<string, string>>): Answer {
  return { status, headers: { ...jsonHeaders, ...headers }, body: errorText(error) };
}
