import { Decoder as LibraryDecoder } from "@msgpack/msgpack";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  decodeValue,
  encodeParams,
  encodeValue,
  isValueError,
  type ValueError,
} from "../../src/protocol/values.js";
import { bytesOf, concat, hexOf } from "./vectors.js";

/** The rows of the table under a heading of the reference page. */
function tableOf(heading: string): string[][] {
  const page = readFileSync("docs/reference/values.md", "utf8");
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
  );
}

function valueOf(expression: string): unknown {
  return new Function(`return (${expression});`)() as unknown;
}

function refusalOf(action: () => unknown): ValueError {
  try {
    action();
  } catch (error) {
    if (isValueError(error)) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

const carried = tableOf("What is carried");
const refused = tableOf("What is refused");
const refusedOnArrival = tableOf("What is refused on arrival");

describe("the reference page", () => {
  test("has its tables", () => {
    expect([carried.length, refused.length, refusedOnArrival.length]).toStrictEqual([48, 19, 17]);
  });

  test.each(carried)("carries %s as %s, arriving as %s", (expression = "", hex = "", arrives = "") => {
    const bytes = encodeValue(valueOf(expression));
    expect(hexOf(bytes)).toBe(hex);
    expect(decodeValue(bytes)).toStrictEqual(valueOf(arrives));
  });

  test.each(refused)("refuses %s", (expression = "", words = "") => {
    const value = valueOf(expression);
    const error = refusalOf(() => encodeValue(value));
    expect(error.message).toBe(words);
    expect(error.path).toBe(words.slice(0, words.indexOf(": ")));
  });

  test.each(refusedOnArrival)("refuses the bytes %s", (hex = "", words = "") => {
    expect(refusalOf(() => decodeValue(bytesOf(hex))).message).toBe(words);
  });
});

describe("paths", () => {
  test("begin with the root that the caller names", () => {
    const value = { items: [0, { $when_1: new Map() }] };
    expect(refusalOf(() => encodeValue(value, "result")).path).toBe("result.items[1].$when_1");
    expect(refusalOf(() => encodeParams(value)).path).toBe("params.items[1].$when_1");
    expect(refusalOf(() => decodeValue(Uint8Array.of(0xc1), "details"))).toMatchObject({ path: "details" });
  });

  test("point at the right place after deeper neighbours", () => {
    expect(refusalOf(() => encodeValue({ a: [[1], { b: { c: 1 } }], d: new Set() })).path).toBe("value.d");
    expect(refusalOf(() => encodeValue([[[[1]]], 5, [new Set()]])).path).toBe("value[2][0]");
  });

  test("point at the property whose getter throws, inside a proxy too", () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no keys");
        },
      },
    );
    expect(refusalOf(() => encodeValue({ a: { b: hostile } })).message).toBe(
      "value.a.b: reading it threw: no keys.",
    );
  });
});

describe("params", () => {
  test("are a map, or nothing", () => {
    expect(hexOf(encodeParams({ a: 1 }))).toBe("81a16101");
    expect(encodeParams(undefined)).toHaveLength(0);
    expect(encodeParams(null)).toHaveLength(0);
    expect(encodeParams(Object.create(null))).toStrictEqual(Uint8Array.of(0x80));
  });

  test.each([
    [[1], "params: params are keyed by name, so an array cannot be them; pass a plain object."],
    ["x", "params: params are keyed by name, so a string cannot be them; pass a plain object."],
    [1n, "params: params are keyed by name, so a bigint cannot be them; pass a plain object."],
    [new Map(), "params: a Map cannot be carried; pass Object.fromEntries(map), or an array of its entries."],
    [() => 1, "params: a function cannot be carried; pass data, and keep the function on your side."],
  ])("%p is refused", (value, words) => {
    expect(refusalOf(() => encodeParams(value))).toMatchObject({ path: "params", message: words });
  });

  test("a Uint8Array, a Date or an instance is refused too", () => {
    for (const value of [new Uint8Array(1), new Date(0), new (class A {})(), new Error("x")]) {
      expect(refusalOf(() => encodeParams(value)).path).toBe("params");
    }
  });
});

