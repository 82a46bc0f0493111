import { describe, expect, test } from "@jest/globals";
import { encode } from "../../src/protocol/codec.js";
import { emptyContextBytes } from "../../src/protocol/context.js";
import { WireDecoder } from "../../src/protocol/decoder.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import type { ByteDuplex, DuplexHandlers } from "../../src/transport/duplex.js";
import { DuplexOutbox } from "../../src/transport/outbox.js";
import { createSocketStream } from "../../src/transport/socket-stream.js";
import { pairKinds, rawPeer } from "../support/duplex-pairs.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

/** Records what is written and leaves it to the test when bytes are taken. */
class RecordingDuplex implements ByteDuplex {
  readonly writes: Uint8Array[] = [];
  readonly log: string[] = [];
  readonly done: (() => void)[] = [];
  accepts = true;
  handlers: DuplexHandlers | undefined;
  write(bytes: Uint8Array, done: () => void): boolean {
    this.writes.push(bytes);
    this.log.push("write");
    this.done.push(done);
    return this.accepts;
  }
  end(): void {
    this.log.push("end");
  }
  destroy(): void {
    this.log.push("destroy");
  }
  pause(): void {
    this.log.push("pause");
  }
  resume(): void {
    this.log.push("resume");
  }
  attach(handlers: DuplexHandlers): void {
    this.handlers = handlers;
  }
}

