// Whatever items may come from, as one kind of thing: steps that are asked for, and an end that does not wait for the step
// that is under way. The same for what a caller gives and for what a function returns.

import type { Readable } from "node:stream";
import type { ItemSource } from "./outgoing-stream.js";

/** As ItemSource; `return` ends it at once, and twice is once. */
export interface LeavableSource extends ItemSource {
  return(): unknown;
}

/** Null for what is no AsyncIterable, Readable or web stream. Throws for one that cannot be read any more. */
export function itemSourceOf(value: unknown): LeavableSource | null {
  if (has(value, "getReader")) return ofWebStream(value as ReadableStream<unknown>);
  if (has(value, "pipe") && has(value, "destroy") && has(value, Symbol.asyncIterator))
    return ofReadable(value as Readable);
  if (has(value, Symbol.asyncIterator)) return ofIterable(value as AsyncIterable<unknown>);
  return null;
}

function has(value: unknown, method: PropertyKey): boolean {
  if (typeof value !== "object" || value === null) return false;
  return typeof Reflect.get(value, method) === "function";
}

function ofIterable(iterable: AsyncIterable<unknown>): LeavableSource {
  const iterator = iterable[Symbol.asyncIterator]();
  return { next: () => iterator.next(), return: once(() => iterator.return?.()) };
}

/** Its iterator would keep its `return` until the next chunk has come; `destroy` keeps nobody waiting. */
function ofReadable(readable: Readable): LeavableSource {
  const iterator = readable[Symbol.asyncIterator]();
  // Its iterator listens from its first step on; before that, and after the end, an error must not end the program.
  readable.on("error", () => undefined);
  return { next: () => iterator.next(), return: once(() => readable.destroy()) };
}

/** The same of a web stream and `cancel`. */
function ofWebStream(stream: ReadableStream<unknown>): LeavableSource {
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
