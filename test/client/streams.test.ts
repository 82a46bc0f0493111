// The client's side of a stream, against a supervisor that the test plays.

import { describe, expect, test } from "@jest/globals";
import { decodeValue, encodeValue } from "../../src/protocol/values.js";
import { settle, supervisorTwin, type Accepted } from "./supervisor-twin.js";

const item = (value: unknown) => ({ done: false, value });
const over = { done: true, value: undefined };

async function connected() {
  const twin = supervisorTwin();
  await twin.start();
  /** Opens a stream by reading it once; the twin has its Invoke then. */
  const open = async (options?: Parameters<typeof twin.splice.stream>[2]) => {
    const items = twin.splice.stream("feed.ticks", { n: 1 }, options)[Symbol.asyncIterator]();
    const first = items.next();
    first.catch(() => undefined);
    await settle();
    const requestId = Number(twin.last.invokes().at(-1)?.requestId);
    return { items, first, requestId };
  };
  return { ...twin, twin, open };
}

const start = (on: Accepted, requestId: number, window = 4) => {
  on.send({ type: "StreamStart", requestId, window });
};
const chunk = (on: Accepted, requestId: number, sequence: number) => {
  on.send({ type: "StreamChunk", requestId, sequence, data: encodeValue(sequence) });
};
const sentBy = (on: Accepted, type: string) => on.received.filter((message) => message.type === type);

describe("a stream over a link", () => {
  test("is read item by item, acknowledged as it is read, and ends", async () => {
    const { twin, open } = await connected();
    const { items, first, requestId } = await open();
    expect(decodeValue(twin.last.invokes()[0]?.params ?? new Uint8Array())).toEqual({ n: 1 });
    expect(twin.last.invokes()[0]?.deadlineMs).toBe(0);
    start(twin.last, requestId);
    for (let n = 0; n < 3; n++) chunk(twin.last, requestId, n);
    await settle();
    expect([await first, await items.next(), await items.next()]).toEqual([item(0), item(1), item(2)]);
    await settle();
    twin.last.send({ type: "StreamEnd", requestId, totalChunks: 3 });
    expect(await items.next()).toEqual(over);
    expect(sentBy(twin.last, "StreamAck")).toMatchObject([
      { requestId, ackSequence: 0, window: 4 },
      { requestId, ackSequence: 2, window: 4 },
    ]);
    expect(sentBy(twin.last, "Cancel")).toEqual([]);
  });

  test("of a plain function is its one result", async () => {
    const { twin, open } = await connected();
    const { items, first, requestId } = await open();
    twin.last.answer(requestId, { sum: 3 });
    expect([await first, await items.next()]).toEqual([item({ sum: 3 }), over]);
  });

  test.each(["StreamError", "InvokeError"] as const)("ends with %s after what came", async (type) => {
    const { twin, open } = await connected();
    const { items, first, requestId } = await open();
    start(twin.last, requestId);
    chunk(twin.last, requestId, 0);
    chunk(twin.last, requestId, 1);
    const error = { requestId, code: 2003, message: "it died" };
    if (type === "StreamError") twin.last.send({ type, ...error });
    else twin.last.send({ type, ...error, kind: "System", details: null });
    await settle();
    expect([await first, await items.next()]).toEqual([item(0), item(1)]);
    await expect(items.next()).rejects.toMatchObject({
      code: 2003,
      kind: "System",
      functionName: "feed.ticks",
    });
    expect(await items.next()).toEqual(over);
  });

  test("is cancelled by breaking out, once, and what still comes of it is nobody's", async () => {
    const { twin, open } = await connected();
    const { items, first, requestId } = await open();
    start(twin.last, requestId);
    chunk(twin.last, requestId, 0);
    await first;
    await items.return?.();
    await settle();
    expect(sentBy(twin.last, "Cancel")).toEqual([{ type: "Cancel", requestId }]);
    // Not even a breach of it is any more.
    chunk(twin.last, requestId, 7);
    twin.last.send({ type: "StreamError", requestId, code: 2002, message: "cancelled" });
    await settle();
    expect(twin.link.connection).not.toBeNull();
    expect(await items.next()).toEqual(over);
  });

  test("is cancelled by its signal", async () => {
    const { twin, open } = await connected();
    const controller = new AbortController();
    const { first, requestId } = await open({ signal: controller.signal });
    controller.abort("enough");
    await expect(first).rejects.toMatchObject({ code: 2002, cause: "enough" });
    await settle();
    expect(sentBy(twin.last, "Cancel")).toEqual([{ type: "Cancel", requestId }]);
  });

  test("is given up at its deadline by this side, when the supervisor says nothing", async () => {
    const { twin, open } = await connected();
    const { first, requestId } = await open({ timeoutMs: 1000 });
    expect(twin.last.invokes()[0]?.deadlineMs).toBe(1000);
    start(twin.last, requestId);
    twin.clock.advance(2000);
    await expect(first).rejects.toMatchObject({ code: 2001 });
  });

  test("that has come to an end without its deadline leaves no timer", async () => {
    const { twin, open } = await connected();
    const { first, requestId } = await open();
    start(twin.last, requestId);
    twin.last.send({ type: "StreamEnd", requestId, totalChunks: 0 });
    expect(await first).toEqual(over);
    twin.clock.advance(100_000);
    expect(sentBy(twin.last, "Cancel")).toEqual([]);
  });

  test("ends with 3003 after what came when the link is lost", async () => {
    const { twin, open } = await connected();
    const { items, first, requestId } = await open();
    start(twin.last, requestId);
    for (let n = 0; n < 3; n++) chunk(twin.last, requestId, n);
    await settle();
    twin.last.peer.destroy();
    await settle();
    expect([await first, await items.next(), await items.next()]).toEqual([item(0), item(1), item(2)]);
    await expect(items.next()).rejects.toMatchObject({ code: 3003 });
    expect(await items.next()).toEqual(over);
  });

  test("that nobody waits for any more is not sent when the link comes up", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    const items = twin.splice.stream("feed.ticks")[Symbol.asyncIterator]();
    const first = items.next();
    await settle();
    await items.return?.();
    expect(await first).toEqual(over);
    twin.state.isUp = true;
    for (let n = 0; n < 20; n++) {
      twin.clock.advance(1000);
      await settle();
    }
    expect(twin.accepted.length).toBeGreaterThan(1);
    expect(twin.last.invokes()).toEqual([]);
  });
});