describe("nesting", () => {
  const nested = (depth: number, leaf: unknown): unknown => {
    let value = leaf;
    for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
    return value;
  };

  test("of 64 is carried, of 65 is refused on both sides", () => {
    expect(decodeValue(encodeValue(nested(64, 1)))).toStrictEqual(nested(64, 1));
    expect(refusalOf(() => encodeValue(nested(65, 1))).message).toMatch(
      /nests deeper than 64, or contains itself/,
    );
    expect(decodeValue(bytesOf(`${"91".repeat(64)}c0`))).toBeDefined();
    for (const depth of [65, 1025, 1_000_000]) {
      expect(refusalOf(() => decodeValue(bytesOf(`${"91".repeat(depth)}c0`))).message).toBe(
        "value: it nests deeper than 64.",
      );
    }
  });

  test("what contains itself is refused with a path of 64 steps", () => {
    const self: Record<string, unknown> = {};
    self["self"] = [self];
    expect(refusalOf(() => encodeValue(self)).path).toBe(`value${".self[0]".repeat(32)}`);
  });

  test("the same object twice is no cycle", () => {
    const shared = { a: 1 };
    expect(decodeValue(encodeValue([shared, shared]))).toStrictEqual([shared, shared]);
  });
});

describe("amounts", () => {
  test("more than ten million values are refused on both sides, a sparse array at once", () => {
    expect(refusalOf(() => encodeValue(new Array(10_000_001))).message).toMatch(/more than 10000000 values/);
    expect(refusalOf(() => encodeValue(new Array(4_294_967_295))).path).toBe("value");
    const many = new Uint8Array(10_000_005).fill(0xc0);
    many.set(bytesOf("dd00989680"));
    expect(refusalOf(() => decodeValue(many)).message).toBe("value: it has more than 10000000 values.");
  });

  test("named bombs are refused without allocating by what they claim", () => {
    const before = process.memoryUsage().arrayBuffers;
    for (const hex of [
      "dd01c9c380",
      "dcffff".repeat(1000),
      "dbffffffff",
      "c9ffffffffff",
      `dc00ff${"dcffff".repeat(50)}`,
    ]) {
      for (let round = 0; round < 100; round++) refusalOf(() => decodeValue(bytesOf(hex)));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1_048_576);
  });

  test("a map of a million equal keys is refused at the second", () => {
    const bomb = bytesOf(`df000f4240${"a161c0".repeat(1_000_000)}`);
    expect(refusalOf(() => decodeValue(bomb)).message).toMatch(
      /^value: the key "a" comes twice in one map, at byte 10 /,
    );
  });

  test("a hundred thousand distinct keys are carried", () => {
    const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key ${String(at)}`, at]));
    expect(decodeValue(encodeValue(value))).toEqual(value);
  });
});

describe("prototypes", () => {
  test("are out of reach of a peer", () => {
    const bytes = bytesOf("81ab636f6e7374727563746f7281a970726f746f7479706581a1780a".replace("0a", "01"));
    const value = decodeValue(bytes) as Record<string, unknown>;
    expect(Object.hasOwn(value, "constructor")).toBe(true);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    expect(
      Object.getPrototypeOf(decodeValue(encodeValue({ toString: 1, valueOf: 2, hasOwnProperty: 3 }))),
    ).toBe(Object.prototype);
  });

  test("of another realm make no difference to plain objects, dates, bytes and what is refused", () => {
    const foreign: unknown = runInNewContext(
      "({ a: [1, { b: new Date(5), c: Uint8Array.of(7), d: 2n ** 60n }] })",
    );
    expect(decodeValue(encodeValue(foreign))).toStrictEqual({
      a: [1, { b: new Date(5), c: Uint8Array.of(7), d: 2n ** 60n }],
    });
    expect(refusalOf(() => encodeValue(runInNewContext("new Map()"))).message).toMatch(/a Map cannot/);
    expect(refusalOf(() => encodeValue(runInNewContext("new Error('x')"))).message).toMatch(
      /an Error cannot/,
    );
  });

  test("an object that only inherits is no plain object", () => {
    expect(refusalOf(() => encodeValue(Object.create({ a: 1 }))).message).toMatch(
      /an instance of Object cannot/,
    );
  });
});

test("a getter is read once, and may encode on its own meanwhile", () => {
  let reads = 0;
  const value = {
    before: [1],
    get own() {
      reads++;
      return hexOf(encodeValue({ inner: [2 ** 40] }));
    },
    after: 1,
  };
  expect(decodeValue(encodeValue(value))).toMatchObject({
    own: "81a5696e6e657291cf0000010000000000",
    after: 1,
  });
  expect(reads).toBe(1);
});

describe("bytes that arrive", () => {
  test("are copies where a view would pin more than twice their size, and never Buffers", () => {
    const small = decodeValue(Buffer.from(encodeValue([Uint8Array.of(1, 2), "x".repeat(100)]))) as [
      Uint8Array,
    ];
    expect(small[0].constructor).toBe(Uint8Array);
    expect(small[0].buffer.byteLength).toBe(2);
    const document = encodeValue(new Uint8Array(1000).fill(1));
    const large = decodeValue(document) as Uint8Array;
    expect(large.buffer).toBe(document.buffer);
  });
});

test("longer headers than needed are accepted", () => {
  expect(
    decodeValue(bytesOf("df00000001db000000016191".replace("91", "dd00000001d3ffffffffffffffff"))),
  ).toStrictEqual({ a: [-1] });
  expect(decodeValue(bytesOf("ca3fc00000"))).toBe(1.5);
  expect(decodeValue(bytesOf("cb3ff0000000000000"))).toBe(1);
  expect(decodeValue(bytesOf("c8000cff000000000000000000000001"))).toStrictEqual(new Date(1000));
});

const safeText = fc.string({ unit: "binary", maxLength: 30 });
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false, NaN, Infinity, 2 ** 53),
    fc.maxSafeInteger(),
    fc.double({ noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    safeText,
    fc.uint8Array({ maxLength: 40 }),
    fc.date(),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      safeText.filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
})).value;

function arrived(value: unknown): unknown {
  if (typeof value === "bigint")
    return value >= -(2n ** 53n) + 1n && value < 2n ** 53n ? Number(value) : value;
  if (Array.isArray(value)) return value.map(arrived);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Date)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, arrived(item)]));
}

test("any value that is carried arrives the same, and a general decoder reads the same", () => {
  const library = new LibraryDecoder({ useBigInt64: true });
  fc.assert(
    fc.property(
      anyValue.filter((value) => !(value instanceof Date && Number.isNaN(value.getTime()))),
      (value) => {
        let bytes: Uint8Array;
        try {
          bytes = encodeValue(value);
        } catch (error) {
          expect(String(error)).toMatch(/invalid Date/);
          return;
        }
        expect(decodeValue(bytes)).toEqual(arrived(value));
        expect(arrived(library.decode(bytes))).toEqual(arrived(value));
        expect(hexOf(encodeValue(decodeValue(bytes)))).toBe(hexOf(bytes));
      },
    ),
    { numRuns: 1500 },
  );
});

test("random bytes are a value or refused by ValueError, never anything else", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(0x81, 0x92, 0xde, 0xc7, 0xd7, 0xa9),
      (tail, head) => {
        try {
          decodeValue(concat([Uint8Array.of(head), tail]));
        } catch (error) {
          expect(isValueError(error)).toBe(true);
        }
      },
    ),
    { numRuns: 5000 },
  );
});
