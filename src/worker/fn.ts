// `fn`: a function together with the schemas of its parameters and result. Attaches them; checking is the
// runtime's business (checked-call.ts).

import type { Context } from "../contract/context-type.js";
import {
  isStandardSchema,
  type SchemaInput,
  type SchemaOutput,
  type StandardSchema,
} from "../contract/standard-schema.js";

const definitionKey = Symbol.for("splice.fn");

export interface FnOptions<Params extends StandardSchema | undefined, Returns extends StandardSchema> {
  /**
   * Checks, and may transform, what the caller sent. A misfit ends the call with 1001 before the handler runs. Listed
   * in the exports as JSON Schema where the library can say it so (Standard JSON Schema), and so is `returns`.
   */
  readonly params?: Params;
  /**
   * Checks, and may transform, what the handler returned, or each item of a streaming one. A misfit ends the call with
   * 2000, InvalidResult.
   */
  readonly returns?: Returns;
  /**
   * The handler returns an AsyncIterable or a ReadableStream, and callers read its items with `stream()`. Default false;
   * an async generator function is one without it.
   */
  readonly stream?: boolean;
}

/** What a streaming handler may return. */
export type ItemsOf<Item> = AsyncIterable<Item> | ReadableStream<Item>;

/** Without a schema any result will do, and parameters are whatever object the handler says it takes. */
export type AnyResult = StandardSchema;

/** What `fn` attaches to the function it returns. */
export interface FnDefinition {
  readonly params: StandardSchema | undefined;
  readonly returns: StandardSchema | undefined;
  readonly stream: boolean;
  readonly handler: (params: unknown, context: Context) => unknown;
}

/**
 * Declares a function with schemas of any Standard Schema library. The types of the handler's parameters and
 * result follow from them. Calling the returned function directly, as a unit test may, runs the handler alone,
 * without the checks. Throws TypeError for options that are no schemas and a handler that is no function.
 */
export function fn<
  Params extends StandardSchema,
  Returns extends StandardSchema = AnyResult,
  Result extends ItemsOf<SchemaInput<Returns>> | PromiseLike<ItemsOf<SchemaInput<Returns>>> = ItemsOf<
    SchemaInput<Returns>
  >,
>(
  options: FnOptions<Params, Returns> & { readonly params: Params; readonly stream: true },
  handler: (params: SchemaOutput<Params>, context: Context) => Result,
): (params: SchemaOutput<Params>, context: Context) => Result;
export function fn<
  Params = Record<string, unknown>,
  Returns extends StandardSchema = AnyResult,
  Result extends ItemsOf<SchemaInput<Returns>> | PromiseLike<ItemsOf<SchemaInput<Returns>>> = ItemsOf<
    SchemaInput<Returns>
  >,
>(
  options: FnOptions<undefined, Returns> & { readonly stream: true },
  handler: (params: Params, context: Context) => Result,
): (params: Params, context: Context) => Result;
export function fn<
  Params extends StandardSchema,
  Returns extends StandardSchema = AnyResult,
  Result extends SchemaInput<Returns> | PromiseLike<SchemaInput<Returns>> = SchemaInput<Returns>,
>(
  options: FnOptions<Params, Returns> & { readonly params: Params; readonly stream?: false },
  handler: (params: SchemaOutput<Params>, context: Context) => Result,
): (params: SchemaOutput<Params>, context: Context) => Result;
export function fn<
  Params = Record<string, unknown>,
  Returns extends StandardSchema = AnyResult,
  Result extends SchemaInput<Returns> | PromiseLike<SchemaInput<Returns>> = SchemaInput<Returns>,
>(
  options: FnOptions<undefined, Returns> & { readonly stream?: false },
  handler: (params: Params, context: Context) => Result,
): (params: Params, context: Context) => Result;
export function fn(
  options: FnOptions<StandardSchema | undefined, StandardSchema>,
  handler: (params: unknown, context: Context) => unknown,
): (params: unknown, context: Context) => unknown {
  requireSchema("params", options.params);
  requireSchema("returns", options.returns);
  if (typeof handler !== "function") {
    throw new TypeError(
      `fn was given ${typeof handler} as its second argument, but needs the function to run.`,
    );
  }
  const { params, returns, stream = false } = options;
  if (typeof stream !== "boolean") {
    throw new TypeError(`fn was given a \`stream\` that is ${typeof stream}; it must be true or false.`);
  }
  const definition: FnDefinition = { params, returns, stream, handler };
  // A function of its own, since one handler may be declared twice with different schemas.
  const declared = (params: unknown, context: Context): unknown => handler(params, context);
  return Object.defineProperty(declared, definitionKey, { value: definition });
}

/** What `fn` attached, also by another copy of this package; undefined for a plain function. */
export function definitionOf(value: object): FnDefinition | undefined {
  return (value as { readonly [definitionKey]?: FnDefinition })[definitionKey];
}

function requireSchema(option: string, schema: unknown): void {
  if (schema === undefined || isStandardSchema(schema)) return;
  throw new TypeError(
    `fn was given a \`${option}\` that is no schema. Use one of a library that implements Standard Schema ` +
      "(such as zod 3.24, valibot 1 or arktype 2), or leave it out.",
  );
}
