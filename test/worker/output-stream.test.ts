// What a streaming function yields, and what becomes of it: over a real socket pair, in frames.

import { afterEach, describe, expect, test } from "@jest/globals";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import type { Message } from "../../src/protocol/index.js";
import { decodeValue } from "../../src/protocol/values.js";
import type { Context } from "../../src/contract/context-type.js";
import { fn } from "../../src/worker/fn.js";
import { serve, type Functions, type Served } from "./served.js";

let served: Served;

afterEach(async () => {
  await served.close();
});

async function start(functions: Functions, windowChunks = 4, maxFrameBytes = 1_000_000): Promise<void> {
  served = await serve(functions, windowChunks, maxFrameBytes);
}

/** What came of a request, in short. */
function shown(message: Message): string {
  switch (message.type) {
    case "StreamStart":
      return `start ${String(message.window)}`;
    case "StreamChunk":
      return `${String(message.sequence)}: ${JSON.stringify(decodeValue(message.data))}`;
    case "StreamEnd":
      return `end ${String(message.totalChunks)}`;
    case "InvokeError":
      return `error ${String(message.code)}`;
    default:
      return message.type;
  }
}
const came = (requestId: number) =>
  served.peer.received
    .filter((message) => "requestId" in message && message.requestId === requestId)
    .map(shown);

const ackOf = (requestId: number, ackSequence: number, window: number): Message => ({
  type: "StreamAck",
  requestId,
  ackSequence,
  window,
});

/** A round trip: whatever the worker had to say before is here. */
async function settled(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    served.peer.send({ type: "HealthCheck" });
    await served.peer.next("HealthStatus");
  }
}

const activeRequests = async () => {
  served.peer.send({ type: "HealthCheck" });
  return (await served.peer.next("HealthStatus")).activeRequests;
};

describe("items are sent", () => {
  test("in their order, as an async generator yields them, with their number at the end", async () => {
    await start({
      ticks: async function* ({ n }: { n: number }) {
        for (let i = 0; i < n; i++) yield await Promise.resolve(i * 10);
      },
    });
    served.peer.invoke(1, "ticks", { n: 3 });
    expect((await served.peer.next("StreamEnd", 1)).totalChunks).toBe(3);
    expect(came(1)).toEqual(["start 4", "0: 0", "1: 10", "2: 20", "end 3"]);
    served.peer.invoke(2, "ticks", { n: 0 });
    await served.peer.next("StreamEnd", 2);
    expect(came(2)).toEqual(["start 4", "end 0"]);
    expect(await activeRequests()).toBe(0);
  });

  test.each<[string, () => unknown]>([
    [
      "an AsyncIterable that is no generator",
      () => ({
        [Symbol.asyncIterator]: () => {
          let n = 0;
          return {
            next: () =>
              Promise.resolve(n < 2 ? { done: false, value: n++ } : { done: true, value: undefined }),
          };
        },
      }),
    ],
    [
      "a ReadableStream",
      () =>
        new ReadableStream({
          start(controller) {
            controller.enqueue(0);
            controller.enqueue(1);
            controller.close();
          },
        }),
    ],
    [
      "a generator that is not asynchronous",
      function* () {
        yield 0;
        yield 1;
      },
    ],
    ["a set", () => new Set([0, 1])],
    ["a promise of one", async () => Promise.resolve(new Set([0, 1]))],
    [
      "a generator of promises",
      function* () {
        yield Promise.resolve(0);
        yield Promise.resolve(1);
      },
    ],
  ])("of %s that fn({ stream: true }) returns", async (_, handler) => {
    await start({ s: fn({ stream: true }, handler as () => AsyncIterable<unknown>) });
    served.peer.invoke(1, "s");
    await served.peer.next("StreamEnd", 1);
    expect(came(1)).toEqual(["start 4", "0: 0", "1: 1", "end 2"]);
  });

  test("when there is credit for them, and no item is asked of the function before", async () => {
    let asked = 0;
    await start({
      ticks: async function* () {
        for (;;) yield await Promise.resolve(asked++);
      },
    });
    served.peer.invoke(1, "ticks");
    await served.peer.next("StreamChunk", 1);
    await settled();
    expect([came(1), asked]).toEqual([["start 4", "0: 0", "1: 1", "2: 2", "3: 3"], 4]);
    served.peer.send(ackOf(1, 1, 4));
    await settled();
    expect([came(1).slice(5), asked]).toEqual([["4: 4", "5: 5"], 6]);
    // A window of 0 pauses, and the same ack with another one goes on.
    served.peer.send(ackOf(1, 5, 0));
    await settled();
    expect(asked).toBe(6);
    served.peer.send(ackOf(1, 5, 1));
    await settled();
    expect([came(1).slice(7), asked]).toEqual([["6: 6"], 7]);
    served.peer.send({ type: "Cancel", requestId: 1 });
    expect(await served.peer.error(1)).toMatchObject({ code: 2002 });
  });

  test("up to 1 MiB that is not acknowledged; one that does not fit waits, made already", async () => {
    let asked = 0;
    await start(
      {
        blobs: async function* () {
          for (;;) {
            asked++;
            yield await Promise.resolve(new Uint8Array(400_000));
          }
        },
      },
      64,
    );
    served.peer.invoke(1, "blobs");
    await served.peer.next("StreamStart", 1);
    const sent = () => served.peer.received.filter(({ type }) => type === "StreamChunk").length;
    await served.peer.next("StreamChunk", 1);
    await served.peer.next("StreamChunk", 1);
    await settled();
    expect([sent(), asked]).toEqual([2, 3]);
    served.peer.send(ackOf(1, 0, 64));
    await served.peer.next("StreamChunk", 1);
    await settled();
    expect([sent(), asked]).toEqual([3, 4]);
    served.peer.send({ type: "Cancel", requestId: 1 });
    await served.peer.error(1);
    expect(sent()).toBe(3);
  });

  test("of a stream that never waits, and frames come in all the same", async () => {
    let made = 0;
    await start(
      {
        busy: fn({ stream: true }, function* () {
          for (; ; made++) {
            for (const untilMs = performance.now() + 1; performance.now() < untilMs;);
            yield made;
          }
        } as never),
      },
      1024,
    );
    served.peer.invoke(1, "busy");
    await served.peer.next("StreamChunk", 1);
    served.peer.send({ type: "Cancel", requestId: 1 });
    expect(await served.peer.error(1)).toMatchObject({ code: 2002 });
    // Its credit was not used up: it was heard between two items.
    expect(made).toBeLessThan(1000);
  });
});