function setUp(options: { highWaterBytes?: number; lowWaterBytes?: number } = {}) {
  const duplex = new RecordingDuplex();
  const outbox = new DuplexOutbox(duplex, { maxFrameBytes: 65_536, ...options });
  return { duplex, outbox };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the outbox", () => {
  test("writes once per tick, however many messages and promise chains there are", async () => {
    const { duplex, outbox } = setUp();
    for (let i = 1; i <= 20; i++) outbox.sendResult(i, Uint8Array.of(1), 5);
    outbox.sendInvoke(1, "math.add", new Uint8Array(), 30_000, emptyContextBytes);
    outbox.send({ type: "HealthCheck" });
    void (async () => {
      for (let i = 0; i < 10; i++) await Promise.resolve();
      outbox.send({ type: "ListExports" });
    })();
    expect(duplex.writes).toHaveLength(0);
    await turn();
    expect(duplex.writes).toHaveLength(1);
    const decoded = new WireDecoder().push(duplex.writes[0] ?? new Uint8Array());
    expect(decoded).toHaveLength(23);
    expect(decoded[20]).toMatchObject({ type: "Invoke", functionName: "math.add", deadlineMs: 30_000 });
    expect(decoded.slice(21).map((message) => message.type)).toEqual(["HealthCheck", "ListExports"]);

    outbox.send({ type: "HealthCheck" });
    await turn();
    expect(duplex.writes).toHaveLength(2);
    await turn();
    expect(duplex.writes).toHaveLength(2);
  });

  test("keeps 32 messages no longer: the peer begins with them while the next are made", async () => {
    const { duplex, outbox } = setUp();
    const written: number[] = [];
    for (let i = 1; i <= 70; i++) {
      outbox.sendResult(i, Uint8Array.of(1), 5);
      written.push(duplex.writes.length);
    }
    expect([written[30], written[31], written[63], written[69]]).toEqual([0, 1, 2, 2]);
    await turn();
    expect(duplex.writes).toHaveLength(3);
    const decoder = new WireDecoder();
    expect(
      duplex.writes.flatMap((bytes) => decoder.push(bytes)).map((message) => "requestId" in message),
    ).toHaveLength(70);
  });

  test("asks its schedule once per write, not once per message", () => {
    const duplex = new RecordingDuplex();
    const scheduled: (() => void)[] = [];
    const outbox = new DuplexOutbox(duplex, {
      maxFrameBytes: 65_536,
      schedule: (run) => scheduled.push(run),
    });
    for (let i = 0; i < 3; i++) outbox.send({ type: "HealthCheck" });
    expect(scheduled).toHaveLength(1);
    scheduled.shift()?.();
    expect(duplex.writes).toHaveLength(1);
    outbox.send({ type: "HealthCheck" });
    expect(scheduled).toHaveLength(1);
  });

  test("flush() writes now, and nothing is left for the end of the tick", async () => {
    const { duplex, outbox } = setUp();
    outbox.flush();
    outbox.send({ type: "HealthCheck" });
    outbox.flush();
    expect(duplex.writes).toHaveLength(1);
    await turn();
    expect(duplex.writes).toHaveLength(1);
  });

  test("bytes handed to the duplex stay as they are while later messages are written", () => {
    const { duplex, outbox } = setUp();
    outbox.sendResult(1, Uint8Array.of(1, 2, 3), 0);
    outbox.flush();
    const copy = Uint8Array.from(duplex.writes[0] ?? []);
    for (let i = 0; i < 2_000; i++) outbox.sendResult(2, new Uint8Array(100).fill(9), 0);
    outbox.flush();
    expect(Buffer.compare(duplex.writes[0] ?? new Uint8Array(), copy)).toBe(0);
  });

  test("waits for drain when the duplex asks for it, then sends all of it in one write", async () => {
    const { duplex, outbox } = setUp();
    duplex.accepts = false;
    outbox.send({ type: "HealthCheck" });
    await turn();
    outbox.send({ type: "HealthCheck" });
    await turn();
    outbox.send({ type: "HealthCheck" });
    await turn();
    outbox.flush();
    expect(duplex.writes).toHaveLength(1);
    duplex.accepts = true;
    outbox.drained();
    expect(duplex.writes).toHaveLength(2);
    expect(new WireDecoder().push(duplex.writes[1] ?? new Uint8Array())).toHaveLength(2);
  });

  test("counts what is not taken and calls back at the low mark, each time it was above the high one", () => {
    const { duplex, outbox } = setUp({ highWaterBytes: 1_000, lowWaterBytes: 300 });
    let calls = 0;
    outbox.onWritable(() => calls++);
    const frameBytes = encode({
      type: "InvokeResult",
      requestId: 1,
      result: new Uint8Array(180),
      durationUs: 0,
    }).length;
    const send = (count: number) => {
      for (let i = 0; i < count; i++) {
        outbox.sendResult(1, new Uint8Array(180), 0);
        outbox.flush();
      }
    };
    send(1);
    expect(outbox.queuedBytes).toBe(frameBytes);
    expect(outbox.isAboveHighWater).toBe(false);
    duplex.done.shift()?.();
    expect([outbox.queuedBytes, calls]).toEqual([0, 0]);
    for (const round of [1, 2]) {
      send(5);
      expect(outbox.isAboveHighWater).toBe(true);
      while (outbox.queuedBytes - frameBytes > 300) duplex.done.shift()?.();
      expect(outbox.isAboveHighWater).toBe(true);
      expect(calls).toBe(round - 1);
      duplex.done.shift()?.();
      expect(outbox.isAboveHighWater).toBe(false);
      expect(calls).toBe(round);
      for (const done of duplex.done.splice(0)) done();
      expect(outbox.queuedBytes).toBe(0);
    }
    expect(calls).toBe(2);
  });

  test("says where a message ends among all its bytes, and how far these are taken", () => {
    const { duplex, outbox } = setUp();
    const frameBytes = encode({ type: "HealthCheck" }).length;
    const ends = [1, 2, 3].map(() => {
      outbox.send({ type: "HealthCheck" });
      if (outbox.queuedBytes === frameBytes) outbox.flush();
      return outbox.takenBytes + outbox.queuedBytes;
    });
    expect(ends).toEqual([frameBytes, 2 * frameBytes, 3 * frameBytes]);
    expect(outbox.takenBytes).toBe(0);
    duplex.done.shift()?.();
    expect(outbox.takenBytes).toBe(frameBytes);
    expect(outbox.takenBytes + outbox.queuedBytes).toBe(3 * frameBytes);
    outbox.flush();
    duplex.done.shift()?.();
    expect([outbox.takenBytes, outbox.queuedBytes]).toEqual([3 * frameBytes, 0]);
  });

  test("counts bytes before they are written, too", () => {
    const { outbox } = setUp({ highWaterBytes: 100 });
    outbox.sendResult(1, new Uint8Array(200), 0);
    expect(outbox.isAboveHighWater).toBe(true);
  });

  test("a message above the peer's limit throws, and neither it nor its neighbours are harmed", () => {
    const { duplex, outbox } = setUp();
    outbox.maxFrameBytes = 200;
    outbox.send({ type: "HealthCheck" });
    const queued = outbox.queuedBytes;
    const large = new Uint8Array(300);
    for (const attempt of [
      () => outbox.sendResult(1, large, 0),
      () => outbox.sendInvoke(1, "a.b", large, 0, emptyContextBytes),
      () => outbox.send({ type: "StreamChunk", requestId: 1, sequence: 0, data: large }),
    ]) {
      let thrown: unknown;
      try {
        attempt();
      } catch (error) {
        thrown = error;
      }
      expect(isProtocolError(thrown) && thrown.reason).toBe("frame-too-large");
      expect(outbox.queuedBytes).toBe(queued);
    }
    outbox.send({ type: "ListExports" });
    outbox.flush();
    const decoded = new WireDecoder().push(duplex.writes[0] ?? new Uint8Array());
    expect(decoded.map((message) => message.type)).toEqual(["HealthCheck", "ListExports"]);
  });

  test("end() writes what is queued before the end, also while the duplex asks to wait", async () => {
    const { duplex, outbox } = setUp();
    duplex.accepts = false;
    outbox.send({ type: "HealthCheck" });
    outbox.flush();
    outbox.send({ type: "ShutdownAck" });
    outbox.end();
    outbox.end();
    expect(duplex.log).toEqual(["write", "write", "end"]);
    expect(outbox.send({ type: "HealthCheck" })).toBe(false);
    await turn();
    expect(duplex.log).toEqual(["write", "write", "end"]);
  });

  test("after close nothing is written and late confirmations change nothing", async () => {
    const { duplex, outbox } = setUp({ highWaterBytes: 10 });
    let calls = 0;
    outbox.onWritable(() => calls++);
    outbox.send({ type: "ListExports" });
    outbox.flush();
    outbox.send({ type: "ListExports" });
    outbox.close();
    duplex.done.shift()?.();
    await turn();
    expect(duplex.log).toEqual(["write"]);
    expect([outbox.queuedBytes, outbox.isAboveHighWater, calls]).toEqual([0, false, 0]);
  });
});

