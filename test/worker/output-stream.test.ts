// What a streaming function yields, and what becomes of it: over a real socket pair, in frames. Its errors and schemas are
// in output-errors.test.ts.

import { describe, expect, test } from "@jest/globals";
import type { Context } from "../../src/contract/context-type.js";
import { fn } from "../../src/worker/fn.js";
import { ackOf, shown, useServed } from "./streamed.js";

const { on, start, came, settled, activeRequests } = useServed();

describe("items are sent", () => {
  test("in their order, as an async generator yields them, with their number at the end", async () => {
    await start({
      ticks: async function* ({ n }: { n: number }) {
        for (let i = 0; i < n; i++) yield await Promise.resolve(i * 10);
      },
    });
    on.peer.invoke(1, "ticks", { n: 3 });
    expect((await on.peer.next("StreamEnd", 1)).totalChunks).toBe(3);
    expect(came(1)).toEqual(["start 4", "0: 0", "1: 10", "2: 20", "end 3"]);
    on.peer.invoke(2, "ticks", { n: 0 });
    await on.peer.next("StreamEnd", 2);
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
    on.peer.invoke(1, "s");
    await on.peer.next("StreamEnd", 1);
    expect(came(1)).toEqual(["start 4", "0: 0", "1: 1", "end 2"]);
  });

  test("when there is credit for them, and no item is asked of the function before", async () => {
    let asked = 0;
    await start({
      ticks: async function* () {
        for (;;) yield await Promise.resolve(asked++);
      },
    });
    on.peer.invoke(1, "ticks");
    await on.peer.next("StreamChunk", 1);
    await settled();
    expect([came(1), asked]).toEqual([["start 4", "0: 0", "1: 1", "2: 2", "3: 3"], 4]);
    on.peer.send(ackOf(1, 1, 4));
    await settled();
    expect([came(1).slice(5), asked]).toEqual([["4: 4", "5: 5"], 6]);
    // A window of 0 pauses, and the same ack with another one goes on.
    on.peer.send(ackOf(1, 5, 0));
    await settled();
    expect(asked).toBe(6);
    on.peer.send(ackOf(1, 5, 1));
    await settled();
    expect([came(1).slice(7), asked]).toEqual([["6: 6"], 7]);
    on.peer.send({ type: "Cancel", requestId: 1 });
    expect(await on.peer.error(1)).toMatchObject({ code: 2002 });
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
    on.peer.invoke(1, "blobs");
    await on.peer.next("StreamStart", 1);
    const sent = () => on.peer.received.filter(({ type }) => type === "StreamChunk").length;
    await on.peer.next("StreamChunk", 1);
    await on.peer.next("StreamChunk", 1);
    await settled();
    expect([sent(), asked]).toEqual([2, 3]);
    on.peer.send(ackOf(1, 0, 64));
    await on.peer.next("StreamChunk", 1);
    await settled();
    expect([sent(), asked]).toEqual([3, 4]);
    on.peer.send({ type: "Cancel", requestId: 1 });
    await on.peer.error(1);
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
    on.peer.invoke(1, "busy");
    await on.peer.next("StreamChunk", 1);
    on.peer.send({ type: "Cancel", requestId: 1 });
    expect(await on.peer.error(1)).toMatchObject({ code: 2002 });
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
      on.peer.invoke(1, "ticks");
      await on.peer.next("StreamChunk", 1);
      await settled();
      on.peer.send({ type: "Cancel", requestId: 1 });
      expect(await on.peer.error(1)).toMatchObject({ code: 2002, kind: "Cancelled" });
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
    on.peer.invoke(1, "patient");
    await on.peer.next("StreamChunk", 1);
    on.peer.send({ type: "Cancel", requestId: 1 });
    await on.peer.error(1);
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
    on.peer.invoke(1, "s");
    await on.peer.next("StreamChunk", 1);
    on.peer.send({ type: "Cancel", requestId: 1 });
    expect(await on.peer.error(1)).toMatchObject({ code: 2002 });
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
    on.peer.invoke(1, "slow");
    await settled();
    on.peer.send({ type: "Cancel", requestId: 1 });
    expect(await on.peer.error(1)).toMatchObject({ code: 2002 });
    expect(came(1).filter((each) => each.includes(":"))).toEqual([]);
    // A generator that was never begun has no finally to run.
    expect(isReturned).toBe(false);
    expect(await activeRequests()).toBe(0);
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
    on.peer.invoke(1, "ticks");
    on.peer.invoke(2, "plain");
    await settled();
    on.peer.send(message);
    while (on.happened.length === 0) await new Promise(setImmediate);
    expect(on.happened[0]).toContain(reason);
  });

  test("of a call that is over, or was never, is dropped", async () => {
    await start({
      ticks: async function* () {
        yield await Promise.resolve(1);
      },
    });
    on.peer.invoke(1, "ticks");
    await on.peer.next("StreamEnd", 1);
    on.peer.send(ackOf(1, 99, 4), ackOf(7, 0, 4));
    await settled();
    expect(on.happened).toEqual([]);
  });
});

test("a Shutdown waits for the streams, and its ack comes behind their last frame", async () => {
  await start({
    ticks: async function* () {
      for (let n = 0; n < 6; n++) yield await Promise.resolve(n);
    },
  });
  on.peer.invoke(1, "ticks");
  await settled();
  on.peer.send({ type: "Shutdown" });
  await settled();
  expect(on.peer.received.some(({ type }) => type === "ShutdownAck")).toBe(false);
  on.peer.send(ackOf(1, 3, 4));
  await on.peer.next("ShutdownAck");
  expect(on.peer.received.map(shown).slice(-2)).toEqual(["end 6", "ShutdownAck"]);
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
  on.socket.pause();
  for (let id = 1; id <= 64; id++) on.peer.invoke(id, "blobs");
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  const whilePaused = made;
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  expect(made).toBe(whilePaused);
  // About a quarter of a mebibyte and one item for each stream, and what the kernel holds.
  expect(made).toBeLessThan(150);
  on.socket.resume();
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
  for (let id = 1; id <= 20; id++) on.peer.invoke(id, "blob");
  await on.peer.next("StreamChunk");
  on.peer.invoke(21, "echo");
  expect(await on.peer.result(21)).toBe("here");
  expect(on.peer.received.filter(({ type }) => type === "StreamChunk").length).toBeLessThan(6);
  for (let id = 1; id <= 20; id++) await on.peer.next("StreamEnd", id);
});