describe("a Cancel", () => {
  test.each([["runs its finally"], ["throws in its finally"], ["yields in its finally"]])(
    "ends a generator that %s: the call ends with 2002, once",
    async (how) => {
      const happened: string[] = [];
      await start({
        ticks: async function* () {
          try {
            for (;;) yield await Promise.resolve(1);
          } finally {
            happened.push("finally");
            if (how.startsWith("throws")) throw new Error("in the finally");
            if (how.startsWith("yields")) yield 2;
          }
        },
      });
      served.peer.invoke(1, "ticks");
      await served.peer.next("StreamChunk", 1);
      await settled();
      served.peer.send({ type: "Cancel", requestId: 1 });
      expect(await served.peer.error(1)).toMatchObject({ code: 2002, kind: "Cancelled" });
      await settled();
      expect(happened).toEqual(["finally"]);
      expect(came(1).slice(5)).toEqual(["CancelAck", "error 2002"]);
      expect(await activeRequests()).toBe(0);
    },
  );

  test("that comes while the generator works aborts its signal; what it yields then is not sent", async () => {
    await start({
      patient: async function* (_: unknown, { signal }: Context) {
        yield 1;
        await new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
        });
        yield 2;
      },
    });
    served.peer.invoke(1, "patient");
    await served.peer.next("StreamChunk", 1);
    served.peer.send({ type: "Cancel", requestId: 1 });
    await served.peer.error(1);
    await settled();
    expect(came(1)).toEqual(["start 4", "0: 1", "CancelAck", "error 2002"]);
  });

  test("cancels a ReadableStream", async () => {
    let reason: unknown = "none";
    await start({
      s: fn(
        { stream: true },
        () =>
          new ReadableStream({
            pull(controller) {
              controller.enqueue(1);
            },
            cancel() {
              reason = "cancelled";
            },
          }),
      ),
    });
    served.peer.invoke(1, "s");
    await served.peer.next("StreamChunk", 1);
    served.peer.send({ type: "Cancel", requestId: 1 });
    expect(await served.peer.error(1)).toMatchObject({ code: 2002 });
    expect(reason).toBe("cancelled");
  });

  test("before the items were there ends the call all the same, and returns them", async () => {
    let isReturned = false;
    await start({
      slow: fn({ stream: true }, async (_: unknown, { signal }: Context) => {
        await new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
        });
        return (async function* () {
          try {
            yield await Promise.resolve(1);
          } finally {
            isReturned = true;
          }
        })();
      }),
    });
    served.peer.invoke(1, "slow");
    await settled();
    served.peer.send({ type: "Cancel", requestId: 1 });
    expect(await served.peer.error(1)).toMatchObject({ code: 2002 });
    expect(came(1).filter((each) => each.includes(":"))).toEqual([]);
    // A generator that was never begun has no finally to run.
    expect(isReturned).toBe(false);
    expect(await activeRequests()).toBe(0);
  });
});

