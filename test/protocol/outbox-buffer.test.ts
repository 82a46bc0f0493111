import { expect, test } from "@jest/globals";
import { OutboxBuffer } from "../../src/protocol/outbox-buffer.js";
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
