// Checks of what a caller wants written: integers within their width, bytes that are bytes, text that UTF-8 can
// hold. A frame is refused here, by field, before the peer would refuse the connection for it.

import { types } from "node:util";
import { ProtocolError } from "./protocol-error.js";
import type { U64 } from "./messages.js";
import { toWellFormed } from "./text.js";

const maxU64 = 0xffff_ffff_ffff_ffffn;

/** An integer from 0 to `max` (65535 or 4294967295). */
export function uint(field: string, value: number, max = 0xffff_ffff): number {
  if (!Number.isInteger(value) || value < 0 || value > max) throw misfit(field, value, `0 to ${String(max)}`);
  return value;
}

/** An integer from 0 to 2^64-1: a number up to 2^53-1, a bigint throughout. */
export function u64(field: string, value: U64): U64 {
  const fits =
    typeof value === "bigint" ? value >= 0n && value <= maxU64 : Number.isSafeInteger(value) && value >= 0;
  if (!fits) throw misfit(field, value, "0 to 2^64-1, above 2^53-1 as a bigint");
  return value;
}

/** Text; a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD. */
export function text(field: string, value: string): string {
  if (typeof value !== "string") throw misfit(field, value, "text");
  return toWellFormed(value);
}

export function oneOf<Word extends string>(field: string, value: Word, words: readonly Word[]): Word {
  if (!words.includes(value)) throw misfit(field, value, words.join(", "));
  return value;
}

export function bool(field: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw misfit(field, value, "true or false");
  return value;
}

export function bytes(field: string, value: Uint8Array): Uint8Array {
  if (!types.isUint8Array(value)) throw misfit(field, value, "a Uint8Array");
  return value;
}

/** Pairs of texts, as headers and log fields are. */
export function pairs(field: string, value: readonly (readonly [string, string])[]): string[][] {
  return value.map(([name, content]) => [text(field, name), text(field, content)]);
}

/** Exactly 16 integers of 8 bits. */
export function serverId(field: string, value: readonly number[]): number[] {
  if (value.length !== 16) throw misfit(field, `of ${String(value.length)} items`, "16 integers");
  return value.map((byte) => uint(field, byte, 0xff));
}

function misfit(field: string, value: unknown, expected: string): ProtocolError {
  const found = typeof value === "object" && value !== null ? "an object" : String(value);
  return new ProtocolError("malformed", `The field ${field} is ${found}, but must be ${expected}.`);
}