describe("a stream ends with an error", () => {
  test("when the function throws: after the items before it, with what it threw", async () => {
    await start({
      fails: async function* () {
        yield await Promise.resolve(1);
        throw Object.assign(new TypeError("out of bread"), { data: { left: 0 } });
      },
    });
    served.peer.invoke(1, "fails");
    expect(await served.peer.error(1)).toMatchObject({
      code: 2000,
      message: "out of bread",
      details: { name: "TypeError", data: { left: 0 } },
    });
    expect(came(1)).toEqual(["start 4", "0: 1", "error 2000"]);
    expect(await activeRequests()).toBe(0);
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["a number", 7],
    ["a text", "text"],
    ["a list", [1, 2]],
    ["an object", { a: 1 }],
  ])("when it returns %s instead of items: no stream begins", async (_, returned) => {
    await start({ s: fn({ stream: true }, (() => returned) as () => AsyncIterable<unknown>) });
    served.peer.invoke(1, "s");
    expect(await served.peer.error(1)).toMatchObject({ code: 2000, details: { name: "NoItemsError" } });
    expect(came(1)).toEqual(["error 2000"]);
  });

  test.each<[string, unknown, object]>([
    ["cannot be carried", { deep: [new Map()] }, { name: "UnserialisableResult", path: "item.deep[0]" }],
    ["is larger than a frame", new Uint8Array(2000), { name: "ResultTooLarge", limit: 1000 }],
  ])("when an item %s: what came before is valid, and its generator is ended", async (_, value, details) => {
    let isOver = false;
    await start(
      {
        odd: async function* () {
          try {
            yield await Promise.resolve(1);
            yield value;
          } finally {
            isOver = true;

            throw new Error("in the finally");
          }
        },
      },
      4,
      1000,
    );
    served.peer.invoke(1, "odd");
    expect(await served.peer.error(1)).toMatchObject({ code: 2000, kind: "System", details });
    expect(came(1)).toEqual(["start 4", "0: 1", "error 2000"]);
    expect([isOver, await activeRequests()]).toEqual([true, 0]);
  });

  test("when an iterator gives what no step is", async () => {
    const broken = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(5) }) };
    await start({
      broken: fn({ stream: true }, (() => broken) as never),
      half: fn({ stream: true }, (() => ({ [Symbol.asyncIterator]: () => ({}) })) as never),
    });
    served.peer.invoke(1, "broken");
    served.peer.invoke(2, "half");
    expect(await served.peer.error(1)).toMatchObject({ code: 2000 });
    expect(await served.peer.error(2)).toMatchObject({ code: 2000 });
    expect(await activeRequests()).toBe(0);
  });
});

