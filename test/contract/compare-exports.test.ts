// The verdict on a new generation's exports, by what a caller of the old ones would notice.

import { expect, test } from "@jest/globals";
import { compareExports } from "../../src/contract/compare-exports.js";
import type { ExportMetadata } from "../../src/protocol/messages.js";

const numbers = '{"type":"array","items":{"type":"number"}}';

function exported(name: string, change: Partial<ExportMetadata> = {}): ExportMetadata {
  const plain = { name, isAsync: true, isStreaming: false, paramsSchema: numbers, returnSchema: numbers };
  return { ...plain, ...change };
}

const old = [exported("f"), exported("g")];
const only = (change: Partial<ExportMetadata>) => [exported("f", change), exported("g")];

test.each<[string, readonly ExportMetadata[], string, readonly string[]]>([
  ["the same", old, "identical", []],
  ["the same in another order", [...old].reverse(), "identical", []],
  ["one that needs no await any more", only({ isAsync: false }), "identical", []],
  ["a further function", [...old, exported("h")], "additive", []],
  ["params that take more", only({ paramsSchema: '{"type":"array"}' }), "additive", []],
  [
    "results that are fewer",
    only({ returnSchema: '{"type":"array","items":{"type":"integer"}}' }),
    "additive",
    [],
  ],
  ["none", [], "breaking", ["f is gone", "g is gone"]],
  ["a stream instead", only({ isStreaming: true }), "breaking", ["f has become a stream"]],
  [
    "params that take less",
    only({ paramsSchema: '{"type":"array","items":{"type":"integer"}}' }),
    "breaking",
    ["the params of f take less than before"],
  ],
  [
    "results that may be more",
    only({ returnSchema: "{}" }),
    "breaking",
    ["the result of f may be what it could not be before"],
  ],
  [
    "another name for one, and more",
    [exported("f2"), exported("g", { paramsSchema: "false", returnSchema: "true" })],
    "breaking",
    [
      "f is gone",
      "the params of g take less than before",
      "the result of g may be what it could not be before",
    ],
  ],
])("%s", (_what, after, verdict, breaks) => {
  expect(compareExports(old, after)).toEqual({ verdict, breaks });
});

test("a stream that has become none breaks callers as well", () => {
  const { breaks } = compareExports([exported("f", { isStreaming: true })], [exported("f")]);
  expect(breaks).toEqual(["f is no stream any more"]);
});

test("from nothing everything is more", () => {
  expect(compareExports([], []).verdict).toBe("identical");
  expect(compareExports([], old).verdict).toBe("additive");
});

test("what a worker calls a schema and is none breaks nothing and says nothing", () => {
  for (const text of [
    "",
    "{",
    "null",
    "5",
    '"x"',
    "[]",
    "[null]",
    '{"anyOf":[null,5]}',
    '{"properties":7}',
  ]) {
    const broken = [exported("f", { paramsSchema: text, returnSchema: text })];
    expect(compareExports(broken, broken).verdict).toBe("identical");
    for (const others of [[exported("f", { paramsSchema: "{}", returnSchema: "{}" })], [exported("f")]]) {
      expect(() => compareExports(broken, others)).not.toThrow();
      expect(() => compareExports(others, broken)).not.toThrow();
    }
  }
});