describe("a supervisor that breaks the rules of streams loses the link", () => {
  test.each<[string, (on: Accepted, requestId: number) => void]>([
    [
      "with a chunk before the start",
      (on, id) => {
        chunk(on, id, 0);
      },
    ],
    [
      "with a start of 0",
      (on, id) => {
        start(on, id, 0);
      },
    ],
    [
      "with a start of 1025",
      (on, id) => {
        start(on, id, 1025);
      },
    ],
    [
      "with a second start",
      (on, id) => {
        start(on, id);
        start(on, id);
      },
    ],
    [
      "with a gap",
      (on, id) => {
        start(on, id);
        chunk(on, id, 1);
      },
    ],
    [
      "past the grant",
      (on, id) => {
        start(on, id, 1);
        for (let n = 0; n < 4; n++) chunk(on, id, n);
      },
    ],
    [
      "with a wrong total",
      (on, id) => {
        start(on, id);
        on.send({ type: "StreamEnd", requestId: id, totalChunks: 1 });
      },
    ],
  ])("%s: 3003, for its other calls too", async (_, misbehave) => {
    const { twin, open } = await connected();
    const { items, first, requestId } = await open();
    const call = twin.call();
    await settle();
    misbehave(twin.last, requestId);
    await settle();
    expect(await call).toMatchObject({ code: 3003 });
    // After what was right, which is two items at most.
    const steps: unknown[] = [];
    for (const step of [first, items.next(), items.next(), items.next()])
      steps.push(await step.catch((error: unknown) => (error as { code: number }).code));
    expect(steps.filter((step) => step === 3003)).toHaveLength(1);
    expect(steps.at(-1)).toEqual(over);
  });
});

describe("a plain call of a streaming function", () => {
  test("that nobody knew of is cancelled at its StreamStart, and ends with a word on stream()", async () => {
    const { twin, call } = await connected();
    const answer = call();
    await settle();
    const requestId = Number(twin.last.invokes()[0]?.requestId);
    start(twin.last, requestId);
    await settle();
    expect(await answer).toMatchObject({ code: 2002, message: expect.stringContaining("stream()") });
    expect(sentBy(twin.last, "Cancel")).toEqual([{ type: "Cancel", requestId }]);
    // From then on it is known.
    expect(await call()).toMatchObject({ code: 1001, message: expect.stringContaining("stream()") });
    expect([twin.splice.isStreaming("f"), twin.last.invokes().length]).toEqual([true, 1]);
  });
});
