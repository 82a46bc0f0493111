// A Cancel that meets a stream which waits for its next item: whatever the items come from, the call ends at once, and
// what they come from is told. How generators end is in output-stream.test.ts.

import { expect, test } from "@jest/globals";
import { Readable } from "node:stream";
import { fn } from "../../src/worker/fn.js";
import { useServed } from "./streamed.js";

const { on, start, came, activeRequests } = useServed();

/** One item, then a step that ends when it is told to, or never. */
class Waiting implements AsyncIterableIterator<number> {
  steps = 0;

  next(): Promise<IteratorResult<number>> {
    this.steps += 1;
    if (this.steps === 1) return Promise.resolve({ done: false, value: 1 });
    return new Promise(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

class Told extends Waiting {
  constructor(readonly happened: string[]) {
    super();
  }

  async return(): Promise<IteratorResult<number>> {
    this.happened.push("told");
    await new Promise(setImmediate);
    this.happened.push("tidy");
    return { done: true, value: undefined };
  }
}

class Throwing extends Waiting {
  return(): Promise<IteratorResult<number>> {
    throw new Error("It does not want to.");
  }
}

const webStream = (happened: string[]) =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(1);
    },
    async cancel() {
      happened.push("told");
      await new Promise(setImmediate);
      happened.push("tidy");
    },
  });

const readable = (happened: string[]) => {
  const source = new Readable({
    objectMode: true,
    read: () => undefined,
    destroy(_error, done) {
      happened.push("told", "tidy");
      done(null);
    },
  });
  source.push(1);
  return source;
};

test.each<[string, (happened: string[]) => unknown, string[]]>([
  ["a ReadableStream", webStream, ["told", "tidy"]],
  ["a Readable", readable, ["told", "tidy"]],
  ["an iterator of its own", (happened) => new Told(happened), ["told", "tidy"]],
  ["an iterator that cannot be told", () => new Waiting(), []],
  ["an iterator that throws when it is told", () => new Throwing(), []],
])("%s is left in the middle of a step: told once, and the call ends after that", async (_, make, told) => {
  const happened: string[] = [];
  await start({ s: fn({ stream: true }, () => make(happened) as AsyncIterable<unknown>) });
  on.peer.invoke(1, "s");
  await on.peer.next("StreamChunk", 1);
  await new Promise(setImmediate);
  on.peer.send({ type: "Cancel", requestId: 1 });
  expect(await on.peer.error(1)).toMatchObject({ code: 2002 });
  expect(happened).toEqual(told);
  expect(came(1)).toEqual(["start 4", "0: 1", "CancelAck", "error 2002"]);
  expect(await activeRequests()).toBe(0);
});

test.each<[string, (happened: string[]) => unknown]>([
  ["a ReadableStream", webStream],
  ["a Readable", readable],
  ["an iterator of its own", (happened) => new Told(happened)],
])("%s that waits for credit is told once as well", async (_, make) => {
  const happened: string[] = [];
  await start({ s: fn({ stream: true }, () => make(happened) as AsyncIterable<unknown>) }, 1);
  on.peer.invoke(1, "s");
  await on.peer.next("StreamChunk", 1);
  await new Promise(setImmediate);
  on.peer.send({ type: "Cancel", requestId: 1 });
  expect(await on.peer.error(1)).toMatchObject({ code: 2002 });
  expect(happened).toEqual(["told", "tidy"]);
  expect(await activeRequests()).toBe(0);
});

test("a Readable that fails ends its stream with what it failed of", async () => {
  await start({
    failing: fn({ stream: true }, () => {
      const source = new Readable({ objectMode: true, read: () => undefined });
      source.push(1);
      setImmediate(() => source.destroy(new Error("The disk is gone.")));
      return source;
    }),
  });
  on.peer.invoke(1, "failing");
  expect(await on.peer.error(1)).toMatchObject({ code: 2000, message: "The disk is gone." });
});
