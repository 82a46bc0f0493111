// Messages and values as one line for people: bytes that hold a document are shown as that document. Pure.

import type { Message } from "../../protocol/messages.js";
import { decodeValue } from "../../protocol/values.js";
import { fieldsOf } from "./fields.js";
import type { Json, MessagePattern } from "./scenario.js";
import { valueOf, type Variables } from "./values.js";

/** The longest text that one value is shown with. */
const maxChars = 200;

export function shownMessage(message: Message): string {
  const fields = Object.entries(fieldsOf(message)).map(
    ([name, value]) => `${name}=${shownField(name, value)}`,
  );
  return [message.type, ...fields].join(" ");
}

/** Variables are shown as what they stand for. */
export function shownPattern({ types, fields }: MessagePattern, variables: Variables): string {
  const parts = Object.entries(fields).map(
    ([name, json]) => `${name}=${shownValue(withValues(json, variables))}`,
  );
  return [types.join(" or "), ...parts].join(" ");
}

export function shownValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Uint8Array) return shownBytes(value);
  return cut(
    JSON.stringify(value, (_, item: unknown) => {
      if (typeof item === "bigint") return String(item);
      return item instanceof Uint8Array ? shownBytes(item) : item;
    }),
  );
}

function withValues(json: Json, variables: Variables): unknown {
  if (Array.isArray(json)) return json.map((item: Json) => withValues(item, variables));
  if (typeof json !== "object" || json === null) return json;
  if ("$var" in json) return valueOf(json, variables);
  return Object.fromEntries(Object.entries(json).map(([name, item]) => [name, withValues(item, variables)]));
}

const documents: ReadonlySet<string> = new Set(["params", "result", "details", "data"]);

function shownField(name: string, value: unknown): string {
  if (!documents.has(name) || !(value instanceof Uint8Array)) return shownValue(value);
  if (value.length === 0) return "(empty)";
  if (value.length > 4 * maxChars) return shownBytes(value);
  try {
    return shownValue(decodeValue(value));
  } catch {
    return shownBytes(value);
  }
}

function shownBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, 24)).toString("hex");
  return `<${String(bytes.length)} bytes ${hex}${bytes.length > 24 ? "…" : ""}>`;
}

function cut(text: string): string {
  return text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
}
