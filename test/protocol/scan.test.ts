import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { encode } from "@msgpack/msgpack";
import { scan } from "../../src/protocol/scan.js";
import { bytesOf } from "./vectors.js";

/** One value behind every tag, with as many bytes as it needs. */
function valueBehind(tag: number): number[] | undefined {
  const zeros = (count: number): number[] => new Array<number>(count).fill(0);
  if (tag < 0x80 || tag >= 0xe0 || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return [tag];
  if (tag < 0x90) return [tag, ...zeros((tag & 15) * 2)];
  if (tag < 0xa0) return [tag, ...zeros(tag & 15)];
  if (tag < 0xc0) return [tag, ...zeros(tag & 31)];
  if (tag === 0xc1) return undefined;
  const lengths: Record<number, number[]> = {
    0xc4: [1, 9],
    0xc5: [0, 1, 9],
    0xc6: [0, 0, 0, 1, 9],
    0xc7: [1, 5, 9],
    0xc8: [0, 1, 5, 9],
    0xc9: [0, 0, 0, 1, 5, 9],
    0xca: zeros(4),
    0xcb: zeros(8),
    0xcc: zeros(1),
    0xcd: zeros(2),
    0xce: zeros(4),
    0xcf: zeros(8),
    0xd0: zeros(1),
    0xd1: zeros(2),
    0xd2: zeros(4),
    0xd3: zeros(8),
    0xd4: zeros(2),
    0xd5: zeros(3),
    0xd6: zeros(5),
    0xd7: zeros(9),
    0xd8: zeros(17),
    0xd9: [1, 9],
    0xda: [0, 1, 9],
    0xdb: [0, 0, 0, 1, 9],
    0xdc: [0, 1, 9],
    0xdd: [0, 0, 0, 1, 9],
    0xde: [0, 1, 9, 9],
    0xdf: [0, 0, 0, 1, 9, 9],
  };
  return [tag, ...(lengths[tag] ?? [])];
}

describe("every tag", () => {
  test.each(Array.from({ length: 256 }, (_, tag) => tag))("%i is walked over exactly", (tag) => {
    const value = valueBehind(tag);
    if (value === undefined) {
      expect(scan(Uint8Array.of(tag), 100)).toMatch(/reserved byte 0xc1/);
      return;
    }
    expect(scan(Uint8Array.from(value), 100)).toBeUndefined();
    expect(scan(Uint8Array.from([0x92, ...value, ...value]), 200)).toBeUndefined();
    expect(scan(Uint8Array.from([...value, 0]), 100)).toMatch(/^1 of \d+ bytes are left after the value/);
    for (let cut = 0; cut < value.length; cut++) {
      expect(scan(Uint8Array.from(value.slice(0, cut)), 100)).toMatch(/^it ends inside|claims more/);
    }
  });
});

test("what is claimed adds up over all open containers", () => {
  // Two arrays of three each, and only four values: each claim alone would fit what is left.
  expect(scan(bytesOf("9293c0c0c093c0"), 100)).toMatch(/claims more items/);
  expect(scan(bytesOf("9393c0c0c0c0"), 100)).toMatch(/claims more/);
  expect(scan(bytesOf("92a3616263"), 100)).toMatch(/claims more bytes/);
});

test("values are counted with containers, keys and entries", () => {
  const document = bytesOf("82a16101a1629202c0"); // a map, two keys, an integer, an array, two items
  expect(scan(document, 7)).toBeUndefined();
  expect(scan(document, 6)).toBe("it has more than 6 values");
});

test("nesting is counted by what is open, not by what has been", () => {
  const inner = `${"91".repeat(63)}c0`;
  expect(scan(bytesOf(`93${inner}${inner}${inner}`), 1000)).toBeUndefined();
  expect(scan(bytesOf(`93${inner}${inner}91${inner}`), 1000)).toBe("it nests deeper than 64");
});

test("whatever a library writes is one document, and no part of it is", () => {
  fc.assert(
    fc.property(
      fc.object({
        maxDepth: 5,
        values: [fc.string(), fc.integer(), fc.double(), fc.uint8Array(), fc.constant(null)],
      }),
      (value) => {
        const bytes = encode(value);
        expect(scan(bytes, 100_000)).toBeUndefined();
        expect(scan(bytes.subarray(0, bytes.length - 1), 100_000)).toBeDefined();
      },
    ),
  );
});
