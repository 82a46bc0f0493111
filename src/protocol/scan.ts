// The bounded scan that runs before a decode: walks one MessagePack document without recursion and without
// allocating by what it claims, and says why it may not be decoded. A few bytes can otherwise claim gigabytes.
// Looks at structure alone; which type belongs where is the reader's business.

import { maxNesting } from "./limits.js";

/**
 * How many bytes follow each tag, or one of the marks below. Fixed lengths include fixstr and fixext.
 */
const container = -1;
const bytes8 = -2;
const bytes16 = -3;
const bytes32 = -4;
const reserved = -5;
const follow = new Int8Array(256);
follow.fill(container, 0x80, 0xa0);
for (let length = 0; length < 32; length++) follow[0xa0 + length] = length;
follow.set([0, reserved, 0, 0, bytes8, bytes16, bytes32, bytes8, bytes16, bytes32], 0xc0);
follow.set([4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17], 0xca);
follow.set([bytes8, bytes16, bytes32, container, container, container, container], 0xd9);

/** What is still to come in each open container, innermost last; one for the document itself. */
const open = new Float64Array(maxNesting + 1);

/**
 * Why `bytes` is not one document within the bounds, as a part of a sentence, or undefined when it is: at most
 * 64 containers inside each other, at most `maxNodes` values, no header that claims more items or bytes than
 * are left after all that is already claimed, no reserved byte, nothing after the value.
 */
export function scan(bytes: Uint8Array, maxNodes: number): string | undefined {
  const end = bytes.length;
  let at = 0;
  let depth = 0;
  let nodes = 1;
  let claimed = 1;
  open[0] = 1;
  for (;;) {
    while (open[depth] === 0) {
      if (depth === 0)
        return at === end
          ? undefined
          : `${String(end - at)} of ${String(end)} bytes are left after the value`;
      depth--;
    }
    open[depth] = (open[depth] ?? 0) - 1;
    if (at >= end) return "it ends inside a value";
    const tag = bytes[at++] ?? 0;
    claimed--;
    const length = follow[tag] ?? 0;
    if (length >= 0) {
      at += length + extTypeBytes(tag);
    } else if (length === container) {
      const wide = tag < 0xa0 ? 0 : (tag & 1) === 0 ? 2 : 4;
      if (end - at < wide) return "it ends inside a header";
      let items = wide === 0 ? tag & 0x0f : bigEndian(bytes, at, wide);
      at += wide;
      if (tag < 0x90 || tag >= 0xde) items *= 2;
      nodes += items;
      claimed += items;
      if (claimed > end - at) return "a header claims more items than there are bytes left";
      if (nodes > maxNodes) return `it has more than ${String(maxNodes)} values`;
      if (++depth > maxNesting) return `it nests deeper than ${String(maxNesting)}`;
      open[depth] = items;
    } else if (length === reserved) {
      return "it holds the reserved byte 0xc1";
    } else {
      const wide = length === bytes8 ? 1 : length === bytes16 ? 2 : 4;
      if (end - at < wide) return "it ends inside a header";
      at += wide + bigEndian(bytes, at, wide) + extTypeBytes(tag);
    }
    if (claimed > end - at) return "a header claims more bytes than there are left";
  }
}

/** ext 8, 16 and 32 carry a type byte besides their length; fixext has it in the table already. */
function extTypeBytes(tag: number): number {
  return tag >= 0xc7 && tag <= 0xc9 ? 1 : 0;
}

function bigEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let index = at; index < at + width; index++) value = value * 0x100 + (bytes[index] ?? 0);
  return value;
}
