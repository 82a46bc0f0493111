// The values of calls as MessagePack documents: what a function is given, what it returns, what an error details.
// Knows no message; the table of what is carried and what is refused stands in docs/reference/values.md.

import { maxValueNodes } from "./limits.js";
import { encodeOwnDocument } from "./msgpack.js";
import { isPlainObject, plainValue } from "./plain-value.js";
import { readValue } from "./read-value.js";
import { Reader } from "./reader.js";
import { scan } from "./scan.js";
import { ValueError } from "./value-error.js";
import { whyNotCarried } from "./value-refusals.js";

export { isValueError, ValueError } from "./value-error.js";

const noBytes = new Uint8Array(0);
let rootBeingRead = "value";
const reader = new Reader((what) => new ValueError(rootBeingRead, what));

/**
 * The document of a value; empty bytes for undefined. `root` names the value in paths. Throws ValueError for the
 * first place that cannot be carried.
 */
export function encodeValue(value: unknown, root = "value"): Uint8Array {
  return value === undefined ? noBytes : encodePlain(value, root);
}

function encodePlain(value: unknown, root: string): Uint8Array {
  const plain = plainValue(value, root);
  return encodeOwnDocument(plain.value, plain.payloadBytes);
}

/** The document of a call's params: a map of them by name; empty bytes for undefined and null. */
export function encodeParams(value: unknown, root = "params"): Uint8Array {
  if (value === undefined || value === null) return noBytes;
  if (!isPlainObject(value)) {
    const kind = Array.isArray(value) ? "array" : typeof value;
    const isForeign = kind === "object" || kind === "function" || kind === "symbol";
    throw new ValueError(
      root,
      isForeign
        ? whyNotCarried(value)
        : `params are keyed by name, so ${kind === "array" ? "an" : "a"} ${kind} cannot be them; pass a plain object`,
    );
  }
  return encodeValue(value, root);
}

/**
 * The value of a document; undefined for empty bytes. Bytes in it are copies where a view would pin more than
 * twice their size. Throws ValueError when the bytes are not one document that `encodeValue` could have written.
 */
export function decodeValue(bytes: Uint8Array, root = "value"): unknown {
  if (bytes.length === 0) return undefined;
  const refusal = scan(bytes, maxValueNodes);
  if (refusal !== undefined) throw new ValueError(root, refusal);
  rootBeingRead = root;
  reader.start(bytes);
  try {
    return readValue(reader);
  } finally {
    reader.release();
  }
}
