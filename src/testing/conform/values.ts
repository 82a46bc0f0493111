// What a scenario's JSON stands for: bytes, documents, large integers and variables. Pure.

import { encodeValue } from "../../protocol/values.js";
import type { HexPart, Json, JsonMap } from "./scenario.js";

/** Values that a scenario has saved, by name. */
export type Variables = ReadonlyMap<string, unknown>;

/** A value to be sent, or to be compared with. Throws for a placeholder that stands for no single value. */
export function valueOf(json: Json, variables: Variables): unknown {
  if (Array.isArray(json)) return json.map((item: Json) => valueOf(item, variables));
  if (typeof json !== "object" || json === null) return json;
  const map = json as JsonMap;
  const placeholder = placeholderOf(map);
  const given = placeholder === undefined ? null : (map[placeholder] ?? null);
  switch (placeholder) {
    case undefined:
      return Object.fromEntries(Object.entries(map).map(([name, item]) => [name, valueOf(item, variables)]));
    case "$pack":
      return encodeValue(valueOf(given, variables));
    case "$bin":
      return new Uint8Array(bytesOf(typeof given === "string" ? [given] : (given as readonly HexPart[])));
    case "$fill":
      return new Uint8Array(Number(given));
    case "$u64":
      return BigInt(textOf(given));
    case "$var":
      return variable(map, variables);
    default:
      throw new Error(`${placeholder} stands for many values, so it cannot be sent.`);
  }
}

/** The key that makes a map a placeholder, such as "$pack". */
export function placeholderOf(map: JsonMap): string | undefined {
  return Object.keys(map).find((key) => key.startsWith("$"));
}

/** A number that may be a variable. */
export function numberOf(json: Json, variables: Variables): number {
  const value = valueOf(json, variables);
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new Error(`${JSON.stringify(json)} is no number.`);
}

export function textOf(json: Json): string {
  if (typeof json === "string") return json;
  throw new Error(`${JSON.stringify(json)} is no text.`);
}

export function bytesOf(parts: readonly HexPart[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === "string") return Buffer.from(part.replaceAll(" ", ""), "hex");
      const once = Buffer.from(part.hex.replaceAll(" ", ""), "hex");
      return Buffer.alloc(once.length * part.times, once);
    }),
  );
}

function variable(map: JsonMap, variables: Variables): unknown {
  const { $var: name, plus = 0 } = map;
  const value = variables.get(textOf(name ?? null));
  if (value === undefined)
    throw new Error(`The scenario uses ${textOf(name ?? null)} before it has a value.`);
  if (plus === 0) return value;
  return typeof value === "bigint" ? value + BigInt(Number(plus)) : Number(value) + Number(plus);
}