describe("the schema of `returns`", () => {
  const even: StandardSchema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        if (typeof value !== "number") return { issues: [{ message: "is no number" }] };
        if (value === 8) throw new Error("the schema is broken");
        if (value === 4) return Promise.resolve({ value: "four" });
        return value % 2 === 0 ? { value: value + 100 } : { issues: [{ message: "is odd" }] };
      },
    },
  };
  const serveEven = (...items: unknown[]) =>
    start({
      s: fn({ stream: true, returns: even }, async function* () {
        for (const value of items) yield await Promise.resolve(value);
      }),
    });

  test("checks each item, and what it makes of one is sent, at once or later", async () => {
    await serveEven(2, 4, 6);
    served.peer.invoke(1, "s");
    await served.peer.next("StreamEnd", 1);
    expect(came(1)).toEqual(["start 4", "0: 102", '1: "four"', "2: 106", "end 3"]);
  });

  test.each([
    ["does not fit", 3],
    ["makes it fail", 8],
  ])("ends the stream at an item that %s: 2000, after those before it", async (_, odd) => {
    await serveEven(2, odd, 6);
    served.peer.invoke(1, "s");
    expect(await served.peer.error(1)).toMatchObject({ code: 2000 });
    expect(came(1)).toEqual(["start 4", "0: 102", "error 2000"]);
  });

  test("sees the items of a generator that yields promises, not the promises", async () => {
    await start({
      s: fn({ stream: true, returns: even }, function* () {
        yield Promise.resolve(2);
      } as never),
    });
    served.peer.invoke(1, "s");
    await served.peer.next("StreamEnd", 1);
    expect(came(1)).toEqual(["start 4", "0: 102", "end 1"]);
  });
});

describe("a StreamAck", () => {
  test.each([
    ["above what was sent", ackOf(1, 99, 4), "a StreamAck was of chunk 99, but 4 were sent"],
    ["of more than 1024", ackOf(1, 0, 1025), "a StreamAck granted 1025 chunks"],
    ["of a plain call", ackOf(2, 0, 4), "a StreamAck came for a call that has not started its stream"],
  ])("%s is the supervisor's fault: the worker ends", async (_, message, reason) => {
    await start({
      ticks: async function* () {
        for (;;) yield await Promise.resolve(1);
      },
      plain: async () => new Promise(() => undefined),
    });
    served.peer.invoke(1, "ticks");
    served.peer.invoke(2, "plain");
    await settled();
    served.peer.send(message);
    while (served.happened.length === 0) await new Promise(setImmediate);
    expect(served.happened[0]).toContain(reason);
  });

  test("of a call that is over, or was never, is dropped", async () => {
    await start({
      ticks: async function* () {
        yield await Promise.resolve(1);
      },
    });
    served.peer.invoke(1, "ticks");
    await served.peer.next("StreamEnd", 1);
    served.peer.send(ackOf(1, 99, 4), ackOf(7, 0, 4));
    await settled();
    expect(served.happened).toEqual([]);
  });
});

test("a Shutdown waits for the streams, and its ack comes behind their last frame", async () => {
  await start({
    ticks: async function* () {
      for (let n = 0; n < 6; n++) yield await Promise.resolve(n);
    },
  });
  served.peer.invoke(1, "ticks");
  await settled();
  served.peer.send({ type: "Shutdown" });
  await settled();
  expect(served.peer.received.some(({ type }) => type === "ShutdownAck")).toBe(false);
  served.peer.send(ackOf(1, 3, 4));
  await served.peer.next("ShutdownAck");
  expect(served.peer.received.map(shown).slice(-2)).toEqual(["end 6", "ShutdownAck"]);
});

test("a peer that reads nothing has streams wait, not fill the worker's memory; answers of others are not kept back for ever", async () => {
  let made = 0;
  await start(
    {
      blobs: async function* () {
        for (; made < 10_000; made++) yield await Promise.resolve(new Uint8Array(60_000));
      },
    },
    1024,
  );
  // Acks of what was never read: the link alone holds the streams back.
  served.socket.pause();
  for (let id = 1; id <= 64; id++) served.peer.invoke(id, "blobs");
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  const whilePaused = made;
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  expect(made).toBe(whilePaused);
  // About a quarter of a mebibyte and one item for each stream, and what the kernel holds.
  expect(made).toBeLessThan(150);
  served.socket.resume();
  while (made === whilePaused) await new Promise(setImmediate);
});

test("large items of many streams keep an answer waiting for one or two of them, not for all", async () => {
  await start(
    {
      blob: async function* () {
        yield await Promise.resolve(new Uint8Array(8_000_000));
      },
      echo: () => "here",
    },
    4,
    10_000_000,
  );
  for (let id = 1; id <= 20; id++) served.peer.invoke(id, "blob");
  await served.peer.next("StreamChunk");
  served.peer.invoke(21, "echo");
  expect(await served.peer.result(21)).toBe("here");
  expect(served.peer.received.filter(({ type }) => type === "StreamChunk").length).toBeLessThan(6);
  for (let id = 1; id <= 20; id++) await served.peer.next("StreamEnd", id);
});
