// One function run with its schemas: check the parameters, call, check the result. Synchronous as long as function
// and schemas are, since a promise per call would cost more than the call. Knows neither wire nor link.

import type { Context } from "../contract/context-type.js";
import type { StandardResult, StandardSchema } from "../contract/standard-schema.js";
import { pathOf } from "../protocol/value-error.js";
import { shownText } from "./json-text.js";
import type { RegisteredFunction } from "./registry.js";

export interface Misfit {
  /** "params.user.tags[2]" */
  readonly path: string;
  readonly message: string;
}

/** A value does not fit the schema that its function declares. */
export class MisfitError extends Error {
  override readonly name = "MisfitError";
  readonly #isMisfit = true;
  readonly subject: "params" | "result";
  readonly issues: readonly Misfit[];

  /** Safe for anything that a function throws: unlike instanceof it runs no code of a proxy. */
  static is(thrown: unknown): thrown is MisfitError {
    return typeof thrown === "object" && thrown !== null && #isMisfit in thrown;
  }

  constructor(subject: "params" | "result", issues: readonly Misfit[]) {
    const [first, ...others] = issues;
    const more = others.length === 0 ? "" : ` (and ${String(others.length)} more)`;
    super(first === undefined ? `${subject} do not fit.` : `${first.path}: ${first.message}${more}`);
    this.subject = subject;
    this.issues = issues;
  }
}

/** A schema that threw, rejected, or answered with what no outcome of a check is. */
export class SchemaFault extends Error {
  override readonly name = "SchemaFault";
  readonly #isSchemaFault = true;
  readonly subject: "params" | "result";
  readonly thrown: unknown;

  static is(thrown: unknown): thrown is SchemaFault {
    return typeof thrown === "object" && thrown !== null && #isSchemaFault in thrown;
  }

  constructor(subject: "params" | "result", thrown: unknown) {
    super(`The schema of the ${subject} failed itself.`);
    this.subject = subject;
    this.thrown = thrown;
  }
}

/**
 * The result, or a promise of it. Throws, or rejects with, MisfitError, SchemaFault and whatever the function throws. A function
 * whose call was cancelled while its parameters were being checked is not started.
 */
export function runChecked(entry: RegisteredFunction, params: unknown, context: Context): unknown {
  if (entry.params === undefined) return runHandler(entry, params, context);
  const checked = check(entry.params, "params", params);
  if (!isThenable(checked)) return runHandler(entry, checked, context);
  return checked.then((value) => (context.isCancelled ? undefined : runHandler(entry, value, context)));
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    "then" in value &&
    typeof value.then === "function"
  );
}

function runHandler(entry: RegisteredFunction, params: unknown, context: Context): unknown {
  const { handler, returns, metadata } = entry;
  const result = handler(params, context);
  // Of a streaming function it is the items that `returns` describes, see checkItem.
  if (returns === undefined || metadata.isStreaming) return result;
  return isThenable(result)
    ? result.then((value) => check(returns, "result", value))
    : check(returns, "result", result);
}

/** One item of a streaming function, or a promise of it; throws, or rejects with, MisfitError or SchemaFault. */
export function checkItem({ returns }: RegisteredFunction, item: unknown): unknown {
  return returns === undefined ? item : check(returns, "result", item);
}

function check(schema: StandardSchema, subject: "params" | "result", value: unknown): unknown {
  const faultOf = (thrown: unknown): Error =>
    MisfitError.is(thrown) ? thrown : new SchemaFault(subject, thrown);
  try {
    const outcome = schema["~standard"].validate(value);
    if (!isThenable(outcome)) return valueOf(outcome, subject);
    return Promise.resolve(outcome)
      .then((settled) => valueOf(settled, subject))
      .catch((thrown: unknown) => {
        throw faultOf(thrown);
      });
  } catch (thrown) {
    throw faultOf(thrown);
  }
}

function valueOf(outcome: StandardResult<unknown>, subject: "params" | "result"): unknown {
  if (outcome.issues === undefined) return outcome.value;
  throw new MisfitError(
    subject,
    outcome.issues.map(({ path = [], message }) => ({
      path: pathOf(subject, path.map(stepOf)),
      // Whatever a schema of no library calls a message is text from here on.
      message: shownText(message),
    })),
  );
}

function stepOf(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? key : String(key);
}
