// Whatever a worker or a caller does that the rules of streams forbid.

import { beforeEach, describe, expect, test } from "@jest/globals";
import type { CallId } from "../../src/ids.js";
import { atRest, setUp, type World } from "./streaming.js";

describe("a worker breaks the rules of streams when it", () => {
  const mebibyte = 1_048_576;
  test.each<[string, (world: World, callId: CallId) => void, string[], RegExp]>([
    [
      "leaves one out",
      ({ chunk }, c) => {
        chunk(c, 0);
        chunk(c, 2);
      },
      ["0"],
      /chunk 2 came where 1 was due/,
    ],
    [
      "repeats one",
      ({ chunk }, c) => {
        chunk(c, 0);
        chunk(c, 0);
      },
      ["0"],
      /chunk 0 came where 1 was due/,
    ],
    [
      "counts beyond all",
      ({ chunk }, c) => {
        chunk(c, 2n ** 60n);
      },
      [],
      /came where 0 was due/,
    ],
    [
      "goes past its grant",
      ({ chunk }, c) => {
        for (let n = 0; n < 6; n++) chunk(c, n);
      },
      ["0", "1", "2", "3"],
      /chunk 4 was beyond the 3 that was granted/,
    ],
    [
      "has more than 1 MiB unacknowledged",
      ({ chunk }, c) => {
        chunk(c, 0, mebibyte);
        chunk(c, 1, 1);
      },
      ["0"],
      /more than 1048576 unacknowledged/,
    ],
    [
      "lies about the total",
      ({ chunk, end }, c) => {
        chunk(c, 0);
        end(c, 2);
      },
      ["0"],
      /a total of 2 chunks after 1/,
    ],
    [
      "starts twice",
      ({ start }, c) => {
        start(c);
      },
      [],
      /it started twice/,
    ],
    [
      "ends a stream with a result",
      ({ bench, chunk }, c) => {
        chunk(c, 0);
        bench.result(1, c);
      },
      ["0"],
      /it ended with a result/,
    ],
  ])("%s: 3000 after what came before, and it is replaced", (_, misbehave, delivered, reason) => {
    const world = setUp();
    const { bench, caller, open, start, chunk, end } = world;
    const neighbour = bench.call("f");
    const callId = open();
    start(callId);
    misbehave(world, callId);
    expect(caller.heard).toEqual([
      "2 start 4",
      ...delivered.map((sequence) => `2 chunk ${sequence}`),
      "2 error 3000",
    ]);
    expect(caller.last?.message).toMatch(reason);
    expect(bench.breaches).toEqual([[1, expect.stringMatching(reason)]]);
    // Nothing that it says counts any more.
    const heard = caller.heard.length;
    chunk(callId, delivered.length);
    end(callId, delivered.length);
    bench.result(1, neighbour);
    expect([caller.heard.length, bench.caller.codes(1)]).toEqual([heard, []]);
    bench.exit(1);
    expect(bench.caller.codes(1)).toEqual([2003]);
    atRest(bench);
  });

  test.each<[string, (world: World, callId: CallId) => void, RegExp]>([
    [
      "starts with a window of 0",
      ({ start }, c) => {
        start(c, 0);
      },
      /window was 0/,
    ],
    [
      "starts with a window of 1025",
      ({ start }, c) => {
        start(c, 1025);
      },
      /window was 1025/,
    ],
    [
      "sends before its start",
      ({ chunk }, c) => {
        chunk(c, 0);
      },
      /a chunk came before its start/,
    ],
    [
      "ends before its start",
      ({ end }, c) => {
        end(c, 0);
      },
      /it ended before its start/,
    ],
  ])("%s: 3000 without a start, and it is replaced", (_, misbehave, reason) => {
    const world = setUp();
    const { bench, caller, open } = world;
    misbehave(world, open());
    expect(caller.heard).toEqual(["1 error 3000"]);
    expect(bench.breaches).toEqual([[1, expect.stringMatching(reason)]]);
    bench.exit(1);
    atRest(bench);
  });

  test("streams the result of a function that does not stream", () => {
    for (const misbehave of [
      (world: World, callId: CallId) => {
        world.start(callId);
      },
      (world: World, callId: CallId) => {
        world.chunk(callId, 0);
      },
      (world: World, callId: CallId) => {
        world.end(callId, 0);
      },
    ]) {
      const world = setUp();
      const { bench, caller } = world;
      misbehave(world, bench.callAs(caller, "f") as CallId);
      expect([caller.heard, bench.breaches.length]).toEqual([["1 error 3000"], 1]);
    }
  });

  test("breaks them in a drain: no Cancel goes after what has its answer", () => {
    const { bench, port, caller, open, chunk } = setUp();
    chunk(open(), 0);
    bench.dispatcher.endDrain();
    expect([caller.heard, port.cancels]).toEqual([["1 error 3000"], []]);
  });

  test("breaks them after its caller was answered: it is replaced all the same", () => {
    const { bench, caller, open, start, chunk } = setUp();
    const callId = open();
    start(callId);
    bench.dispatcher.cancel(callId, true);
    chunk(callId, 5);
    expect([caller.heard, bench.breaches.length]).toEqual([["1 start 4", "1 error 2002"], 1]);
  });

  test("streams to an id that it was never given", () => {
    const { bench, chunk } = setUp();
    chunk(77, 0);
    expect(bench.breaches).toEqual([[1, expect.stringMatching(/request 77/)]]);
  });

  test("but not with what it sends of a call that is over: that is dropped, and its end counted as late", () => {
    const { bench, caller, open, start, chunk, end } = setUp();
    const callId = open();
    start(callId);
    end(callId, 0);
    start(callId);
    chunk(callId, 0);
    end(callId, 1);
    expect([caller.heard, bench.breaches]).toEqual([["1 start 4", "1 end 0"], []]);
    expect(bench.dispatcher.counters.late).toBe(1);
  });
});

describe("a caller's StreamAck", () => {
  let world: World;
  let callId: CallId;
  beforeEach(() => {
    world = setUp();
    callId = world.open();
    world.start(callId);
    world.chunk(callId, 0);
    world.chunk(callId, 1);
    expect(world.ack(callId, 1, 4)).toBeNull();
  });

  test.each([
    ["of more than it got", 2, 4, "a StreamAck was of chunk 2, but 2 were sent"],
    ["that goes back", 0, 4, "a StreamAck of chunk 0 came after one of 1"],
    ["that grants too much", 1, 1025, "a StreamAck granted 1025 chunks, more than 1024"],
  ])("%s is its breach: said, and not passed on", (_, sequence, window, breach) => {
    const { port, ack } = world;
    expect(ack(callId, sequence, window)).toBe(breach);
    expect(port.acks).toEqual([[callId, 1, 4]]);
  });

  test("of a call without a stream is one too, whether it will stream or not", () => {
    const { bench, open, ack } = world;
    for (const other of [open(), bench.call("f") as CallId])
      expect(ack(other, 0, 4)).toBe("a StreamAck came for a call that has no stream");
  });

  test("of a call that is over, answered or unknown is dropped", () => {
    const { bench, port, open, end, ack } = world;
    end(callId, 2);
    expect(ack(callId, 99, 9999)).toBeNull();
    expect(ack(4711 as CallId, 99, 9999)).toBeNull();
    const answered = open();
    bench.dispatcher.cancel(answered, true);
    expect(ack(answered, 99, 9999)).toBeNull();
    expect(port.acks).toHaveLength(1);
  });
});
