import { expect, test } from "@jest/globals";
import { toJson } from "../../src/cli/json.js";

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
