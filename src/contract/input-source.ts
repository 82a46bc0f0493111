// What a caller may give as the input of a call. By shape, as with everything that comes from outside.

import type { Readable } from "node:stream";
import { describeValue, messageOf, SpliceError } from "../errors.js";
import { itemSourceOf, type LeavableSource } from "./item-source.js";

/** The items of an input: any AsyncIterable, a Readable of node:stream, or a web stream. */
export type InputItems = AsyncIterable<unknown> | Readable | ReadableStream<unknown>;

/** @throws SpliceError 1000 for anything else, and for what cannot be read any more. */
export function inputSourceOf(functionName: string, input: unknown): LeavableSource {
  let source: LeavableSource | null;
  try {
    source = itemSourceOf(input);
  } catch (cause) {
    const message = `The option input cannot be read: ${messageOf(cause)}`;
    throw new SpliceError({ code: 1000, message, functionName, cause });
  }
  if (source !== null) return source;
  const message = `The option input is ${describeValue(input)}, but must be an AsyncIterable, a Readable or a ReadableStream.`;
  throw new SpliceError({ code: 1000, message, functionName });
}
