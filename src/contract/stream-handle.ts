// What `stream()` returns: one stream that can be read in three ways, begun when somebody starts to read. Knows nothing of
// where the items come from.

import { SpliceError } from "../errors.js";

/** As much of an observer as RxJS, or anybody, hands over. */
export interface StreamObserver<Item> {
  readonly next?: ((item: Item) => void) | undefined;
  readonly error?: ((error: unknown) => void) | undefined;
  readonly complete?: (() => void) | undefined;
}

/** As much of an Observable as `from()` of RxJS needs. */
export interface StreamObservable<Item> {
  /**
   * One of `complete` and `error` is called, once, and nothing after it. A `next` that throws ends the call, and `error` gets
   * what it threw. What `complete` or `error` throw, and an error for which there is no `error`, is reported as RxJS
   * does it: as an uncaught error, in a task of its own.
   */
  subscribe(observer: StreamObserver<Item>): { unsubscribe(): void };
}

/**
 * A stream of a function's items. The call is made when it is first read, and it can be read once, in one of three
 * ways. Breaking out, throwing, unsubscribing or cancelling ends the call in its worker.
 */
export interface SpliceStream<Item = unknown> extends AsyncIterable<Item, undefined> {
  [Symbol.asyncIterator](): AsyncIterableIterator<Item, undefined>;
  /** What `from()` of RxJS looks for. Items are pushed as they come; the worker waits while they are handled. */
  ["@@observable"](): StreamObservable<Item>;
  /** A web stream that reads ahead nothing by itself. */
  toReadableStream(): ReadableStream<Item>;
}

/** What is wrong with a plain call of a function that yields items: the rest of a sentence. */
export const readWithStream = "yields a stream; read it with stream() instead of call()";

/** One reading of a stream; a `return` before its end cancels the call. */
type Items = AsyncIterableIterator<unknown, undefined>;

/** `open` makes the call; what it throws is what the first read fails with. */
export function createStreamHandle(name: string, open: () => Items): SpliceStream {
  let isTaken = false;
  const take = (): Items => {
    if (isTaken) {
      const message = `The stream of ${JSON.stringify(name)} is read already, and can be read once; call stream() again for another.`;
      throw new SpliceError({ code: 1000, message, functionName: name });
    }
    isTaken = true;
    return open();
  };
  return {
    [Symbol.asyncIterator]: () => lazily(take),
    "@@observable": () => ({ subscribe: (observer) => subscribe(lazily(take), observer) }),
    toReadableStream: () => readable(lazily(take)),
  };
}

/** Taken and opened with the first read: a failure to open is a rejection, as every other one is. */
function lazily(take: () => Items): Items {
  let source: Items | null = null;
  let isOver = false;
  const over = { done: true, value: undefined } as const;
  return {
    next() {
      if (source !== null) return source.next();
      if (isOver) return Promise.resolve(over);
      try {
        source = take();
      } catch (error) {
        isOver = true;
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever opening threw
        return Promise.reject(error);
      }
      return source.next();
    },
    return() {
      isOver = true;
      return source?.return?.() ?? Promise.resolve(over);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function subscribe(source: Items, observer: StreamObserver<unknown>): { unsubscribe(): void } {
  let isClosed = false;
  const handOver = (item: unknown): void => {
    try {
      observer.next?.(item);
    } catch (error) {
      if (!isClosed) throw error;
      reportUncaught(error);
    }
  };
  const run = async (): Promise<void> => {
    for await (const item of source) {
      // The loop's own end tells the source to stop.
      if (isClosed) return;
      handOver(item);
    }
  };
  /** The last that is called. */
  const close = (tell: () => void): void => {
    if (isClosed) return;
    isClosed = true;
    try {
      tell();
    } catch (error) {
      reportUncaught(error);
    }
  };
  run().then(
    () => {
      close(() => observer.complete?.());
    },
    (error: unknown) => {
      close(() => {
        if (observer.error === undefined) throw error;
        observer.error(error);
      });
    },
  );
  return {
    unsubscribe() {
      if (isClosed) return;
      isClosed = true;
      void source.return?.();
    },
  };
}

/** In a task of its own, as RxJS does it: nothing that is under way now is to fail with it. */
function reportUncaught(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}

function readable(source: Items): ReadableStream<unknown> {
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const step = await source.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel() {
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
