import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeValue, encodeValue } from "../../src/protocol/values.js";
import { shown } from "../../src/system/inspected-values.js";

const noActor = () => undefined;
const see = (value: unknown) => shown(value, noActor);

test("plain data is shown as it is", () => {
  const value = { a: [1, null, true, "x", { b: {} }], c: -1.5 };
  expect(see(value)).toEqual(value);
});

test.each<[string, unknown, unknown]>([
  [
    "functions and what is not there are left out",
    { f: () => 1, s: Symbol("s"), u: undefined, a: 1 },
    { a: 1 },
  ],
  ["in lists they leave their place", [() => 1, undefined, 1], [null, null, 1]],
  [
    "maps and sets",
    new Map<unknown, unknown>([
      ["a", new Set([1])],
      [2, "two"],
    ]),
    { a: [1], "2": "two" },
  ],
  [
    "what JSON would turn into null",
    [Infinity, Number.NaN, 2n ** 70n],
    ["Infinity", "NaN", String(2n ** 70n)],
  ],
  [
    "bytes, times, errors",
    [new Uint8Array(5), new Date(0), new Date(Number.NaN), new TypeError("no")],
    ["(5 bytes)", "1970-01-01T00:00:00.000Z", "Invalid Date", "no"],
  ],
  ["halves of characters", "a\ud83d", "a\ufffd"],
  [
    "what throws when it is read",
    {
      get a() {
        throw new Error("mine");
      },
    },
    "(unreadable: mine)",
  ],
])("%s", (_, value, expected) => {
  expect(see(value)).toEqual(expected);
});

test("an actor in it is shown by its id", () => {
  const actor = { sessionId: "x:1" };
  expect(shown({ parent: actor }, (each) => (each === actor ? "id" : undefined))).toEqual({
    parent: { actorId: "id" },
  });
});

describe("its size is bounded", () => {
  test("in depth, so that what holds itself ends", () => {
    const self: Record<string, unknown> = {};
    self["self"] = self;
    expect(JSON.stringify(see(self))).toMatch(/^(\{"self":){8}"…"\}{8}$/);
  });

  test("in width, in text and in all", () => {
    expect(see(Array.from({ length: 100 }, (_, n) => n))).toHaveLength(65);
    expect(
      Object.keys(
        see(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${String(n)}`, n]))) as object,
      ),
    ).toHaveLength(65);
    expect(see("x".repeat(5000))).toBe(`${"x".repeat(999)}…`);
    const wide = (depth: number): unknown =>
      depth === 0 ? 1 : Array.from({ length: 50 }, () => wide(depth - 1));
    expect(JSON.stringify(see(wide(4))).length).toBeLessThan(10_000);
  });
});

test("whatever a value holds, the wire carries what is shown of it", () => {
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withDate: true,
        withNullPrototype: true,
        withObjectString: true,
      }),
      (value) => {
        const seen = see(value);
        expect(decodeValue(encodeValue(seen))).toEqual(seen);
      },
    ),
  );
});
