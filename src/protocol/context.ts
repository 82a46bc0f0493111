// RequestContext as bytes and back: who calls, on whose behalf, in which trace. The supervisor copies these bytes
// from link to link after `checkContext`; only a function that asks for its context has them decoded.

import { text, u64 } from "./fields.js";
import type { AuthContext, RequestContext } from "./messages.js";
import { OutboxBuffer } from "./outbox-buffer.js";
import { ownBytes } from "./own-bytes.js";
import { Reader } from "./reader.js";
import { encodeText } from "./text.js";

/** A context that says nothing: no trace, no headers, no auth. */
export const emptyContextBytes: Uint8Array = Uint8Array.of(0x94, 0, 0, 0x90, 0xc0);

/** The header by which an Invoke says that an input stream comes with the call; its value is "1". */
const inputHeader = "splice-input";

const scratch = new OutboxBuffer();
const reader = new Reader();

/** Throws ProtocolError when a field does not fit. */
export function encodeContext(context: RequestContext): Uint8Array {
  scratch.truncate(0);
  scratch.reserve(24); // the header, two u64, the headers' header
  scratch.putArrayHeader(4);
  scratch.putUint(u64("context.traceId", context.traceId));
  scratch.putUint(u64("context.spanId", context.spanId));
  scratch.putArrayHeader(context.headers.length);
  for (const [name, value] of context.headers) {
    scratch.reserve(1);
    scratch.putArrayHeader(2);
    putText("context.headers", name);
    putText("context.headers", value);
  }
  scratch.reserve(1);
  if (context.auth === null) {
    scratch.putU8(0xc0);
  } else {
    scratch.putArrayHeader(2);
    putText("context.auth.userId", context.auth.userId);
    scratch.reserve(5);
    scratch.putArrayHeader(context.auth.roles.length);
    for (const role of context.auth.roles) putText("context.auth.roles", role);
  }
  return ownBytes(scratch.take());
}

function putText(field: string, value: string): void {
  const bytes = encodeText(text(field, value));
  scratch.reserve(bytes.length);
  scratch.putBytes(bytes);
}

/** Throws ProtocolError when the bytes are no context. */
export function decodeContext(bytes: Uint8Array): RequestContext {
  reader.start(bytes);
  try {
    const context = readContext(reader);
    reader.expectEnd();
    return context;
  } finally {
    reader.release();
  }
}

function readContext(from: Reader): RequestContext {
  from.arrayOf(4);
  const traceId = from.u64();
  const spanId = from.u64();
  const headers = readPairs(from);
  return { traceId, spanId, headers, auth: from.nil() ? null : readAuth(from) };
}

/** The runtime's own header, and no business of callers and functions. */
export function isInputHeader(name: string): boolean {
  return name.length === inputHeader.length && name.toLowerCase() === inputHeader;
}

/** The pair that says so of a call with an input. */
export const inputHeaderPair: readonly [string, string] = [inputHeader, "1"];

/** True when an input stream comes with the call. Makes no string of a header that is not as long as that one. */
export function carriesInput(bytes: Uint8Array): boolean {
  if (bytes.length < emptyContextBytes.length + inputHeader.length) return false;
  reader.start(bytes);
  try {
    reader.arrayOf(4);
    reader.u64();
    reader.u64();
    for (let left = reader.arrayHeader(); left > 0; left--) {
      reader.arrayOf(2);
      const nameAt = reader.at;
      const length = reader.textHeader(reader.u8());
      if (length === inputHeader.length && isInputHeader(reader.nameOf(length))) {
        if (reader.text() === "1") return true;
        continue;
      }
      reader.at = nameAt;
      reader.skipText();
      reader.skipText();
    }
    return false;
  } finally {
    reader.release();
  }
}

/** An array of [name, value]; order and repeats are kept. */
export function readPairs(from: Reader): [string, string][] {
  const pairs: [string, string][] = [];
  for (let left = from.arrayHeader(); left > 0; left--) {
    from.arrayOf(2);
    pairs.push([from.name(), from.text()]);
  }
  return pairs;
}

function readAuth(from: Reader): AuthContext {
  from.arrayOf(2);
  const userId = from.text();
  const roles: string[] = [];
  for (let left = from.arrayHeader(); left > 0; left--) roles.push(from.name());
  return { userId, roles };
}

/**
 * Checks shape, UTF-8 and bounds of the context that comes next, without making anything of it.
 * Returns how many MessagePack values it consists of.
 */
export function checkContext(from: Reader): number {
  from.arrayOf(4);
  from.u64();
  from.u64();
  const headers = from.arrayHeader();
  for (let left = headers; left > 0; left--) {
    from.arrayOf(2);
    from.skipText();
    from.skipText();
  }
  let nodes = 5 + headers * 3;
  if (!from.nil()) {
    from.arrayOf(2);
    from.skipText();
    const roles = from.arrayHeader();
    for (let left = roles; left > 0; left--) from.skipText();
    nodes += 2 + roles;
  }
  return nodes;
}
