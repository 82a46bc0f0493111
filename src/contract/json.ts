// Values as JSON, with a form for what JSON lacks: what the command line prints and reads, and what goes over HTTP. Pure
// but for a random marker.

import { randomUUID } from "node:crypto";

/** One line of JSON; undefined is no text at all. bigint as digits, Date as ISO text, bytes as {"$bytes": base64}. */
export function toJson(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return JSON.stringify(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Date) return JSON.stringify(value);
  if (value instanceof Uint8Array)
    return `{"$bytes":${JSON.stringify(Buffer.from(value).toString("base64"))}}`;
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item) ?? "null").join(",")}]`;
  if (typeof value !== "object") return undefined;
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const text = toJson(item);
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
  });
  return `{${entries.join(",")}}`;
}

/** Where so many digits are not together, no integer is beyond 2^53. */
const manyDigits = /\d{16}/;
/** In valid JSON: a text as a whole, so that digits in it are passed over; or a number. */
const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const integer = /^-?\d+$/;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * What `toJson` wrote, as far as it can be told from the text: integers beyond 2^53 are bigints, {"$bytes": base64} is a
 * Uint8Array. A Date stays the text it has become.
 *
 * @throws SyntaxError, its message a part of a sentence.
 */
export function fromJson(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  const hasBigints = manyDigits.test(text);
  if (!hasBigints) return /bytes|\\u/.test(text) ? JSON.parse(text, (_, value) => bytesOf(value)) : plain;
  // Random, so that no text can be made to look like a number.
  const marker = `${randomUUID()}:`;
  const marked = text.replace(textOrNumber, (token) =>
    integer.test(token) && !Number.isSafeInteger(Number(token)) ? `"${marker}${token}"` : token,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(marker)
      ? BigInt(value.slice(marker.length))
      : bytesOf(value),
  );
}

function bytesOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "$bytes")) return value;
  const { $bytes, ...others } = value as Record<string, unknown>;
  if (typeof $bytes === "string" && isBase64($bytes) && Object.keys(others).length === 0) {
    return new Uint8Array(Buffer.from($bytes, "base64"));
  }
  throw new SyntaxError('what has "$bytes" must be {"$bytes": base64}, and nothing besides');
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && base64.test(text);
}
