// The part of Standard Schema v1 and of Standard JSON Schema v1 that is used here, declared anew so that no schema
// library is needed: zod, valibot, arktype and others all fit it. Types and their guard; validates nothing itself.

export interface StandardIssue {
  readonly message: string;
  /** Keys from the root to the misfit, plain or wrapped as { key }. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** What a schema is asked for as JSON Schema. */
export interface JsonSchemaOptions {
  readonly target: "draft-2020-12";
  /** Understood by the library that made the schema alone. */
  readonly libraryOptions?: Record<string, unknown> | undefined;
}

/** A schema of any library that implements Standard Schema v1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** Standard JSON Schema v1: the JSON Schemas of what it takes and of what it gives. Either may throw. */
    readonly jsonSchema?:
      | {
          readonly input: (options: JsonSchemaOptions) => Record<string, unknown>;
          readonly output: (options: JsonSchemaOptions) => Record<string, unknown>;
        }
      | undefined;
  };
}

/** What a schema takes before its transforms. */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["input"];

/** What a schema gives after its transforms. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["output"];

export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  if (!("~standard" in value)) return false;
  const standard = value["~standard"];
  return (
    typeof standard === "object" &&
    standard !== null &&
    "validate" in standard &&
    typeof standard.validate === "function"
  );
}
