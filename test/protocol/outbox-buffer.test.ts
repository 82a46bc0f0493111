import { describe, expect, test } from "@jest/globals";
import { appendInvokeResult } from "../../src/protocol/codec.js";
import { Decoder } from "../../src/protocol/decoder.js";
import { OutboxBuffer, sharedPayloadBytes } from "../../src/protocol/outbox-buffer.js";
import { hexOf } from "./vectors.js";

test("what was taken is never written again", () => {
  const out = new OutboxBuffer();
  const taken: { bytes: Uint8Array; expected: string }[] = [];
  for (let round = 0; round < 3000; round++) {
    const length = (round * 37) % 200;
    out.reserve(length);
    out.putBytes(new Uint8Array(length).fill(round));
    expect(out.length).toBe(length);
    taken.push({ bytes: out.take(), expected: hexOf(new Uint8Array(length).fill(round)) });
    expect(out.length).toBe(0);
  }
  for (const { bytes, expected } of taken) expect(hexOf(bytes)).toBe(expected);
});

test("grows over its slab, keeps what was written, and a later take starts small again", () => {
  const out = new OutboxBuffer();
  for (let at = 0; at < 1000; at++) {
    out.reserve(1000);
    out.putBytes(new Uint8Array(1000).fill(at));
  }
  const bytes = out.take();
  expect(bytes.length).toBe(1_000_000);
  expect(bytes.every((byte, at) => byte === (Math.floor(at / 1000) & 0xff))).toBe(true);
});

test("truncate forgets the end alone, and patchU32 counts from what is not yet taken", () => {
  const out = new OutboxBuffer();
  out.reserve(30);
  out.putU8(1);
  out.take();
  out.putU32(0);
  out.putU8(2);
  const kept = out.length;
  out.putUint(2n ** 64n - 1n);
  out.truncate(kept);
  out.patchU32(0, 0xdeadbeef);
  expect(hexOf(out.take())).toBe("deadbeef02");
});

describe("a large payload", () => {
  const large = new Uint8Array(sharedPayloadBytes).fill(7);

  function written(): OutboxBuffer {
    const out = new OutboxBuffer();
    out.reserve(32);
    out.putU32(0);
    out.putBin(large);
    out.reserve(32);
    out.putU8(9);
    return out;
  }

  test("is handed over as it lies, between what was written before and after it", () => {
    const out = written();
    expect(out.length).toBe(4 + 5 + large.length + 1);
    const parts = out.takeParts();
    expect(parts.map((part) => part.length)).toEqual([9, large.length, 1]);
    expect(parts[1]).toBe(large);
    expect(out.length).toBe(0);
    expect(out.takeParts()).toEqual([]);
  });

  test("in one piece reads the same", () => {
    expect(hexOf(written().take())).toBe(`00000000c600010000${"07".repeat(large.length)}09`);
  });

  test.each([0, 2, 9, 9 + 10, 9 + large.length, 9 + large.length + 1])(
    "is taken back to %d bytes",
    (length) => {
      const expected = written().take().subarray(0, length);
      const out = written();
      out.truncate(length);
      expect(out.length).toBe(length);
      out.reserve(1);
      out.putU8(1);
      expect(Buffer.compare(out.take(), Buffer.concat([expected, Uint8Array.of(1)]))).toBe(0);
    },
  );

  test("leaves the bytes before and behind it open to a patch", () => {
    const out = written();
    out.reserve(8);
    const behind = out.length;
    out.putU32(0);
    out.patchU32(0, 0xdeadbeef);
    out.patchU32(behind, 0xcafecafe);
    const bytes = out.take();
    expect(hexOf(bytes.subarray(0, 4))).toBe("deadbeef");
    expect(hexOf(bytes.subarray(behind))).toBe("cafecafe");
  });

  test("over the limit by its headers alone leaves the buffer as it was", () => {
    const out = new OutboxBuffer();
    appendInvokeResult(out, 1, new Uint8Array(3), 1);
    const before = out.length;
    expect(() => appendInvokeResult(out, 2, large, 1, large.length)).toThrow(/limit of this link/);
    expect(out.length).toBe(before);
    appendInvokeResult(out, 3, large, 1);
    const messages = new Decoder().push(out.take());
    expect(messages).toMatchObject([{ requestId: 1 }, { requestId: 3, result: large }]);
  });
});
