// A MessagePack document into the user's value, behind the bounded scan: what the scan let through nests at most
// 64 deep, so that this may recurse. Refuses what no value of ours becomes: other keys than text, other
// extensions than the timestamp, a key twice.

import { ownBytes } from "./own-bytes.js";
import { hex, type Reader } from "./reader.js";

const maxDateMs = 8_640_000_000_000_000;
const timestampType = 0xff;

export function readValue(from: Reader): unknown {
  const tag = from.u8();
  if (tag < 0x80) return tag;
  if (tag < 0x90) return readMap(from, tag & 0x0f);
  if (tag < 0xa0) return readArray(from, tag & 0x0f);
  if (tag < 0xc0) return from.textOf(tag & 0x1f);
  if (tag >= 0xe0) return tag - 0x100;
  switch (tag) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return ownBytes(from.view(from.u8()));
    case 0xc5:
      return ownBytes(from.view(from.u16()));
    case 0xc6:
      return ownBytes(from.view(from.u32()));
    case 0xc7:
      return readTimestamp(from, from.u8());
    case 0xc8:
      return readTimestamp(from, from.u16());
    case 0xc9:
      return readTimestamp(from, from.u32());
    case 0xca:
      return readFloat(from, 4);
    case 0xcb:
      return readFloat(from, 8);
    case 0xcc:
      return from.u8();
    case 0xcd:
      return from.u16();
    case 0xce:
      return from.u32();
    case 0xcf:
      return from.bits64();
    case 0xd0:
      return (from.u8() << 24) >> 24;
    case 0xd1:
      return (from.u16() << 16) >> 16;
    case 0xd2:
      return from.u32() | 0;
    case 0xd3:
      return from.signedBits64();
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return readTimestamp(from, 1 << (tag - 0xd4));
    case 0xdc:
      return readArray(from, from.u16());
    case 0xdd:
      return readArray(from, from.u32());
    case 0xde:
      return readMap(from, from.u16());
    case 0xdf:
      return readMap(from, from.u32());
    default:
      return from.textOf(from.textHeader(tag));
  }
}

function readArray(from: Reader, length: number): unknown[] {
  const items: unknown[] = [];
  for (let left = length; left > 0; left--) items.push(readValue(from));
  return items;
}

function readMap(from: Reader, length: number): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  for (let left = length; left > 0; left--) {
    const key = from.name();
    if (key === "__proto__") throw from.refuse('the key "__proto__" is not carried');
    if (Object.hasOwn(map, key)) throw from.refuse(`the key ${JSON.stringify(key)} comes twice in one map`);
    map[key] = readValue(from);
  }
  return map;
}

function readFloat(from: Reader, width: 4 | 8): number {
  const bytes = from.view(width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, width);
  return width === 4 ? view.getFloat32(0) : view.getFloat64(0);
}

/** Seconds and nanoseconds in 4, 8 or 12 bytes; a Date keeps whole milliseconds. */
function readTimestamp(from: Reader, length: number): Date {
  const type = from.u8();
  if (type !== timestampType) throw from.refuse(`the extension type ${hex(type)} is not known`);
  let nanoseconds = 0;
  let seconds: number | bigint;
  if (length === 4) {
    seconds = from.u32();
  } else if (length === 8) {
    const high = from.u32();
    nanoseconds = high >>> 2;
    seconds = (high & 3) * 0x1_0000_0000 + from.u32();
  } else if (length === 12) {
    nanoseconds = from.u32();
    seconds = from.signedBits64();
  } else {
    throw from.refuse(`a timestamp has 4, 8 or 12 bytes, not ${String(length)}`);
  }
  const atMs = Number(seconds) * 1000 + Math.floor(nanoseconds / 1_000_000);
  if (nanoseconds > 999_999_999 || Math.abs(atMs) > maxDateMs) {
    throw from.refuse("a timestamp is beyond what a Date can hold");
  }
  return new Date(atMs);
}
