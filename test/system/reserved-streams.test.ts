// Readers of feeds under credit, on a clock that the test moves: what reaches a slow one, and how each ends.

import { describe, expect, test } from "@jest/globals";
import type { Caller, CallFailure, StreamCaller } from "../../src/dispatch/call.js";
import { CallerShare } from "../../src/dispatch/caller-share.js";
import { streamingUnsupported } from "../../src/dispatch/failures.js";
import type { Log } from "../../src/log.js";
import { decodeValue, encodeValue } from "../../src/protocol/values.js";
import { Feed, maxFeedItems } from "../../src/system/feed.js";
import { LogBook } from "../../src/system/log-book.js";
import { eventsFrom, linesFrom, ReservedStreams } from "../../src/system/reserved-streams.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

class Reader implements Caller {
  readonly callerId = 1;
  readonly share = new CallerShare();
  readonly items: unknown[] = [];
  /** "started 64", "ended 3" or an error's code. */
  readonly said: string[] = [];
  canStream = true;
  refusal: CallFailure | null = null;
  onItem: () => void = () => undefined;

  readonly streams: StreamCaller = {
    refusalOf: (_, name) => (this.canStream ? null : streamingUnsupported(name, "caller")),
    started: (_, window) => this.said.push(`started ${String(window)}`),
    chunk: (_, sequence, data) => {
      expect(sequence).toBe(this.items.length);
      this.items.push(decodeValue(data));
      this.onItem();
      return this.refusal;
    },
    ended: (_, total) => this.said.push(`ended ${String(total)}`),
  };

  succeed(): void {
    this.said.push("succeeded");
  }

  fail(_: unknown, { code }: CallFailure): void {
    this.said.push(String(code));
  }
}

function bench() {
  const clock = createVirtualClock();
  const feed = new Feed();
  const reader = new Reader();
  const streams = new ReservedStreams(reader, clock);
  let pushed = 0;
  return {
    clock,
    feed,
    reader,
    streams,
    push: (count: number) => {
      for (let n = 0; n < count; n++) feed.push(encodeValue(pushed++));
    },
    numbers: () => reader.items.filter((item) => typeof item === "number"),
  };
}

