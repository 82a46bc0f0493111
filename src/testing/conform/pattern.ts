// Whether a value is what a scenario expects, and where it is not. Pure; the placeholders are described in
// spec/scenarios/README.md.

import { decodeValue } from "../../protocol/values.js";
import type { Json, JsonMap } from "./scenario.js";
import { shownValue } from "./shown.js";
import { numberOf, placeholderOf, textOf, valueOf, type Variables } from "./values.js";

/**
 * The first difference as "path: expected this, came that"; undefined when there is none. What the pattern saves is
 * put into `saved`.
 */
export function mismatch(
  pattern: Json,
  value: unknown,
  path: string,
  variables: Variables,
  saved: Map<string, unknown>,
): string | undefined {
  const differs = (expected: string): string => `${path}: expected ${expected}, came ${shownValue(value)}`;
  const inner = (json: Json, item: unknown, at: string): string | undefined =>
    mismatch(json, item, at, variables, saved);
  if (Array.isArray(pattern)) {
    const items = pattern as readonly Json[];
    if (!Array.isArray(value) || value.length !== items.length)
      return differs(`an array of ${String(items.length)}`);
    return firstOf(items.map((item, at) => () => inner(item, value[at], `${path}[${String(at)}]`)));
  }
  if (typeof pattern !== "object" || pattern === null)
    return isSame(pattern, value) ? undefined : differs(shownValue(pattern));
  const map = pattern as JsonMap;
  const placeholder = placeholderOf(map);
  const given = placeholder === undefined ? null : (map[placeholder] ?? null);
  switch (placeholder) {
    case undefined:
      return exactly(map, value, path, inner, differs);
    case "$any":
      return undefined;
    case "$has":
      return has(given as JsonMap, value, path, inner, differs);
    case "$contains": {
      const isThere = (json: Json): boolean =>
        Array.isArray(value) && value.some((item) => inner(json, item, path) === undefined);
      const missing = (given as readonly Json[]).find((json) => !isThere(json));
      return missing === undefined ? undefined : differs(`an array with ${JSON.stringify(missing)} in it`);
    }
    case "$each":
      return Array.isArray(value)
        ? firstOf(value.map((item, at) => () => inner(given, item, `${path}[${String(at)}]`)))
        : differs("an array");
    case "$range": {
      const [low, high] = (given as readonly Json[]).map((end) =>
        end === null ? Infinity : numberOf(end, variables),
      );
      const isIn = isNumber(value) && value >= (low ?? 0) && value <= (high ?? Infinity);
      return isIn ? undefined : differs(`${String(low)} to ${String(high)}`);
    }
    case "$text":
      return typeof value === "string" && new RegExp(textOf(given)).test(value)
        ? undefined
        : differs(`a text like /${textOf(given)}/`);
    case "$length":
      return lengthOf(value) === given ? undefined : differs(`a length of ${JSON.stringify(given)}`);
    case "$oneOf":
      return (given as readonly Json[]).some((json) => inner(json, value, path) === undefined)
        ? undefined
        : differs(`one of ${JSON.stringify(given)}`);
    case "$save": {
      const found = "is" in map ? inner(map["is"] ?? null, value, path) : undefined;
      if (found === undefined) saved.set(textOf(given), value);
      return found;
    }
    case "$pack":
      return packed(given, value, path, inner, differs);
    default:
      return isSame(valueOf(map, variables), value)
        ? undefined
        : differs(shownValue(valueOf(map, variables)));
  }
}

type Inner = (json: Json, item: unknown, at: string) => string | undefined;
type Differs = (expected: string) => string;

function packed(
  json: Json,
  value: unknown,
  path: string,
  inner: Inner,
  differs: Differs,
): string | undefined {
  if (!(value instanceof Uint8Array)) return differs("bytes that hold a document");
  try {
    return inner(json, decodeValue(value), path);
  } catch {
    return differs("bytes that hold one MessagePack document");
  }
}

function exactly(
  map: JsonMap,
  value: unknown,
  path: string,
  inner: Inner,
  differs: Differs,
): string | undefined {
  if (!isMap(value)) return differs("a map");
  const extra = Object.keys(value).find((name) => !(name in map));
  if (extra !== undefined) return differs(`a map without ${extra}`);
  return has(map, value, path, inner, differs);
}

function has(map: JsonMap, value: unknown, path: string, inner: Inner, differs: Differs): string | undefined {
  if (!isMap(value)) return differs("a map");
  return firstOf(
    Object.entries(map).map(
      ([name, json]) =>
        () =>
          inner(json, value[name], path === "" ? name : `${path}.${name}`),
    ),
  );
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}

function isSame(expected: unknown, value: unknown): boolean {
  if (expected instanceof Uint8Array)
    return value instanceof Uint8Array && Buffer.compare(expected, value) === 0;
  // A u64 is a number or a bigint, whichever it fits into.
  if (isNumber(expected) && isNumber(value)) return expected === value || String(expected) === String(value);
  return expected === value;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return value instanceof Uint8Array ? value.length : undefined;
}
