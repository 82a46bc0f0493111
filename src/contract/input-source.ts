// What a caller may give as the input of a call, as one kind of thing: steps that are asked for, and an end that does not
// wait for the step that is under way. By shape, as with everything that comes from outside.

import type { Readable } from "node:stream";
import { describeValue, messageOf, SpliceError } from "../errors.js";
import type { ItemSource } from "./outgoing-stream.js";

/** The items of an input: any AsyncIterable, a Readable of node:stream, or a web stream. */
export type InputItems = AsyncIterable<unknown> | Readable | ReadableStream<unknown>;

/** As ItemSource; `return` ends it at once, and twice is once. */
export interface InputSource extends ItemSource {
  return(): unknown;
}

/** @throws SpliceError 1000 for anything else, and for what cannot be read any more. */
export function inputSourceOf(functionName: string, input: unknown): InputSource {
  try {
    if (has(input, "getReader")) return ofWebStream(input as ReadableStream<unknown>);
    if (has(input, "pipe") && has(input, "destroy") && has(input, Symbol.asyncIterator))
      return ofReadable(input as Readable);
    if (has(input, Symbol.asyncIterator)) return ofIterable(input as AsyncIterable<unknown>);
  } catch (cause) {
    const message = `The option input cannot be read: ${messageOf(cause)}`;
    throw new SpliceError({ code: 1000, message, functionName, cause });
  }
  const message = `The option input is ${describeValue(input)}, but must be an AsyncIterable, a Readable or a ReadableStream.`;
  throw new SpliceError({ code: 1000, message, functionName });
}

function has(value: unknown, method: PropertyKey): boolean {
  if (typeof value !== "object" || value === null) return false;
  return typeof Reflect.get(value, method) === "function";
}

function ofIterable(iterable: AsyncIterable<unknown>): InputSource {
  const iterator = iterable[Symbol.asyncIterator]();
  return { next: () => iterator.next(), return: once(() => iterator.return?.()) };
}

/** Its iterator would keep its `return` until the next chunk has come; `destroy` keeps nobody waiting. */
function ofReadable(readable: Readable): InputSource {
  const iterator = readable[Symbol.asyncIterator]();
  // Its iterator listens from its first step on; before that, and after the end, an error must not end the program.
  readable.on("error", () => undefined);
  return { next: () => iterator.next(), return: once(() => readable.destroy()) };
}

/** The same of a web stream and `cancel`. */
function ofWebStream(stream: ReadableStream<unknown>): InputSource {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: once(() => reader.cancel()),
  };
}

function once(end: () => unknown): () => unknown {
  let isEnded = false;
  return () => {
    if (isEnded) return undefined;
    isEnded = true;
    return end();
  };
}
