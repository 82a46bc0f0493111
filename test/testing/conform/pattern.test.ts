import { describe, expect, test } from "@jest/globals";
import { encodeValue } from "../../../src/protocol/values.js";
import { mismatch } from "../../../src/testing/conform/pattern.js";
import type { Json } from "../../../src/testing/conform/scenario.js";

const variables = new Map<string, unknown>([["W", 64]]);

function difference(pattern: Json, value: unknown): string | undefined {
  return mismatch(pattern, value, "at", variables, new Map());
}

describe("what fits", () => {
  test.each<[Json, unknown]>([
    [null, null],
    ["a", "a"],
    [7, 7n],
    [{ $u64: "18446744073709551615" }, 18446744073709551615n],
    [{ $any: true }, new Uint8Array(0)],
    [{ $var: "W", plus: -1 }, 63],
    [{ $range: [1, 1024] }, 1],
    [{ $range: [{ $var: "W" }, null] }, 64],
    [{ $text: "^a.c$" }, "abc"],
    [{ $length: 16 }, Array.from({ length: 16 }, () => 0)],
    [{ $oneOf: [1, "x"] }, "x"],
    [{ $bin: "00ff" }, Uint8Array.of(0, 255)],
    [{ $fill: 3 }, new Uint8Array(3)],
    [{ $pack: { a: [1, { $any: true }] } }, encodeValue({ a: [1, "whatever"] })],
    [{ $has: { a: 1 } }, { a: 1, b: 2 }],
    [{ $each: { $has: { a: { $any: true } } } }, [{ a: 1 }, { a: 2, b: 3 }]],
    [{ $contains: [2, { $has: { a: 1 } }] }, [1, 2, { a: 1 }]],
    [{ a: { b: [true, null] } }, { a: { b: [true, null] } }],
  ])("%j", (pattern, value) => {
    expect(difference(pattern, value)).toBeUndefined();
  });
});

describe("what does not, and where", () => {
  test.each<[Json, unknown, string]>([
    ["a", "b", 'at: expected "a", came "b"'],
    [7, "7", 'at: expected 7, came "7"'],
    [{ a: 1 }, { a: 1, b: 2 }, "at: expected a map without b"],
    [{ $has: { a: { b: 1 } } }, { a: { b: 2 } }, "at.a.b: expected 1, came 2"],
    [[1, 2], [1, 3], "at[1]: expected 2, came 3"],
    [[1], [1, 2], "at: expected an array of 1"],
    [{ $range: [1, 3] }, 4, "at: expected 1 to 3, came 4"],
    [{ $pack: 1 }, Uint8Array.of(0xc1), "at: expected bytes that hold one MessagePack document"],
    [{ $pack: 1 }, encodeValue(2), "at: expected 1, came 2"],
    [{ $contains: [3] }, [1, 2], "at: expected an array with 3 in it"],
    [{ $text: "^b" }, "abc", "at: expected a text like /^b/"],
    [{ $each: 1 }, [1, 2], "at[1]: expected 1, came 2"],
  ])("%j and %j", (pattern, value, text) => {
    expect(difference(pattern, value)).toContain(text);
  });
});

test("a value is saved under its name, when it fits", () => {
  const saved = new Map<string, unknown>();
  expect(mismatch({ $save: "W", is: { $range: [1, 9] } }, 5, "window", new Map(), saved)).toBeUndefined();
  expect(saved.get("W")).toBe(5);
  expect(mismatch({ $save: "V", is: { $range: [1, 9] } }, 50, "window", new Map(), saved)).toContain(
    "1 to 9",
  );
  expect(saved.has("V")).toBe(false);
});

test("a variable that nothing has saved is a mistake of the scenario", () => {
  expect(() => difference({ $var: "nothing" }, 1)).toThrow("uses nothing before it has a value");
});
