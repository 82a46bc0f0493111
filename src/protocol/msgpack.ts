// The one place that calls the MessagePack library, with what it needs to write exact integers in their smallest
// form: in its 64-bit mode it writes numbers from 2^32 as floats and small bigints in nine bytes. Knows no message.

import { Encoder } from "@msgpack/msgpack";

const options = { useBigInt64: true, maxDepth: 100 } as const;
const keptBytes = 1_048_576;
/** From here on the kept encoder would grow by doubling and copying; one with room from the start does neither. */
const largeBytes = 65_536;

let encoder = new Encoder(options);

/** The document of a value made ready by the caller. The bytes are valid until the next call; copy them. */
export function encodeDocument(value: unknown): Uint8Array {
  const bytes = encoder.encodeSharedRef(value);
  if (bytes.length > keptBytes) encoder = new Encoder(options);
  return bytes;
}

/** The same as bytes of their own. `expectedBytes` is about what texts and bytes in the value take. */
export function encodeOwnDocument(value: unknown, expectedBytes: number): Uint8Array {
  if (expectedBytes < largeBytes) return encodeDocument(value).slice();
  const initialBufferSize = expectedBytes + Math.ceil(expectedBytes / 64) + 1024;
  return new Encoder({ ...options, initialBufferSize }).encodeSharedRef(value);
}

/** An integer as the library writes it exactly: 32 bits as a number, more as a bigint. */
export function exactInteger(value: number | bigint): number | bigint {
  const isNarrow = value >= -0x8000_0000 && value <= 0xffff_ffff;
  if (typeof value === "bigint") return isNarrow ? Number(value) : value;
  return isNarrow ? value : BigInt(value);
}
