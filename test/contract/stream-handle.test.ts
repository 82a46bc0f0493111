import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { from, take, toArray } from "rxjs";
import { IncomingStream } from "../../src/contract/incoming-stream.js";
import { createStreamHandle, type StreamObserver } from "../../src/contract/stream-handle.js";

/** A handle on a stream of `count` items that have all come, and end when `isEnded`; notes what becomes of the call. */
function create(count: number, isEnded = true) {
  const said: string[] = [];
  const streams: IncomingStream[] = [];
  const handle = createStreamHandle("feed.ticks", () => {
    said.push("open");
    const stream = new IncomingStream({
      decode: ([value]) => value,
      acknowledge: (sequence) => said.push(`ack ${String(sequence)}`),
      cancel: () => said.push("cancel"),
    });
    stream.start(64);
    for (let n = 0; n < count; n++) stream.chunk(n, Uint8Array.of(n));
    if (isEnded) stream.end(count);
    streams.push(stream);
    return stream;
  });
  return { handle, said, streams };
}

const turn = () => new Promise(setImmediate);
const readOnce = expect.objectContaining({
  code: 1000,
  message: expect.stringMatching(/"feed\.ticks" is read already/),
});

describe("a stream handle", () => {
  test("makes its call with the first read, not before", async () => {
    const { handle, said } = create(2);
    const items = handle[Symbol.asyncIterator]();
    handle.toReadableStream();
    handle["@@observable"]();
    await turn();
    expect(said).toEqual([]);
    expect(await items.next()).toEqual({ done: false, value: 0 });
    expect(said).toEqual(["open"]);
  });

  test("is read to its end by for await", async () => {
    const { handle, said } = create(3);
    const items: unknown[] = [];
    for await (const value of handle) items.push(value);
    expect(items).toEqual([0, 1, 2]);
    expect(said).toEqual(["open"]);
  });

  test("can be read once, whichever two of its three ways are tried", async () => {
    const ways: ((handle: ReturnType<typeof create>["handle"]) => Promise<unknown>)[] = [
      (handle) => handle[Symbol.asyncIterator]().next(),
      (handle) => handle.toReadableStream().getReader().read(),
      (handle) =>
        new Promise((resolve, reject) => {
          handle["@@observable"]().subscribe({
            error: reject,
            complete: () => {
              resolve(undefined);
            },
          });
        }),
    ];
    for (const first of ways) {
      for (const second of ways) {
        const { handle, said } = create(2);
        await first(handle);
        await expect(second(handle)).rejects.toEqual(readOnce);
        expect(said).toEqual(["open"]);
      }
    }
  });

  test("cannot be read again by who broke out before the first item, either", async () => {
    const { handle, said } = create(2);
    const items = handle[Symbol.asyncIterator]();
    await items.return?.();
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(said).toEqual([]);
  });

  test("whose call cannot be made fails with the first read, in each way, and is over then", async () => {
    const fail = () => {
      throw new Error("no such thing");
    };
    const items = createStreamHandle("f", fail)[Symbol.asyncIterator]();
    await expect(items.next()).rejects.toThrow("no such thing");
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(await items.return?.()).toEqual({ done: true, value: undefined });
    const readable = createStreamHandle("f", fail).toReadableStream();
    await expect(readable.getReader().read()).rejects.toThrow("no such thing");
    const error = await new Promise((resolve) => {
      createStreamHandle("f", fail)["@@observable"]().subscribe({ error: resolve });
    });
    expect(error).toMatchObject({ message: "no such thing" });
  });
});

describe("the call is cancelled by", () => {
  test("break, and by return", async () => {
    const { handle, said } = create(3, false);
    for await (const value of handle) if (value === 1) break;
    expect(said).toEqual(["open", "cancel"]);
  });

  test("throwing in the loop", async () => {
    const { handle, said } = create(3, false);
    const reading = (async () => {
      for await (const value of handle) throw new Error(`cannot use ${String(value)}`);
    })();
    await expect(reading).rejects.toThrow("cannot use 0");
    expect(said).toEqual(["open", "cancel"]);
  });

  test("unsubscribing, while an item is handled and while none is there", async () => {
    const { handle, said } = create(3, false);
    const seen: unknown[] = [];
    const subscription = handle["@@observable"]().subscribe({
      next: (value) => {
        seen.push(value);
        if (value === 1) subscription.unsubscribe();
      },
      complete: () => seen.push("complete"),
      error: () => seen.push("error"),
    });
    await turn();
    expect([seen, said]).toEqual([
      [0, 1],
      ["open", "cancel"],
    ]);
    const idle = create(0, false);
    const waiting = idle.handle["@@observable"]().subscribe({
      complete: () => seen.push("complete"),
      error: () => seen.push("error"),
    });
    await turn();
    waiting.unsubscribe();
    waiting.unsubscribe();
    await turn();
    expect([seen, idle.said]).toEqual([
      [0, 1],
      ["open", "cancel"],
    ]);
  });

  test("cancelling the web stream, and by leaving its loop", async () => {
    const cancelled = create(3, false);
    const reader = cancelled.handle.toReadableStream().getReader();
    expect((await reader.read()).value).toBe(0);
    await reader.cancel("enough");
    expect(cancelled.said).toEqual(["open", "cancel"]);
    const left = create(3, false);
    for await (const value of left.handle.toReadableStream() as unknown as AsyncIterable<unknown>)
      if (value === 1) break;
    expect(left.said).toEqual(["open", "cancel"]);
  });
});

