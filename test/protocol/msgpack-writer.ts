// Writes MessagePack by hand in a chosen width of headers, so that tests can say the same in longer forms and say
// what no library would write.

import { concat } from "./vectors.js";

/** `least` is the smallest header allowed: 0 fix forms, 8, 16 or 32 bits (64 for integers). */
export interface Widths {
  readonly containers: 0 | 16 | 32;
  readonly texts: 0 | 8 | 16 | 32;
  readonly bins: 8 | 16 | 32;
  readonly integers: 0 | 8 | 16 | 32 | 64;
  readonly signed: boolean;
}

export const smallest: Widths = { containers: 0, texts: 0, bins: 8, integers: 0, signed: false };

export function write(value: unknown, widths: Widths = smallest): Uint8Array {
  if (value === null) return Uint8Array.of(0xc0);
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xc3 : 0xc2);
  if (typeof value === "number" && !Number.isInteger(value)) return float(value);
  if (typeof value === "number" || typeof value === "bigint") return integer(BigInt(value), widths);
  if (typeof value === "string") {
    const body = new TextEncoder().encode(value);
    return concat([header(body.length, widths.texts, [0xa0, 32, 0xd9, 0xda, 0xdb]), body]);
  }
  if (value instanceof Uint8Array) {
    return concat([header(value.length, widths.bins, [0, 0, 0xc4, 0xc5, 0xc6]), value]);
  }
  if (Array.isArray(value)) {
    const head = header(value.length, widths.containers, [0x90, 16, 0, 0xdc, 0xdd]);
    return concat([head, ...value.map((item) => write(item, widths))]);
  }
  if (value instanceof Raw) return value.bytes;
  const entries = Object.entries(value as object);
  const head = header(entries.length, widths.containers, [0x80, 16, 0, 0xde, 0xdf]);
  return concat([head, ...entries.flatMap(([key, item]) => [write(key, widths), write(item, widths)])]);
}

/** Bytes to stand where a value would. */
export class Raw {
  readonly bytes: Uint8Array;
  constructor(...bytes: number[]) {
    this.bytes = Uint8Array.from(bytes);
  }
}

export function float(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

type HeaderTags = readonly [fix: number, fixMax: number, tag8: number, tag16: number, tag32: number];

function header(length: number, least: number, [fix, fixMax, tag8, tag16, tag32]: HeaderTags): Uint8Array {
  if (least === 0 && length < fixMax) return Uint8Array.of(fix | length);
  if (least <= 8 && tag8 !== 0 && length < 0x100) return Uint8Array.of(tag8, length);
  if (least <= 16 && length < 0x1_0000) return Uint8Array.of(tag16, length >>> 8, length & 0xff);
  return Uint8Array.of(tag32, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
}

function integer(value: bigint, { integers, signed }: Widths): Uint8Array {
  if (integers === 0 && value >= 0n && value < 0x80n) return Uint8Array.of(Number(value));
  if (integers === 0 && value < 0n && value >= -32n) return Uint8Array.of(Number(value) & 0xff);
  for (const [bits, tag] of [
    [8, 0xcc],
    [16, 0xcd],
    [32, 0xce],
    [64, 0xcf],
  ] as const) {
    const isSigned = signed || value < 0n;
    const fits = isSigned ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
    if (bits < integers || !fits) continue;
    const bytes = new Uint8Array(1 + bits / 8);
    bytes[0] = isSigned ? tag + 4 : tag;
    for (let at = 0; at < bits / 8; at++) {
      bytes[bits / 8 - at] = Number((BigInt.asUintN(64, value) >> BigInt(8 * at)) & 0xffn);
    }
    return bytes;
  }
  if (signed) return integer(value, { ...smallest, integers, signed: false });
  throw new Error(`${String(value)} does not fit 64 bits.`);
}
