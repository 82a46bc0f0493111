// The JSON Schema of a schema as JSON text, which its own library makes (Standard JSON Schema). Runs code that is not
// ours and believes nothing of what comes back. Knows no exports and no link.

import type { JsonSchemaOptions, StandardSchema } from "../contract/standard-schema.js";
import { isThenable } from "./checked-call.js";
import { shownText } from "./json-text.js";

/** The JSON Schema that anything fits: what is listed where there is no better one. */
export const anyJsonSchema = "{}";

/** The most bytes of one JSON Schema: far beyond what people write, and what a mistake in generated ones exceeds. */
export const maxJsonSchemaBytes = 64 * 1024;

export type JsonSchemaSide = "input" | "output";

/** A sentence says why there is none; undefined where the schema's library does not offer any. */
export type JsonSchemaText = { readonly text: string } | { readonly reason: string | undefined };

/** Never throws, whatever the schema does. */
export function jsonSchemaOf(schema: StandardSchema, side: JsonSchemaSide): JsonSchemaText {
  try {
    const { jsonSchema, vendor } = schema["~standard"];
    if (jsonSchema === undefined) return { reason: undefined };
    const document: unknown = jsonSchema[side](optionsFor(vendor));
    if (isThenable(document)) {
      // Whatever becomes of it: a rejection that nobody takes would end the process.
      Promise.resolve(document).catch(() => undefined);
      return { reason: "its library gave a promise for it." };
    }
    const text = boundedJson(document);
    // An array, a text, a number or nothing describes no value.
    if (text?.startsWith("{") !== true)
      return { reason: `its library gave ${cut(text ?? "nothing that JSON can say")} for it.` };
    return Buffer.byteLength(text) > maxJsonSchemaBytes ? { reason: tooLarge } : { text };
  } catch (thrown) {
    if (thrown === beyondBound) return { reason: tooLarge };
    return { reason: `its library could not make one: ${cut(messageOfAny(thrown))}` };
  }
}

const target = "draft-2020-12";
const plain: JsonSchemaOptions = { target };
/** zod refuses a whole schema for one Date in it, unless it is told to leave open what JSON Schema cannot say. */
const forZod: JsonSchemaOptions = { target, libraryOptions: { unrepresentable: "any" } };

function optionsFor(vendor: string): JsonSchemaOptions {
  return vendor === "zod" ? forZod : plain;
}

const tooLarge = `it has more than ${String(maxJsonSchemaBytes)} bytes.`;
const beyondBound = new Error(tooLarge);

/** Counts while it writes: a small graph of shared objects can be gigabytes as text. */
function boundedJson(document: unknown): string | undefined {
  let least = 0;
  return JSON.stringify(document, (key, value: unknown) => {
    least += key.length + (typeof value === "string" ? value.length : 1);
    if (least > maxJsonSchemaBytes) throw beyondBound;
    return value;
  });
}

function messageOfAny(thrown: unknown): string {
  try {
    return thrown instanceof Error ? shownText(thrown.message) : shownText(thrown);
  } catch {
    return shownText(undefined);
  }
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
