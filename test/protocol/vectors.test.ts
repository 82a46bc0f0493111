import { describe, expect, test } from "@jest/globals";
import { decodeWire, encode, toMessage } from "../../src/protocol/codec.js";
import { Decoder } from "../../src/protocol/decoder.js";
import type { Message } from "../../src/protocol/messages.js";
import { ProtocolError } from "../../src/protocol/protocol-error.js";
import { concat, hexOf, invalidVectors, validVectors } from "./vectors.js";

const allFrames = concat(validVectors.map((vector) => vector.frame));
const allMessages = validVectors.map((vector) => vector.message);

test("the vectors cover every message of the protocol", () => {
  expect(new Set(allMessages.map((message) => message.type)).size).toBe(19);
  expect(validVectors.length + invalidVectors.length).toBe(104);
});

describe("valid vectors", () => {
  test.each(validVectors)("$title", ({ frame, message, isCanonical }) => {
    const decoded = new Decoder().push(frame);
    expect(decoded).toStrictEqual([message]);
    const written = hexOf(encode(message));
    if (isCanonical) expect(written).toBe(hexOf(frame));
    else expect(written).not.toBe(hexOf(frame));
    expect(toMessage(decodeWire(frame[4] ?? 0, frame.subarray(5)))).toStrictEqual(message);
  });
});

describe("invalid vectors", () => {
  test.each(invalidVectors)("$title: $reason", ({ frame, reason }) => {
    const thrown = failureOf(() => new Decoder().push(frame));
    expect(thrown).toBeInstanceOf(ProtocolError);
    expect(thrown).toMatchObject({ reason, messages: [] });
  });

  test.each(invalidVectors)("$title, byte by byte", ({ frame, reason }) => {
    const decoder = new Decoder();
    const thrown = failureOf(() => {
      for (const byte of frame) decoder.push(Uint8Array.of(byte));
    });
    expect(thrown).toMatchObject({ reason });
  });

  test.each(invalidVectors)("$title, behind two good frames", ({ frame, reason }) => {
    const decoder = new Decoder();
    const good = validVectors.slice(0, 2);
    const thrown = failureOf(() => decoder.push(concat([...good.map((vector) => vector.frame), frame])));
    expect(thrown).toMatchObject({ reason, messages: good.map((vector) => vector.message) });
    expect(failureOf(() => decoder.push(good[0]?.frame ?? new Uint8Array(0)))).toBe(thrown);
  });
});

describe("row 40: however the bytes are cut", () => {
  test.each(validVectors)("$title, cut at every byte", ({ frame, message }) => {
    for (let cut = 0; cut <= frame.length; cut++) {
      const decoder = new Decoder();
      const early = decoder.push(frame.subarray(0, cut));
      const late = decoder.push(frame.subarray(cut));
      expect([...early, ...late]).toStrictEqual([message]);
      expect(early.length).toBe(cut === frame.length ? 1 : 0);
    }
  });

  test("all frames glued together", () => {
    expect(new Decoder().push(allFrames)).toStrictEqual(allMessages);
  });

  test("all frames byte by byte, from one byte of memory that is used again", () => {
    const decoder = new Decoder();
    const chunk = new Uint8Array(1);
    const messages: Message[] = [];
    for (const byte of allFrames) {
      chunk[0] = byte;
      messages.push(...decoder.push(chunk));
    }
    expect(messages).toStrictEqual(allMessages);
  });

  test.each([2, 3, 5, 7, 64, 1000])("in chunks of %d from one reused buffer", (size) => {
    const decoder = new Decoder();
    const buffer = Buffer.alloc(size);
    const messages: Message[] = [];
    for (let at = 0; at < allFrames.length; at += size) {
      const part = allFrames.subarray(at, at + size);
      buffer.set(part);
      messages.push(...decoder.push(buffer.subarray(0, part.length)));
      buffer.fill(0xff);
    }
    expect(messages).toStrictEqual(allMessages);
  });
});

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}
