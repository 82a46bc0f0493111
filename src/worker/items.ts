// The items of whatever a streaming function returned, and how they are left while a step of theirs is under way. Knows
// neither call nor credit.

import { itemSourceOf, type LeavableSource } from "../contract/item-source.js";
import type { ItemSource } from "../contract/outgoing-stream.js";

/** A function that should have yielded items returned something else. */
export class NoItemsError extends TypeError {
  override readonly name = "NoItemsError";
}

export interface Items extends ItemSource {
  /**
   * Nobody waits for the step that is under way: the source is told, and the step is over when it has tidied up. A generator
   * cannot be told before its step ends; it hears of the cancellation by its signal.
   */
  leave(): void;
}

/** An AsyncIterable, of which web streams and Readables are some, or anything that iterates. Throws NoItemsError for the rest. */
export function itemsOf(returned: unknown): Items {
  if (isGenerator(returned)) return new GeneratorItems(returned);
  const source = itemSourceOf(returned);
  if (source !== null) return new SourceItems(source);
  // One that is not asynchronous is meant as well as any, and of promises that it yields, what they come to.
  if (typeof returned === "object" && returned !== null && !isOneValue(returned)) {
    const iterable = returned as Partial<Iterable<unknown>>;
    if (iterable[Symbol.iterator] !== undefined)
      return new GeneratorItems(awaited(iterable as Iterable<unknown>));
  }
  throw new NoItemsError(
    "A streaming function must return an AsyncIterable or a ReadableStream, or be an async generator function.",
  );
}

/** What iterates, but is meant as a result that somebody forgot to wrap. */
function isOneValue(returned: object): boolean {
  return Array.isArray(returned) || ArrayBuffer.isView(returned);
}

/** The same items, each step of which runs within `during`. */
export function watchedItems(items: Items, during: <Result>(step: () => Result) => Result): Items {
  const next = () => items.next();
  const end = () => items.return?.();
  return {
    next: () => during(next),
    return: () => during(end),
    leave: () => {
      items.leave();
    },
  };
}

function isGenerator(value: unknown): value is AsyncGenerator {
  return Object.prototype.toString.call(value) === "[object AsyncGenerator]";
}

async function* awaited(items: Iterable<unknown>): AsyncGenerator {
  for (const item of items) yield await item;
}

/** Steps as they are: what is asked of a generator in a step waits until the step is over. */
class GeneratorItems implements Items {
  readonly #generator: AsyncGenerator;

  constructor(generator: AsyncGenerator) {
    this.#generator = generator;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#generator.next();
  }

  return(): Promise<unknown> {
    return this.#generator.return(undefined);
  }

  leave(): void {
    // Its step ends by itself.
  }
}

class SourceItems implements Items {
  readonly #source: LeavableSource;
  #endStep: (() => void) | null = null;
  #ended: Promise<unknown> | null = null;

  constructor(source: LeavableSource) {
    this.#source = source;
  }

  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      this.#endStep = () => {
        resolve({ done: true, value: undefined });
      };
      // Its step may be no promise.
      Promise.resolve(this.#source.next()).then(resolve, reject);
    });
  }

  return(): Promise<unknown> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  leave(): void {
    void this.return().then(this.#endStep);
  }

  /** What a source throws while it is ended is nobody's answer any more. */
  async #end(): Promise<void> {
    try {
      await this.#source.return();
    } catch {
      // The call was left, and has its answer without this.
    }
  }
}