describe.each(pairKinds)("a peer that does not read, over %s", (_name, makePair) => {
  test("raises the outbox above its mark until it reads again; every byte arrives", async () => {
    const [left, right] = await makePair();
    const stream = createSocketStream(left, { clock: createVirtualClock(), maxFrameBytes: 65_536 });
    const peer = rawPeer(right, { reads: false });
    const writable = new Promise<void>((resolve) => {
      stream.outbox.onWritable(resolve);
    });
    const result = new Uint8Array(60_000).fill(1);
    let sent = 0;
    for (let quiet = 0; quiet < 20;) {
      if (!stream.outbox.isAboveHighWater && sent < 200) {
        stream.outbox.sendResult(++sent, result, 0);
        quiet = 0;
      } else {
        quiet++;
      }
      await turn();
    }
    expect(stream.outbox.isAboveHighWater).toBe(true);
    // One message over the mark, and not a kernel's worth more.
    expect(stream.outbox.queuedBytes).toBeLessThan(1_048_576 + 61_000);
    peer.resume();
    await writable;
    expect(stream.outbox.isAboveHighWater).toBe(false);
    stream.end();
    await peer.ended;
    expect(new WireDecoder().push(peer.received())).toHaveLength(sent);
    peer.end();
    await peer.closed;
  });
});
