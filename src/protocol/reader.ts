// Reads one MessagePack document strictly: every read names what it expects, and anything else is refused with
// ProtocolError. A general decoder does not do: it repairs invalid UTF-8, drops a leading byte order mark, keeps
// the last of two equal keys and cannot tell 1 from 1.0. Knows tags and bounds, no message.

import { isUtf8 } from "node:buffer";
import { plainBytes } from "./own-bytes.js";
import { malformed } from "./protocol-error.js";
import { decodeName, decodeText } from "./text.js";
import type { U64 } from "./messages.js";

const maxU32 = 0xffff_ffff;
const noBytes = new Uint8Array(0);

export class Reader {
  bytes: Uint8Array = noBytes;
  at = 0;
  end = 0;

  readonly #failure: (what: string) => Error;

  /** `failure` makes the error of a refusal; ProtocolError `malformed` unless the caller has its own. */
  constructor(failure: (what: string) => Error = malformed) {
    this.#failure = failure;
  }

  start(bytes: Uint8Array): void {
    this.bytes = plainBytes(bytes);
    this.at = 0;
    this.end = bytes.length;
  }

  /** Lets go of the bytes, so that a reader kept for reuse pins nothing. */
  release(): void {
    this.bytes = noBytes;
  }

  refuse(what: string): Error {
    return this.#failure(`${what}, at byte ${String(this.at)} of ${String(this.end)}`);
  }

  expectEnd(): void {
    if (this.at !== this.end) throw this.refuse("bytes are left after the value");
  }

  u8(): number {
    const at = this.at;
    if (at >= this.end) throw this.refuse("the payload ends inside a value");
    this.at = at + 1;
    return this.bytes[at] ?? 0;
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8();
  }

  u32(): number {
    const at = this.at;
    if (this.end - at < 4) throw this.refuse("the payload ends inside a value");
    this.at = at + 4;
    const bytes = this.bytes;
    return (
      (bytes[at] ?? 0) * 0x100_0000 +
      (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
    );
  }

  /** Eight bytes, unsigned: a number up to 2^53-1, a bigint above. */
  bits64(): U64 {
    const high = this.u32();
    const low = this.u32();
    return high <= 0x1f_ffff ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  /** Eight bytes, signed: a number between -(2^53-1) and 2^53-1, a bigint beyond. */
  signedBits64(): U64 {
    const wide = BigInt.asIntN(64, BigInt(this.bits64()));
    return wide >= -0x1f_ffff_ffff_ffffn && wide <= 0x1f_ffff_ffff_ffffn ? Number(wide) : wide;
  }

  /** An unsigned integer of up to 64 bits, in any integer form. */
  u64(): U64 {
    const tag = this.u8();
    if (tag < 0x80) return tag;
    switch (tag) {
      case 0xcc:
        return this.u8();
      case 0xcd:
        return this.u16();
      case 0xce:
        return this.u32();
      case 0xcf:
        return this.bits64();
      case 0xd0:
        return this.#positive(this.u8(), 0x7f);
      case 0xd1:
        return this.#positive(this.u16(), 0x7fff);
      case 0xd2:
        return this.#positive(this.u32(), 0x7fff_ffff);
      case 0xd3: {
        const value = this.bits64();
        if (value > 0x7fff_ffff_ffff_ffffn) throw this.refuse("an integer is negative");
        return value;
      }
      default:
        throw this.refuse(`expected an unsigned integer, found tag ${hex(tag)}`);
    }
  }

  /** An unsigned integer up to `max`. */
  uint(max = maxU32): number {
    const value = this.u64();
    if (typeof value === "bigint" || value > max) {
      throw this.refuse(`the integer ${String(value)} is above ${String(max)}`);
    }
    return value;
  }

  /** Number of items of an array; refused when that many cannot be there. */
  arrayHeader(): number {
    const tag = this.u8();
    let length: number;
    if ((tag & 0xf0) === 0x90) length = tag & 0x0f;
    else if (tag === 0xdc) length = this.u16();
    else if (tag === 0xdd) length = this.u32();
    else throw this.refuse(`expected an array, found tag ${hex(tag)}`);
    if (length > this.end - this.at)
      throw this.refuse("an array claims more items than there are bytes left");
    return length;
  }

  /** An array of exactly `length` items. */
  arrayOf(length: number): void {
    const found = this.arrayHeader();
    if (found !== length) {
      throw this.refuse(`expected an array of ${String(length)}, found one of ${String(found)}`);
    }
  }

  /** True behind the header of a map with one entry; false, with nothing consumed, before anything but a map. */
  mapOfOne(): boolean {
    const tag = this.bytes[this.at] ?? 0;
    const isMap = (tag & 0xf0) === 0x80 || tag === 0xde || tag === 0xdf;
    if (!isMap) return false;
    this.at++;
    const length = tag === 0xde ? this.u16() : tag === 0xdf ? this.u32() : tag & 0x0f;
    if (length !== 1) throw this.refuse(`expected a map of one entry, found one of ${String(length)}`);
    return true;
  }

  text(): string {
    return this.textOf(this.textHeader(this.u8()));
  }

  /** As text, for what is likely to come again. */
  name(): string {
    return this.nameOf(this.textHeader(this.u8()));
  }

  /** The next `length` bytes as text. */
  textOf(length: number): string {
    const start = this.#pass(length);
    const text = decodeText(this.bytes, start, this.at);
    if (text === undefined) throw this.refuse("a text is not UTF-8");
    return text;
  }

  nameOf(length: number): string {
    const start = this.#pass(length);
    const text = decodeName(this.bytes, start, this.at);
    if (text === undefined) throw this.refuse("a text is not UTF-8");
    return text;
  }

  /** Checks a text without making a string of it. */
  skipText(): void {
    const start = this.#pass(this.textHeader(this.u8()));
    const bytes = this.bytes;
    const end = this.at;
    for (let at = start; at < end; at++) {
      if ((bytes[at] ?? 0) < 0x80) continue;
      if (!isUtf8(bytes.subarray(at, end))) throw this.refuse("a text is not UTF-8");
      return;
    }
  }

  /** A bin, as a view. */
  bin(): Uint8Array {
    const tag = this.u8();
    let length: number;
    if (tag === 0xc4) length = this.u8();
    else if (tag === 0xc5) length = this.u16();
    else if (tag === 0xc6) length = this.u32();
    else throw this.refuse(`expected bytes, found tag ${hex(tag)}`);
    return this.view(length);
  }

  /** The next `length` bytes, as a view. */
  view(length: number): Uint8Array {
    const start = this.#pass(length);
    return this.bytes.subarray(start, this.at);
  }

  boolean(): boolean {
    const tag = this.u8();
    if (tag !== 0xc2 && tag !== 0xc3) throw this.refuse(`expected true or false, found tag ${hex(tag)}`);
    return tag === 0xc3;
  }

  /** Consumes a nil, if one is next. */
  nil(): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== 0xc0) return false;
    this.at++;
    return true;
  }

  /** Length of the text whose tag was just read. */
  textHeader(tag: number): number {
    if ((tag & 0xe0) === 0xa0) return tag & 0x1f;
    if (tag === 0xd9) return this.u8();
    if (tag === 0xda) return this.u16();
    if (tag === 0xdb) return this.u32();
    throw this.refuse(`expected a text, found tag ${hex(tag)}`);
  }

  /** Goes over `length` bytes; returns where they begin. */
  #pass(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw this.refuse("a header claims more bytes than there are left");
    this.at = start + length;
    return start;
  }

  #positive(value: number, max: number): number {
    if (value > max) throw this.refuse("an integer is negative");
    return value;
  }
}

export function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
