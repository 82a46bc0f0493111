// The checks that single values must pass, one function for each kind of value. Each names the path of what it
// refuses with a ConfigError; none knows which keys there are. An absent value becomes the fallback.

import { nearNames } from "../contract/near-names.js";
import { ConfigError } from "../errors.js";

export type Fields = Readonly<Record<string, unknown>>;

/** Plain in every realm: a configuration file may have been evaluated in another one. */
function isPlainObject(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

export function fields(path: string, value: unknown): Fields {
  if (value === undefined) return {};
  if (!isPlainObject(value)) throw new ConfigError(path, value, "a plain object");
  return value;
}

export function knownFields(path: string, value: unknown, known: readonly string[]): Fields {
  const found = fields(path === "" ? "(whole)" : path, value);
  for (const key of Object.keys(found)) {
    if (known.includes(key)) continue;
    const near = nearNames(key, known).map((name) => JSON.stringify(name));
    const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `the keys are ${known.join(", ")}`;
    throw new ConfigError(join(path, key), found[key], `left out: there is no such key (${hint})`);
  }
  return found;
}

export function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

export function integer(
  path: string,
  value: unknown,
  fallback: number,
  lowest: number,
  highest: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= lowest && value <= highest)
    return value;
  throw new ConfigError(path, value, `a whole number from ${String(lowest)} to ${String(highest)}`);
}

export function ratio(path: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new ConfigError(path, value, "a number from 0 to 1");
}

/** A time that must pass: with 0 nothing could ever happen within it. */
export function timeoutMs(path: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new ConfigError(path, value, "a number of milliseconds above 0");
}

export function timeoutOrInfinityMs(path: string, value: unknown, fallback: number): number {
  if (value === Infinity) return Infinity;
  if (value === undefined || Number.isFinite(value)) return timeoutMs(path, value, fallback);
  throw new ConfigError(path, value, "a number of milliseconds above 0, or Infinity");
}

/** A time that may be nothing. */
export function waitMs(path: string, value: unknown, fallback: number): number {
  return value === undefined ? fallback : presentWaitMs(path, value);
}

function presentWaitMs(path: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new ConfigError(path, value, "a number of milliseconds, 0 or more");
}

export function waitsMs(path: string, value: unknown, fallback: readonly number[]): readonly number[] {
  if (value === undefined) return fallback;
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigError(path, value, "a list of at least one number of milliseconds");
  }
  // Array.from, since map would leave holes unchecked.
  return Array.from(value, (entry: unknown, index) => presentWaitMs(at(path, index), entry));
}

function at(path: string, index: number): string {
  return `${path}[${String(index)}]`;
}

export function flag(path: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw new ConfigError(path, value, "true or false");
}

export function oneOf<Value extends string>(
  path: string,
  value: unknown,
  values: readonly Value[],
  fallback: Value,
): Value {
  if (value === undefined) return fallback;
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  const quoted = values.map((each) => JSON.stringify(each));
  throw new ConfigError(path, value, `${quoted.slice(0, -1).join(", ")} or ${String(quoted.at(-1))}`);
}

/** A limit that there need not be: Infinity where none is written. */
export function optionalLimit(path: string, value: unknown): number {
  if (value === undefined || value === Infinity) return Infinity;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw new ConfigError(path, value, "a whole number from 1 on");
}

/** Text that can be handed to the operating system, which ends every string at a NUL. */
export function text(path: string, value: unknown, expected = "a text without NUL characters"): string {
  if (typeof value === "string" && !value.includes("\0")) return value;
  throw new ConfigError(path, value, expected);
}

export function nonEmptyText(path: string, value: unknown, expected: string): string {
  if (value === "") throw new ConfigError(path, value, expected);
  return text(path, value, expected);
}

export function texts(path: string, value: unknown, expected: string): readonly string[] {
  if (!Array.isArray(value)) throw new ConfigError(path, value, expected);
  return Array.from(value, (entry: unknown, index) => text(at(path, index), entry));
}