describe("a reader", () => {
  test("of events gets what comes, at once, and nothing from before", () => {
    const { clock, feed, reader, streams, push } = bench();
    push(3);
    expect(streams.open(1, eventsFrom(feed, clock), undefined)).toBeNull();
    expect(reader.said).toEqual(["started 64"]);
    push(2);
    expect(reader.items).toEqual([3, 4]);
    expect(streams.size).toBe(1);
    expect(clock.timerCount).toBe(0);
  });

  test("gets no more than it has given credit for, and goes on where it stopped", () => {
    const { clock, feed, reader, streams, push } = bench();
    streams.open(1, eventsFrom(feed, clock), undefined);
    push(100);
    expect(reader.items).toHaveLength(64);
    expect(streams.acknowledge(1, 9, 60)).toBeNull();
    expect(reader.items).toHaveLength(70);
    expect(streams.acknowledge(1, 69, 0)).toBeNull();
    push(5);
    expect(reader.items).toHaveLength(70);
    streams.acknowledge(1, 69, 64);
    expect(reader.items).toEqual(Array.from({ length: 105 }, (_, n) => n));
  });

  test("that is too slow loses the oldest, and is told how many as often as it happens", () => {
    const { clock, feed, reader, streams, push, numbers } = bench();
    streams.open(1, eventsFrom(feed, clock), undefined);
    push(64 + maxFeedItems + 7);
    streams.acknowledge(1, 63, 64);
    expect(reader.items[64]).toEqual({ type: "events.dropped", atMs: clock.wallMs(), count: 7 });
    expect(reader.items[65]).toBe(71);
    push(maxFeedItems);
    streams.acknowledge(1, 127, 1024);
    const dropped = reader.items.filter((item) => typeof item === "object");
    expect(dropped).toEqual([
      expect.objectContaining({ count: 7 }),
      expect.objectContaining({ count: maxFeedItems - 63 }),
    ]);
    const lost = dropped.reduce<number>((sum, item) => sum + (item as { count: number }).count, 0);
    expect(numbers()).toHaveLength(64 + 2 * maxFeedItems + 7 - lost);
    expect(reader.items.at(-1)).toBe(63 + 2 * maxFeedItems + 7);
  });

  test("that acknowledges while it is handed an item gets each once, in order", () => {
    const { clock, feed, reader, streams, push } = bench();
    reader.onItem = () => {
      streams.acknowledge(1, reader.items.length - 1, 64);
    };
    push(500);
    streams.open(1, linesFrom(feed, clock, Infinity, true), undefined);
    push(500);
    expect(reader.items).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  test("that breaks the rules of credit is told how", () => {
    const { clock, feed, streams, push } = bench();
    streams.open(1, eventsFrom(feed, clock), undefined);
    push(1);
    expect(streams.acknowledge(1, 5, 1)).toMatch(/StreamAck was of chunk 5/);
    expect(streams.acknowledge(2, 5, 1)).toBeNull();
  });

  test("whose link cannot stream, or who has 64 already, is refused", () => {
    const { clock, feed, reader, streams } = bench();
    reader.canStream = false;
    expect(streams.open(1, eventsFrom(feed, clock), undefined)).toMatchObject({ code: 1000 });
    reader.canStream = true;
    for (let id = 1; id <= 64; id++) streams.open(id, eventsFrom(feed, clock), undefined);
    expect(streams.open(65, eventsFrom(feed, clock), undefined)).toMatchObject({ code: 3002 });
    streams.stop(1);
    expect(streams.open(65, eventsFrom(feed, clock), undefined)).toBeNull();
  });
});

describe("an end", () => {
  test.each([
    ["endAll, as at a host's goodbye", "ended 1"],
    ["the end of the feed", "ended 1"],
    ["a failure of the supervisor", "3000"],
    ["cancel", "2002"],
    ["the deadline", "2001"],
    ["a chunk that the caller cannot take", "2000"],
    ["stop", undefined],
  ])("by %s is told once, and nothing comes after it", (how, told) => {
    const { clock, feed, reader, streams, push } = bench();
    streams.open(7, eventsFrom(feed, clock), 5000);
    const refusal = { code: 2000, kind: "System", message: "Too large.", details: null } as const;
    if (how.startsWith("a chunk")) reader.refusal = refusal;
    push(1);
    if (how.startsWith("endAll")) streams.endAll();
    if (how.startsWith("the end")) feed.close(false);
    if (how.startsWith("a failure")) feed.close(true);
    if (how === "cancel") for (const requestId of [8, 7]) streams.cancel(requestId);
    if (how === "the deadline") clock.advance(5000);
    if (how === "stop") streams.stopAll();
    push(1);
    streams.endAll();
    feed.close(false);
    clock.advance(10_000);
    expect(reader.said.slice(1)).toEqual(told === undefined ? [] : [told]);
    expect(reader.items).toEqual([0]);
    expect([streams.size, clock.timerCount]).toEqual([0, 0]);
  });

  test("of a tail comes behind its last line, at the reader's pace", () => {
    const { clock, feed, reader, streams, push } = bench();
    push(200);
    streams.open(1, linesFrom(feed, clock, 100, false), undefined);
    push(50);
    expect([reader.items.length, reader.said]).toEqual([64, ["started 64"]]);
    streams.acknowledge(1, 63, 64);
    expect([reader.items.length, reader.said.at(-1)]).toEqual([100, "ended 100"]);
    expect([reader.items[0], reader.items.at(-1)]).toEqual([100, 199]);
    streams.open(2, linesFrom(feed, clock, 0, false), undefined);
    expect(reader.said.at(-1)).toBe("ended 0");
  });

  test("of a tail that was overtaken says what is missing of it, and no more", () => {
    const { clock, feed, reader, streams, push } = bench();
    push(100);
    streams.open(1, linesFrom(feed, clock, Infinity, false), undefined);
    push(2 * maxFeedItems);
    streams.acknowledge(1, 63, 64);
    expect(reader.items.slice(64)).toEqual([
      {
        atMs: clock.wallMs(),
        level: "warn",
        worker: null,
        message: "36 lines dropped: they came faster than this reader took them",
        fields: { dropped: 36 },
      },
    ]);
    expect(reader.said.at(-1)).toBe("ended 65");
  });
});

test("a feed is bounded in bytes too, and keeps the newest whatever its size", () => {
  const feed = new Feed();
  for (let n = 0; n < 10; n++) feed.push(new Uint8Array(300_000));
  expect([feed.first, feed.end]).toEqual([7, 10]);
  feed.push(new Uint8Array(2_000_000));
  expect([feed.first, feed.end, feed.at(10)?.length, feed.at(9)]).toEqual([10, 11, 2_000_000, undefined]);
});

describe("the log book", () => {
  function book(level: "debug" | "info" | "warn") {
    const written: string[] = [];
    const at = (name: string) => (message: string) => written.push(`${name} ${message}`);
    const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
    const clock = createVirtualClock();
    const kept = new LogBook(log, clock, level);
    const lines = (): unknown[] => {
      const { first, end } = kept.lines;
      return Array.from({ length: end - first }, (_, n) =>
        decodeValue(kept.lines.at(first + n) ?? new Uint8Array()),
      );
    };
    return { kept, lines, written, clock };
  }

  test("passes every line on, and keeps those that the log writes, with whom they are of", () => {
    const { kept, lines, written, clock } = book("info");
    kept.debug("small");
    kept.info("up", { worker: "app:1", pid: 7, stack: undefined });
    kept.error("down");
    expect(written).toEqual(["debug small", "info up", "error down"]);
    expect(lines()).toEqual([
      { atMs: clock.wallMs(), level: "info", worker: "app:1", message: "up", fields: { pid: 7 } },
      { atMs: clock.wallMs(), level: "error", worker: null, message: "down", fields: {} },
    ]);
    const all = book("debug");
    all.kept.debug("small");
    expect(all.lines()).toHaveLength(1);
  });

  test("keeps what no value can carry as text", () => {
    const { kept, lines } = book("info");
    kept.warn("cut \ud83d", { good: { a: [1] }, map: new Map(), ["na\ud83dme"]: "va\udc00lue" });
    kept.warn("odd", JSON.parse('{"__proto__": 1}') as Record<string, unknown>);
    expect(lines()).toMatchObject([
      {
        message: "cut \ufffd",
        fields: { good: { a: [1] }, map: expect.any(String), "na\ufffdme": "va\ufffdlue" },
      },
      { message: "odd", fields: { __proto___: expect.anything() } },
    ]);
  });
});