describe("from() of RxJS", () => {
  test("takes a handle, gets every item, and completes", async () => {
    const { handle, said } = create(3);
    const items = await new Promise((resolve, reject) => {
      from(handle).pipe(toArray()).subscribe({ next: resolve, error: reject });
    });
    expect(items).toEqual([0, 1, 2]);
    expect(said).toEqual(["open"]);
  });

  test("take(2) cancels the call after the second item", async () => {
    const { handle, said } = create(5, false);
    const seen: unknown[] = [];
    await new Promise<void>((resolve) => {
      from(handle)
        .pipe(take(2))
        .subscribe({ next: (value) => seen.push(value), complete: resolve });
    });
    await turn();
    expect([seen, said]).toEqual([
      [0, 1],
      ["open", "cancel"],
    ]);
  });

  test("hears of an error after the items before it", async () => {
    const { handle, streams } = create(2, false);
    const seen: unknown[] = [];
    from(handle).subscribe({ next: (value) => seen.push(value), error: (error) => seen.push(error) });
    await turn();
    streams[0]?.fail("broke");
    await turn();
    expect(seen).toEqual([0, 1, "broke"]);
  });
});

describe("the web stream", () => {
  test("reads nothing ahead by itself", async () => {
    const { handle, said } = create(3, false);
    const reader = handle.toReadableStream().getReader();
    await turn();
    expect(said).toEqual([]);
    await reader.read();
    await turn();
    // One of three items was taken: too few for an ack, and all that was asked for.
    expect(said).toEqual(["open"]);
  });

  test("ends, and fails, as the stream does", async () => {
    const ended = create(1).handle.toReadableStream().getReader();
    expect(await ended.read()).toEqual({ done: false, value: 0 });
    expect(await ended.read()).toEqual({ done: true, value: undefined });
    const failing = create(1, false);
    const reader = failing.handle.toReadableStream().getReader();
    await reader.read();
    failing.streams[0]?.fail(new Error("broke"));
    await expect(reader.read()).rejects.toThrow("broke");
  });
});

test("an observer that throws ends the call, and hears of it", async () => {
  const { handle, said } = create(3, false);
  const error = await new Promise((resolve) => {
    handle["@@observable"]().subscribe({
      next: () => {
        throw new Error("cannot use it");
      },
      error: resolve,
    });
  });
  expect(error).toMatchObject({ message: "cannot use it" });
  expect(said).toEqual(["open", "cancel"]);
});

describe("an observer", () => {
  const seen: string[] = [];
  const broken = () => {
    throw new Error("mine");
  };
  const watch = (handle: ReturnType<typeof create>["handle"], observer: StreamObserver<unknown>) => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    seen.length = 0;
    return handle["@@observable"]().subscribe(observer);
  };
  /** What the tasks that were left behind throw, in their order. */
  const uncaught = async (): Promise<unknown[]> => {
    await turn();
    const thrown: unknown[] = [];
    while (jest.getTimerCount() > 0) {
      try {
        jest.advanceTimersToNextTimer();
      } catch (error) {
        thrown.push(error);
      }
    }
    return thrown;
  };
  const mine = new Error("mine");

  afterEach(() => {
    jest.useRealTimers();
  });

  test("whose complete throws hears nothing more; its error is reported as an uncaught one", async () => {
    const subscription = watch(create(1).handle, {
      next: () => seen.push("next"),
      complete: () => {
        seen.push("complete");
        broken();
      },
      error: () => seen.push("error"),
    });
    expect([await uncaught(), seen]).toEqual([[mine], ["next", "complete"]]);
    subscription.unsubscribe();
  });

  test("whose error throws is reported in the same way, and so is an error without anybody to hear it", async () => {
    const failing = create(0, false);
    watch(failing.handle, { error: broken, complete: () => seen.push("complete") });
    await turn();
    failing.streams[0]?.fail(new Error("broke"));
    expect([await uncaught(), seen]).toEqual([[mine], []]);
    const unheard = create(0, false);
    watch(unheard.handle, { complete: () => seen.push("complete") });
    await turn();
    unheard.streams[0]?.fail(new Error("broke"));
    expect([await uncaught(), seen]).toEqual([[new Error("broke")], []]);
  });

  test("that unsubscribes and throws then hears nothing, and what it threw is not lost", async () => {
    const { handle, said } = create(2, false);
    const subscription = watch(handle, {
      next: () => {
        seen.push("next");
        subscription.unsubscribe();
        broken();
      },
      error: () => seen.push("error"),
    });
    expect([await uncaught(), seen, said]).toEqual([[mine], ["next"], ["open", "cancel"]]);
  });

  test("that unsubscribes hears of no failure any more, and nobody else does", async () => {
    const { handle, streams } = create(1, false);
    const subscription = watch(handle, { error: () => seen.push("error") });
    await turn();
    subscription.unsubscribe();
    streams[0]?.fail(new Error("broke"));
    expect([await uncaught(), seen]).toEqual([[], []]);
  });
});
