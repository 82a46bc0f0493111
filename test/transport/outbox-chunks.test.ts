// The lane of an outbox in which items of streams wait, and what may pass them there.

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Decoder, type Message } from "../../src/protocol/index.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import type { ByteDuplex } from "../../src/transport/duplex.js";
import { DuplexOutbox } from "../../src/transport/outbox.js";

/** Takes everything and says whether it wants more; the test says when it has passed it on. */
class SlowDuplex implements ByteDuplex {
  readonly writes: Uint8Array[] = [];
  readonly #done: (() => void)[] = [];
  mayGoOn = true;
  hasEnded = false;
  write(bytes: Uint8Array, done: () => void): boolean {
    this.writes.push(bytes.slice());
    this.#done.push(done);
    return this.mayGoOn;
  }
  take(): void {
    for (const done of this.#done.splice(0)) done();
  }
  end(): void {
    this.hasEnded = true;
  }
  destroy = (): void => undefined;
  pause = (): void => undefined;
  resume = (): void => undefined;
  attach = (): void => undefined;
}

function create(maxFrameBytes = 1_000_000) {
  const duplex = new SlowDuplex();
  const scheduled: (() => void)[] = [];
  const outbox = new DuplexOutbox(duplex, { maxFrameBytes, schedule: (run) => scheduled.push(run) });
  const decoder = new Decoder();
  let decodedWrites = 0;
  /** What has been written since it was last asked, in short. */
  const written = (): string[] => {
    const due = duplex.writes.slice(decodedWrites);
    decodedWrites = duplex.writes.length;
    return due.flatMap((bytes) => decoder.push(bytes)).map(shown);
  };
  const tick = (): void => {
    for (const run of scheduled.splice(0)) run();
  };
  return { duplex, outbox, written, tick };
}

function shown(message: Message): string {
  if (message.type === "StreamChunk") return `${String(message.requestId)}/${String(message.sequence)}`;
  if (message.type === "StreamEnd") return `${String(message.requestId)}/end`;
  return "requestId" in message ? `${message.type} ${String(message.requestId)}` : message.type;
}

const bytes = (count: number) => new Uint8Array(count);
const end = (requestId: number) => ({ type: "StreamEnd", requestId, totalChunks: 1 }) as const;

describe("chunks", () => {
  test("leave in the same tick as everything else, behind it", () => {
    const { outbox, written, tick, duplex } = create();
    outbox.sendChunk(1, 0, bytes(10));
    outbox.sendResult(2, bytes(1), 1);
    outbox.sendAfterChunks(end(1));
    outbox.send({ type: "HealthCheck" });
    expect(duplex.writes).toEqual([]);
    tick();
    expect(written()).toEqual(["InvokeResult 2", "HealthCheck", "1/0", "1/end"]);
    expect(outbox.queuedBytes).toBeGreaterThan(0);
    duplex.take();
    expect(outbox.queuedBytes).toBe(0);
  });

  test("that the peer does not take are passed by frames of other requests, a piece of 64 KiB at most ahead of them", () => {
    const { outbox, written, tick, duplex } = create();
    duplex.mayGoOn = false;
    for (let n = 0; n < 8; n++) outbox.sendChunk(1, n, bytes(40_000));
    outbox.sendAfterChunks(end(1));
    tick();
    expect(written()).toEqual(["1/0", "1/1"]);
    outbox.sendResult(2, bytes(1), 1);
    tick();
    expect(written()).toEqual([]);
    outbox.drained();
    // What blocks again is the answer itself.
    expect(written()).toEqual(["InvokeResult 2"]);
    outbox.drained();
    expect(written()).toEqual(["1/2", "1/3"]);
    duplex.mayGoOn = true;
    outbox.drained();
    expect(written()).toEqual(["1/4", "1/5", "1/6", "1/7", "1/end"]);
  });

  test("are never cut: one that is larger than a piece is written whole, before anything else", () => {
    const { outbox, written, tick, duplex } = create();
    duplex.mayGoOn = false;
    outbox.sendChunk(1, 0, bytes(900_000));
    outbox.sendChunk(1, 1, bytes(5));
    tick();
    outbox.sendResult(2, bytes(1), 1);
    expect(written()).toEqual(["1/0"]);
    outbox.drained();
    outbox.drained();
    expect(written()).toEqual(["InvokeResult 2", "1/1"]);
  });

  test("that are not written yet count as queued, and make the outbox full", () => {
    const { outbox, tick, duplex } = create();
    let wasTold = 0;
    outbox.onWritable(() => wasTold++);
    duplex.mayGoOn = false;
    for (let n = 0; n < 30; n++) outbox.sendChunk(1, n, bytes(40_000));
    tick();
    expect(outbox.queuedBytes).toBeGreaterThan(1_200_000);
    expect(outbox.isAboveHighWater).toBe(true);
    duplex.mayGoOn = true;
    duplex.take();
    outbox.drained();
    expect([outbox.isAboveHighWater, wasTold]).toEqual([true, 0]);
    duplex.take();
    expect([outbox.queuedBytes, outbox.isAboveHighWater, wasTold]).toEqual([0, false, 1]);
  });

  test("too large for a frame throw, and nothing of them is queued", () => {
    const { outbox, written, tick } = create(1000);
    outbox.sendChunk(1, 0, bytes(10));
    expect(() => outbox.sendChunk(1, 1, bytes(1000))).toThrow();
    try {
      outbox.sendChunk(1, 1, bytes(1000));
    } catch (error) {
      expect(isProtocolError(error) && error.reason).toBe("frame-too-large");
    }
    outbox.sendAfterChunks(end(1));
    tick();
    expect(written()).toEqual(["1/0", "1/end"]);
  });

  test("all go out before the end of the link, blocked or not; after it nothing does", () => {
    const { outbox, written, tick, duplex } = create();
    duplex.mayGoOn = false;
    for (let n = 0; n < 6; n++) outbox.sendChunk(1, n, bytes(40_000));
    outbox.sendAfterChunks({ type: "ShutdownAck" });
    tick();
    outbox.send({ type: "HealthCheck" });
    outbox.end();
    expect(written()).toEqual(["1/0", "1/1", "HealthCheck", "1/2", "1/3", "1/4", "1/5", "ShutdownAck"]);
    expect(duplex.hasEnded).toBe(true);
    expect([outbox.sendChunk(1, 6, bytes(1)), outbox.sendAfterChunks(end(1))]).toEqual([false, false]);
  });

  test("of a link that is gone are forgotten", () => {
    const { outbox, tick, duplex } = create();
    duplex.mayGoOn = false;
    for (let n = 0; n < 6; n++) outbox.sendChunk(1, n, bytes(40_000));
    tick();
    outbox.close();
    expect([outbox.queuedBytes, outbox.isAboveHighWater]).toEqual([0, false]);
    outbox.drained();
    duplex.take();
    expect(outbox.queuedBytes).toBe(0);
  });
});

test("whatever is sent, and whenever the peer takes it: every write is whole frames, and each request keeps its order", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("chunk" as const),
        requestId: fc.integer({ min: 1, max: 3 }),
        size: fc.constantFrom(0, 10, 5000, 70_000, 200_000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("end" as const), requestId: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("result" as const), size: fc.constantFrom(0, 100_000) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom("tick" as const, "drained" as const, "take" as const) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("mayGoOn" as const), is: fc.boolean() }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (plan) => {
      const { duplex, outbox, tick } = create();
      const sent: string[] = [];
      const next = new Map<number, number>();
      for (const each of plan) {
        if (each.do === "chunk") {
          const sequence = next.get(each.requestId) ?? 0;
          next.set(each.requestId, sequence + 1);
          outbox.sendChunk(each.requestId, sequence, bytes(each.size));
          sent.push(`${String(each.requestId)}/${String(sequence)}`);
        } else if (each.do === "end") {
          outbox.sendAfterChunks(end(each.requestId));
          sent.push(`${String(each.requestId)}/end`);
        } else if (each.do === "result") outbox.sendResult(9, bytes(each.size), 1);
        else if (each.do === "tick") tick();
        else if (each.do === "take") duplex.take();
        else if (each.do === "drained") outbox.drained();
        else if ("is" in each) duplex.mayGoOn = each.is;
      }
      outbox.end();
      duplex.take();
      if (outbox.queuedBytes !== 0) throw new Error(`${String(outbox.queuedBytes)} bytes are left`);
      const decoder = new Decoder();
      const got = duplex.writes.flatMap((each) => decoder.push(each)).map(shown);
      const streamed = got.filter((each) => each.includes("/"));
      for (const requestId of [1, 2, 3]) {
        const own = (all: string[]) => all.filter((each) => each.startsWith(`${String(requestId)}/`)).join();
        if (own(streamed) !== own(sent)) throw new Error(`${own(streamed)}, not ${own(sent)}`);
      }
    }),
    { numRuns: 200 },
  );
});
