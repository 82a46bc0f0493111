// The rule for bytes that are kept: a small view must not pin a large buffer. Knows nothing of where they came from.

/** The bytes themselves when they are at least half of the memory they pin, else a copy. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

/** The same memory as a plain Uint8Array: a Buffer's own `slice` would not copy. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
