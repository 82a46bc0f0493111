import { describe, expect, test } from "@jest/globals";
import { getEventListeners } from "node:events";
import { StreamReading } from "../../src/contract/reading.js";
import type { StreamOptions } from "../../src/contract/splice.js";
import { encodeValue } from "../../src/protocol/values.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

function read(options: StreamOptions = {}, window = 4) {
  const clock = createVirtualClock();
  const said: string[] = [];
  const reading = new StreamReading("feed.ticks", options, {
    clock,
    acknowledge: (sequence) => said.push(`ack ${String(sequence)}`),
    cancel: () => said.push("cancel"),
    over: () => undefined,
  });
  reading.items.start(window);
  let sequence = 0;
  /** What both kinds of caller do when an item comes. */
  const send = (value: unknown): void => {
    reading.items.chunk(sequence++, encodeValue(value));
    reading.heard();
  };
  const end = (): void => {
    reading.ended();
    reading.items.end(sequence);
  };
  return { clock, said, reading, items: reading.items, send, end };
}

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;
const item = (value: unknown) => ({ done: false, value });
const over = { done: true, value: undefined };

describe("the reader's signal", () => {
  test("ends the stream with 2002 and its reason, drops what was not read, and cancels the call", async () => {
    const controller = new AbortController();
    const { items, said, send } = read({ signal: controller.signal });
    send(1);
    send(2);
    expect(await items.next()).toEqual(item(1));
    controller.abort("enough");
    await expect(items.next()).rejects.toMatchObject({
      code: 2002,
      functionName: "feed.ticks",
      cause: "enough",
    });
    expect(await items.next()).toEqual(over);
    expect(said).toEqual(["cancel"]);
    expect(listeners(controller.signal)).toBe(0);
  });

  test("ends a reader that waits", async () => {
    const controller = new AbortController();
    const { items } = read({ signal: controller.signal });
    const waiting = items.next();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 2002 });
  });

  test("holds for what lies there unread, although the call has its end: nobody is left to cancel", async () => {
    for (const how of ["end", "error", "result"] as const) {
      const controller = new AbortController();
      const { items, said, send, end, reading } = read({ signal: controller.signal });
      if (how === "result") reading.result(encodeValue(1));
      else {
        send(1);
        send(2);
        expect(await items.next()).toEqual(item(1));
        if (how === "end") end();
        else reading.failed(new Error("broke"));
      }
      controller.abort("enough");
      await expect(items.next()).rejects.toMatchObject({ code: 2002, cause: "enough" });
      expect(await items.next()).toEqual(over);
      expect(said).toEqual([]);
      expect(listeners(controller.signal)).toBe(0);
    }
  });

  test.each(["end", "error", "break", "undecodable", "result"])(
    "is left alone once all has been read, after %s",
    async (how) => {
      const controller = new AbortController();
      const { items, send, end, reading } = read({ signal: controller.signal });
      if (how === "result") reading.result(encodeValue(1));
      else send(1);
      if (how === "undecodable") {
        items.chunk(1, Uint8Array.of(0xc1));
        await items.next();
        await expect(items.next()).rejects.toMatchObject({ code: 3000 });
      } else if (how === "break") await items.return();
      else {
        if (how === "end") end();
        if (how === "error") reading.failed(new Error("broke"));
        await items.next();
        if (how === "error") await expect(items.next()).rejects.toThrow("broke");
        else expect(await items.next()).toEqual(over);
      }
      expect(listeners(controller.signal)).toBe(0);
      controller.abort();
      expect(await items.next()).toEqual(over);
    },
  );
});

describe("idleTimeoutMs", () => {
  test("cancels with 2001 when nothing comes for a reader that waits", async () => {
    const { clock, items, said, send } = read({ idleTimeoutMs: 100 });
    send(1);
    expect(await items.next()).toEqual(item(1));
    const waiting = items.next();
    clock.advance(99);
    expect(said).toEqual(["ack 0"]);
    clock.advance(1);
    await expect(waiting).rejects.toMatchObject({ code: 2001, functionName: "feed.ticks" });
    expect(said).toEqual(["ack 0", "cancel"]);
    expect(clock.timerCount).toBe(0);
  });

  test("counts from the beginning too", async () => {
    const { clock, items } = read({ idleTimeoutMs: 100 });
    const waiting = items.next();
    clock.advance(100);
    await expect(waiting).rejects.toMatchObject({ code: 2001 });
  });

  test("starts anew with every item", async () => {
    const { clock, items, send } = read({ idleTimeoutMs: 100 });
    for (let n = 0; n < 5; n++) {
      const waiting = items.next();
      clock.advance(99);
      send(n);
      expect(await waiting).toEqual(item(n));
    }
  });

  test("does not count while the reader is busy, however long; its waiting counts from its beginning", async () => {
    const { clock, items, said, send } = read({ idleTimeoutMs: 100 }, 1);
    send(1);
    // All that time the producer had no credit: the reader had not taken what there was.
    clock.advance(99);
    expect(await items.next()).toEqual(item(1));
    const waiting = items.next();
    clock.advance(99);
    expect(said).toEqual(["ack 0"]);
    clock.advance(1);
    await expect(waiting).rejects.toMatchObject({ code: 2001 });
  });

  test("sets no timer of its own once the stream is over, nor without it", async () => {
    for (const idleTimeoutMs of [undefined, 0, Infinity]) {
      const { clock, items } = read({ idleTimeoutMs });
      void items.next();
      expect(clock.timerCount).toBe(0);
    }
    const { clock, items, end } = read({ idleTimeoutMs: 100 });
    const waiting = items.next();
    end();
    expect(await waiting).toEqual(over);
    expect(clock.timerCount).toBe(0);
  });

  test.each([[-1], [NaN], ["100"], [null]])("of %p makes no sense", (idleTimeoutMs) => {
    expect(() => read({ idleTimeoutMs: idleTimeoutMs as number })).toThrow(
      expect.objectContaining({ code: 1000 }),
    );
  });
});

test("an item that cannot be read is 3000, and the call is cancelled", async () => {
  const { items, said } = read();
  items.chunk(0, Uint8Array.of(0xc1));
  await expect(items.next()).rejects.toMatchObject({ code: 3000, functionName: "feed.ticks" });
  expect(said).toEqual(["cancel"]);
});

test("so is a result that cannot be read, of a call that is over", async () => {
  const { items, reading, said } = read();
  reading.result(Uint8Array.of(0xc1));
  await expect(items.next()).rejects.toMatchObject({ code: 3000 });
  expect(said).toEqual([]);
});

test("a signal that cannot be let go of keeps nobody from the end", async () => {
  const { signal } = new AbortController();
  signal.removeEventListener = () => {
    throw new Error("not now");
  };
  const { items, send, end } = read({ signal });
  send(1);
  end();
  expect([await items.next(), await items.next()]).toEqual([item(1), over]);
});
