// Text to and from UTF-8 as the wire wants it: invalid bytes are refused, never repaired, a byte order mark is
// text like any other, and the names that come again and again are decoded once. Knows no message.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const shortTextBytes = 8;
const internedTextBytes = 64;
const internSlots = 1024;

interface Interned {
  readonly bytes: Uint8Array;
  readonly text: string;
}
const decoded: (Interned | undefined)[] = new Array<Interned | undefined>(internSlots).fill(undefined);
const encoded = new Map<string, Uint8Array>();

/** The text in `bytes[start..end)`, or undefined when it is not UTF-8. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= shortTextBytes) {
    let text = "";
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0x80;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/**
 * As decodeText, for function names and keys: a table with one slot per hash remembers the last text of each, so
 * that it can neither grow nor be made slow by a peer.
 */
export function decodeName(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > internedTextBytes) return decodeText(bytes, start, end);
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  const slot = (hash ^ (hash >>> 10)) & (internSlots - 1);
  const known = decoded[slot];
  if (known !== undefined && known.bytes.length === length) {
    let at = 0;
    while (at < length && known.bytes[at] === bytes[start + at]) at++;
    if (at === length) return known.text;
  }
  const text = decodeText(bytes, start, end);
  if (text !== undefined) decoded[slot] = { bytes: bytes.slice(start, end), text };
  return text;
}

/** Header and UTF-8 of a MessagePack str. A lone surrogate, which UTF-8 cannot hold, becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  const body = encoder.encode(text);
  const length = body.length;
  const header =
    length < 32
      ? [0xa0 | length]
      : length < 0x100
        ? [0xd9, length]
        : length < 0x1_0000
          ? [0xda, length >>> 8, length & 0xff]
          : [0xdb, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  const bytes = new Uint8Array(header.length + length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}

/** As encodeText, remembered: for function names. Forgets everything when the table is full. */
export function encodeName(name: string): Uint8Array {
  const known = encoded.get(name);
  if (known !== undefined) return known;
  const bytes = encodeText(name);
  if (bytes.length <= internedTextBytes) {
    if (encoded.size >= internSlots) encoded.clear();
    encoded.set(name, bytes);
  }
  return bytes;
}

const anySurrogate = /[\ud800-\udfff]/;
const loneSurrogate = /\p{Surrogate}/u;

/** Whether the text can be written as UTF-8 without loss. */
export function isWellFormed(text: string): boolean {
  return !anySurrogate.test(text) || !loneSurrogate.test(text);
}

/** The text with every lone surrogate replaced by U+FFFD. */
export function toWellFormed(text: string): string {
  return isWellFormed(text) ? text : text.replace(/\p{Surrogate}/gu, "\ufffd");
}
