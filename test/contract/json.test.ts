import { expect, test } from "@jest/globals";
import { fromJson, toJson } from "../../src/contract/json.js";

test.each<[unknown, string | undefined]>([
  [undefined, undefined],
  [null, "null"],
  [true, "true"],
  ['a "quoted"\nline', '"a \\"quoted\\"\\nline"'],
  [1.5, "1.5"],
  [-0, "0"],
  [Number.NaN, "null"],
  [Infinity, "null"],
  [2n ** 64n - 1n, "18446744073709551615"],
  [-(2n ** 63n), "-9223372036854775808"],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [Uint8Array.of(1, 2, 255), '{"$bytes":"AQL/"}'],
  [new Uint8Array(0), '{"$bytes":""}'],
  [[], "[]"],
  [[1, undefined, [2n]], "[1,null,[2]]"],
  [{}, "{}"],
  [{ a: undefined, b: { c: Uint8Array.of(0) } }, '{"b":{"c":{"$bytes":"AA=="}}}'],
  [Object.assign(Object.create(null) as object, { ["__proto__x"]: 1 }), '{"__proto__x":1}'],
])("%p prints as %p", (value, text) => {
  expect(toJson(value)).toBe(text);
});

test.each<[string, unknown]>([
  ["null", null],
  ["1.5", 1.5],
  ["9007199254740991", 9007199254740991],
  ["-9007199254740991", -9007199254740991],
  ["9007199254740992", 9007199254740992n],
  ["[18446744073709551615, -9223372036854775808]", [2n ** 64n - 1n, -(2n ** 63n)]],
  ["12345678901234567.5", 12345678901234567.5],
  ["12345678901234567e2", 12345678901234567e2],
  ['"12345678901234567"', "12345678901234567"],
  [
    '{"\\"12345678901234567":"\\\\","b":12345678901234567}',
    { '"12345678901234567': "\\", b: 12345678901234567n },
  ],
  ['{"$bytes":"AQL/"}', Uint8Array.of(1, 2, 255)],
  ['{"$bytes":""}', new Uint8Array(0)],
  ['{"\\u0024bytes":"AA==","n":1}'.replace(',"n":1', ""), Uint8Array.of(0)],
  ['[{"$bytes":"AA=="},12345678901234567]', [Uint8Array.of(0), 12345678901234567n]],
  ['"$bytes"', "$bytes"],
  ['"1970-01-01T00:00:00.000Z"', "1970-01-01T00:00:00.000Z"],
])("%s is read", (text, value) => {
  expect(fromJson(text)).toEqual(value);
});

test.each([
  "",
  "{",
  "{'a':1}",
  "01",
  "00000000000000001",
  "012345678901234567",
  "{12345678901234567:1}",
  '"12345678901234567',
  '"\\',
  '{"$bytes":"A"}',
  '{"$bytes":"A=A="}',
  '{"$bytes":"!!!!"}',
  '{"$bytes":5}',
  '{"$bytes":"AA==","b":1}',
  '{"b":12345678901234567,"c":{"$bytes":"A"}}',
])("%j is refused", (text) => {
  expect(() => fromJson(text)).toThrow(expect.objectContaining({ name: "SyntaxError" }));
});
