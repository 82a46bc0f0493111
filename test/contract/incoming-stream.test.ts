import { describe, expect, test } from "@jest/globals";
import { IncomingStream } from "../../src/contract/incoming-stream.js";

/** A stream of bytes whose items are their first byte; 255 cannot be decoded. Notes what it says to its producer. */
function create(window?: number) {
  const said: string[] = [];
  const stream = new IncomingStream({
    decode: (data) => {
      if (data[0] === 255) throw new Error("not a value");
      return data[0];
    },
    acknowledge: (sequence, granted) => said.push(`ack ${String(sequence)} +${String(granted)}`),
    cancel: () => said.push("cancel"),
  });
  if (window !== undefined) stream.start(window);
  return { stream, said };
}

const item = (value: unknown) => ({ done: false, value });
const over = { done: true, value: undefined };

/** Whether the promise has been settled by now. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const marker = Symbol();
  return (await Promise.race([promise, Promise.resolve(marker)])) === marker;
}

describe("items", () => {
  test("that have come wait for their reader, and a reader waits for those that have not", async () => {
    const { stream } = create(4);
    stream.chunk(0, Uint8Array.of(10));
    expect(await stream.next()).toEqual(item(10));
    const second = stream.next();
    expect([await isPending(second), stream.isAwaited]).toEqual([true, true]);
    stream.chunk(1, Uint8Array.of(11));
    expect(stream.isAwaited).toBe(false);
    expect(await second).toEqual(item(11));
  });

  test("go to several waiting readers in the order of their asking, and the end to those that are left", async () => {
    const { stream } = create(4);
    const steps = [stream.next(), stream.next(), stream.next(), stream.next()];
    stream.chunk(0, Uint8Array.of(1));
    stream.chunk(1, Uint8Array.of(2));
    stream.end(2);
    expect(await Promise.all(steps)).toEqual([item(1), item(2), over, over]);
    expect(stream.isAwaited).toBe(false);
  });

  test("are all read before the end, and the end again and again", async () => {
    const { stream, said } = create(4);
    for (let n = 0; n < 3; n++) stream.chunk(n, Uint8Array.of(n));
    expect(stream.end(3)).toBeNull();
    const items: unknown[] = [];
    for await (const value of stream) items.push(value);
    expect(items).toEqual([0, 1, 2]);
    expect(await stream.next()).toEqual(over);
    // A call that is over is neither acknowledged nor cancelled.
    expect(said).toEqual([]);
  });

  test("none at all is a stream too", async () => {
    const { stream } = create(1);
    expect(stream.end(0)).toBeNull();
    expect(await stream.next()).toEqual(over);
  });

  test("are acknowledged when they are read, not when they come", async () => {
    const { stream, said } = create(4);
    for (let n = 0; n < 4; n++) stream.chunk(n, Uint8Array.of(n));
    expect(said).toEqual([]);
    for (let n = 0; n < 3; n++) await stream.next();
    expect(said).toEqual(["ack 1 +4"]);
    await stream.next();
    expect(said).toEqual(["ack 1 +4", "ack 3 +4"]);
  });

  test("handed to a waiting reader are acknowledged at once: it has all that has come", () => {
    const { stream, said } = create(64);
    void stream.next();
    stream.chunk(0, Uint8Array.of(0));
    expect(said).toEqual(["ack 0 +64"]);
  });

  test("of many chunks keep their order over several buffers", async () => {
    const { stream } = create(1024);
    const read: unknown[] = [];
    let sequence = 0;
    for (let round = 0; round < 20; round++) {
      for (let n = 0; n <= round; n++) stream.chunk(sequence, Uint8Array.of(sequence++ % 250));
      for (let n = 0; n < round; n++) read.push((await stream.next()).value);
    }
    stream.end(sequence);
    for await (const value of stream) read.push(value);
    expect(read).toEqual(Array.from({ length: sequence }, (_, n) => n % 250));
  });
});

describe("an error", () => {
  test("follows what has come, is told once, and is the end", async () => {
    const { stream } = create(4);
    stream.chunk(0, Uint8Array.of(1));
    stream.chunk(1, Uint8Array.of(2));
    stream.fail(new Error("broke"));
    expect([await stream.next(), await stream.next()]).toEqual([item(1), item(2)]);
    await expect(stream.next()).rejects.toThrow("broke");
    expect(await stream.next()).toEqual(over);
  });

  test("reaches the first of those that wait; the others see the end", async () => {
    const { stream } = create(4);
    const [first, second] = [stream.next(), stream.next()];
    stream.fail(new Error("broke"));
    await expect(first).rejects.toThrow("broke");
    expect(await second).toEqual(over);
  });

  test("after the end changes nothing", async () => {
    const { stream } = create(4);
    stream.chunk(0, Uint8Array.of(1));
    stream.end(1);
    stream.fail(new Error("too late"));
    expect([await stream.next(), await stream.next()]).toEqual([item(1), over]);
  });

  test("of the reader's own making drops what was not read, also what came before the end", async () => {
    for (const isEnded of [false, true]) {
      const { stream, said } = create(4);
      stream.chunk(0, Uint8Array.of(1));
      if (isEnded) stream.end(1);
      stream.abort(new Error("enough"));
      await expect(stream.next()).rejects.toThrow("enough");
      expect(await stream.next()).toEqual(over);
      expect(said).toEqual([]);
    }
  });

  test("of the reader's own making comes too late when all has been read", async () => {
    const { stream } = create(4);
    stream.end(0);
    stream.abort(new Error("enough"));
    expect(await stream.next()).toEqual(over);
  });
});

describe("a reader that breaks out", () => {
  test("drops what has come, tells the producer once, and hears no more", async () => {
    const { stream, said } = create(4);
    stream.chunk(0, Uint8Array.of(1));
    stream.chunk(1, Uint8Array.of(2));
    for await (const value of stream) {
      expect(value).toBe(1);
      break;
    }
    expect(said).toEqual(["cancel"]);
    // What was on its way is no breach, and nobody's item.
    expect(stream.chunk(2, Uint8Array.of(3))).toBeNull();
    stream.fail(new Error("too late"));
    expect(await stream.next()).toEqual(over);
    await stream.return();
    expect(said).toEqual(["cancel"]);
  });

  test("after the end tells nobody, and hears of no failure any more", async () => {
    const { stream, said } = create(4);
    stream.chunk(0, Uint8Array.of(1));
    stream.fail(new Error("broke"));
    expect(await stream.return()).toEqual(over);
    expect(await stream.next()).toEqual(over);
    expect(said).toEqual([]);
  });

  test("ends the readers that still wait", async () => {
    const { stream } = create(4);
    const waiting = stream.next();
    await stream.return();
    expect(await waiting).toEqual(over);
  });

  test("by throwing does the same", async () => {
    const { stream, said } = create(4);
    stream.chunk(0, Uint8Array.of(1));
    const reading = (async () => {
      for await (const value of stream) throw new Error(`cannot use ${String(value)}`);
    })();
    await expect(reading).rejects.toThrow("cannot use 1");
    expect(said).toEqual(["ack 0 +4", "cancel"]);
  });
});

describe("an item that cannot be decoded", () => {
  test("is its reader's error; nothing after it is read, and the producer is told", async () => {
    const { stream, said } = create(4);
    stream.chunk(0, Uint8Array.of(255));
    stream.chunk(1, Uint8Array.of(1));
    await expect(stream.next()).rejects.toThrow("not a value");
    expect(await stream.next()).toEqual(over);
    expect(said).toEqual(["cancel"]);
  });

  test("is the error of a reader that waits, too, and of no other", async () => {
    const { stream, said } = create(4);
    const [first, second] = [stream.next(), stream.next()];
    stream.chunk(0, Uint8Array.of(255));
    await expect(first).rejects.toThrow("not a value");
    expect(await second).toEqual(over);
    expect(said).toEqual(["cancel"]);
  });

  test("after the end is nobody's to cancel", async () => {
    const { stream, said } = create(4);
    stream.chunk(0, Uint8Array.of(255));
    stream.end(1);
    await expect(stream.next()).rejects.toThrow("not a value");
    expect(said).toEqual([]);
  });
});

test("a plain result is one item, read before or after it came", async () => {
  for (const isAwaited of [false, true]) {
    const { stream, said } = create();
    const early = isAwaited ? stream.next() : null;
    stream.single(null);
    expect(await (early ?? stream.next())).toEqual(item(null));
    expect(await stream.next()).toEqual(over);
    expect(said).toEqual([]);
  }
  const { stream } = create();
  await stream.return();
  stream.single(1);
  expect(await stream.next()).toEqual(over);
});

describe("a producer breaks the rules when", () => {
  test.each([
    ["its window is 0", 0, "it started with a window of 0, but 1 to 1024 are allowed"],
    ["its window is 1025", 1025, "it started with a window of 1025, but 1 to 1024 are allowed"],
  ])("%s", (_, window, breach) => {
    expect(create().stream.start(window)).toBe(breach);
  });

  test("it starts twice, sends before its start, or ends before it", () => {
    expect(create(4).stream.start(4)).toBe("it started twice");
    expect(create().stream.chunk(0, Uint8Array.of(1))).toBe("a chunk came before its start");
    expect(create().stream.end(0)).toBe("it ended before its start");
  });

  test("it leaves one out, repeats one, sends more than was granted, or lies about the total: nothing of it is read", async () => {
    const { stream } = create(2);
    stream.chunk(0, Uint8Array.of(1));
    expect(stream.chunk(2, Uint8Array.of(9))).toMatch(/came where 1 was due/);
    expect(stream.chunk(0, Uint8Array.of(9))).toMatch(/came where 1 was due/);
    expect(stream.end(2)).toMatch(/a total of 2 chunks after 1/);
    stream.chunk(1, Uint8Array.of(2));
    expect(stream.chunk(2, Uint8Array.of(9))).toMatch(/beyond the 1/);
    stream.fail(new Error("broke"));
    expect([await stream.next(), await stream.next()]).toEqual([item(1), item(2)]);
    await expect(stream.next()).rejects.toThrow("broke");
  });
});
