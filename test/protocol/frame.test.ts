import { describe, expect, test } from "@jest/globals";
import { encode } from "../../src/protocol/codec.js";
import { Decoder, WireDecoder } from "../../src/protocol/decoder.js";
import { FrameReader } from "../../src/protocol/frame.js";
import { defaultMaxFrameBytes } from "../../src/protocol/limits.js";
import { ownBytes } from "../../src/protocol/own-bytes.js";
import { concat, validVectors } from "./vectors.js";

function header(length: number, code = 0x60): Uint8Array {
  const bytes = new Uint8Array(5);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes[4] = code;
  return bytes;
}

function read(reader: FrameReader, chunk: Uint8Array): [code: number, payload: Uint8Array][] {
  const frames: [number, Uint8Array][] = [];
  reader.push(chunk, (code, payload) => frames.push([code, payload]));
  return frames;
}

describe("row 41: lengths", () => {
  test.each([
    [defaultMaxFrameBytes + 1, undefined],
    [0xffff_ffff, undefined],
    [65_537, 65_536],
    [1, 0],
  ])("a header of %d bytes is refused on its fifth byte (limit %p)", (length, maxFrameBytes) => {
    const decoder = new Decoder(maxFrameBytes === undefined ? {} : { maxFrameBytes });
    expect(decoder.push(header(length).subarray(0, 4))).toStrictEqual([]);
    expect(() => decoder.push(header(length).subarray(4))).toThrow(
      expect.objectContaining({ reason: "frame-too-large", messages: [] }),
    );
  });

  test("a header of exactly the limit is accepted", () => {
    expect(new Decoder().push(header(defaultMaxFrameBytes))).toStrictEqual([]);
    const reader = new FrameReader(3);
    expect(read(reader, concat([header(3), Uint8Array.of(1, 2, 3)]))).toStrictEqual([
      [0x60, Uint8Array.of(1, 2, 3)],
    ]);
  });

  test("an empty payload is a frame, at once and behind a cut header", () => {
    expect(read(new FrameReader(), header(0))).toStrictEqual([[0x60, new Uint8Array(0)]]);
    const reader = new FrameReader();
    expect(read(reader, header(0).subarray(0, 3))).toStrictEqual([]);
    expect(read(reader, header(0).subarray(3))).toStrictEqual([[0x60, new Uint8Array(0)]]);
    expect(reader.hasPartialFrame).toBe(false);
  });

  test("memory grows with the bytes received, not with the length claimed (U17: a 5-byte header may claim 100 MiB)", () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 100 }, () => new WireDecoder());
    for (const decoder of decoders) {
      decoder.push(header(defaultMaxFrameBytes));
      for (let at = 0; at < 10; at++) decoder.push(Uint8Array.of(1, 2, 3));
    }
    const grown = process.memoryUsage().arrayBuffers - before;
    expect(decoders.every((decoder) => decoder.partialBytes === 35)).toBe(true);
    expect(grown).toBeLessThan(1_048_576);
  });

  test("a gathered frame costs a small multiple of its size", () => {
    const size = 4 * 1_048_576;
    const reader = new FrameReader();
    const before = process.memoryUsage().arrayBuffers;
    reader.push(header(size), () => undefined);
    const chunk = new Uint8Array(65_536).fill(7);
    for (let sent = 0; sent < size - 65_536; sent += 65_536) reader.push(chunk, () => undefined);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size * 3);
    const frames = read(reader, chunk);
    expect(frames).toHaveLength(1);
    expect(frames[0]?.[1].buffer.byteLength).toBe(size);
    expect(frames[0]?.[1].every((byte) => byte === 7)).toBe(true);
  });
});

describe("the limit", () => {
  test("set while a frame is handed out holds for the very next header", () => {
    const reader = new FrameReader(10);
    const sizes: number[] = [];
    const bytes = concat([header(10), new Uint8Array(10), header(20), new Uint8Array(20), header(21)]);
    expect(() => {
      reader.push(bytes, (_code, payload) => {
        sizes.push(payload.length);
        reader.maxFrameBytes = 20;
      });
    }).toThrow(/claims 21 bytes of payload, but the limit of this link is 20/);
    expect(sizes).toStrictEqual([10, 20]);
  });

  test("of a WireDecoder holds from the next push on", () => {
    const decoder = new WireDecoder({ maxFrameBytes: 12 });
    const cancel = encode({ type: "Cancel", requestId: 2 ** 40 });
    expect(decoder.push(encode({ type: "HealthCheck" }))).toHaveLength(1);
    decoder.maxFrameBytes = 100;
    expect(decoder.push(cancel)).toHaveLength(1);
  });
});

describe("whose bytes a message holds", () => {
  const frame = encode({
    type: "InvokeResult",
    requestId: 1,
    result: new Uint8Array(64).fill(5),
    durationUs: 0,
  });

  test("a decoder for the public never shares the chunk's memory", () => {
    for (const { frame: vector, message } of validVectors) {
      const chunk = vector.slice();
      const [decoded] = new Decoder().push(chunk);
      chunk.fill(0xee);
      expect(decoded).toStrictEqual(message);
    }
  });

  test("it pins no large chunk for a small result, nor makes Buffers of it", () => {
    const chunk = Buffer.alloc(65_536);
    chunk.set(frame);
    const [message] = new Decoder().push(chunk.subarray(0, frame.length));
    if (message?.type !== "InvokeResult") throw new Error("not an InvokeResult");
    expect(message.result.buffer.byteLength).toBe(64);
    expect(message.result).toStrictEqual(new Uint8Array(64).fill(5));
  });

  test("a decoder of the runtime gives views of the chunk, and of memory of its own for a cut frame", () => {
    const [whole] = new WireDecoder().push(frame);
    const decoder = new WireDecoder();
    decoder.push(frame.subarray(0, 30));
    const [cut] = decoder.push(frame.subarray(30));
    if (whole?.type !== "InvokeResult" || cut?.type !== "InvokeResult") throw new Error("not InvokeResults");
    expect(whole.result.buffer).toBe(frame.buffer);
    expect(cut.result.buffer).not.toBe(frame.buffer);
    expect(cut.result.buffer.byteLength).toBe(frame.length - 5);
  });

  test("ownBytes copies what is less than half of its memory", () => {
    const memory = new Uint8Array(100);
    expect(ownBytes(memory.subarray(0, 50)).buffer).toBe(memory.buffer);
    expect(ownBytes(memory.subarray(0, 49)).buffer.byteLength).toBe(49);
  });
});

test("after a bad frame the runtime's decoder still has the messages before it", () => {
  const decoder = new WireDecoder();
  const good = encode({ type: "HealthCheck" });
  const thrown: unknown[] = [];
  for (const chunk of [concat([good, good, header(1, 0x60), Uint8Array.of(0xc1), good]), good]) {
    try {
      decoder.push(chunk);
    } catch (error) {
      thrown.push(error);
    }
  }
  expect(decoder.messagesBeforeError).toStrictEqual([{ type: "HealthCheck" }, { type: "HealthCheck" }]);
  expect(thrown).toHaveLength(2);
  expect(thrown[1]).toBe(thrown[0]);
});
