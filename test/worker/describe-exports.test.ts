import { expect, test } from "@jest/globals";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import { encode } from "../../src/protocol/index.js";
import { describeExports } from "../../src/worker/describe-exports.js";
import { fn } from "../../src/worker/fn.js";
import { createRegistry } from "../../src/worker/registry.js";

/** As JSON Schema `{"description":"xx…"}` of that many bytes. */
function schema(bytes: number, asked?: string[]): StandardSchema {
  const made = (side: string) => () => {
    asked?.push(side);
    return { description: "x".repeat(bytes - 18) };
  };
  const jsonSchema = { input: made("input"), output: made("output") };
  return { "~standard": { version: 1, vendor: "t", validate: () => ({ value: 1 }), jsonSchema } };
}

const registryOf = (functions: Record<string, unknown>) =>
  createRegistry({ folder: "f", modules: [["index.ts", functions]] });
const describeAll = (functions: Record<string, unknown>, maxFrameBytes: number) => {
  const leftOut: string[] = [];
  const exports = describeExports(registryOf(functions), maxFrameBytes, (name, option, reason) => {
    leftOut.push(`${option} of ${name}: ${reason}`);
  });
  return { exports, leftOut };
};

test("params are listed by their input, returns by their output, each asked for once, the rest is {}", () => {
  const asked: string[] = [];
  const { exports, leftOut } = describeAll(
    {
      a: fn({ params: schema(20, asked) }, async () => Promise.resolve(1)),
      b: fn({ returns: schema(20, asked) }, () => 1),
      c: () => 1,
    },
    1_000_000,
  );
  const text = '{"description":"xx"}';
  expect(exports).toEqual([
    { name: "a", isAsync: true, isStreaming: false, paramsSchema: text, returnSchema: "{}" },
    { name: "b", isAsync: false, isStreaming: false, paramsSchema: "{}", returnSchema: text },
    { name: "c", isAsync: false, isStreaming: false, paramsSchema: "{}", returnSchema: "{}" },
  ]);
  expect(asked).toEqual(["input", "output"]);
  expect(leftOut).toEqual([]);
});

test("all schemas together take a quarter of what the names leave of a frame; a smaller one may still fit", () => {
  const { exports, leftOut } = describeAll(
    {
      a: fn({ params: schema(150) }, () => 1),
      b: fn({ params: schema(150) }, () => 1),
      c: fn({ params: schema(50) }, () => 1),
    },
    1024,
  );
  expect(exports.map(({ paramsSchema }) => paramsSchema.length)).toEqual([150, 2, 50]);
  expect(leftOut).toEqual([
    expect.stringMatching(/^params of b: with its 150 bytes .* too much of a frame\.$/),
  ]);
});

test("a list of names that only just fits a frame goes on fitting it", () => {
  const names = Array.from({ length: 40 }, (_, at) => `function${String(at)}`);
  const functions = Object.fromEntries(
    names.map((name) => [name, fn({ params: schema(100), returns: schema(100) }, () => 1)]),
  );
  const bare = encode({
    type: "ListExportsResult",
    exports: names.map((name) => ({
      name,
      isAsync: false,
      isStreaming: false,
      paramsSchema: "{}",
      returnSchema: "{}",
    })),
  }).length;
  for (let maxFrameBytes = bare; maxFrameBytes < bare + 4000; maxFrameBytes += 20) {
    const { exports } = describeAll(functions, maxFrameBytes);
    expect(encode({ type: "ListExportsResult", exports: [...exports] }).length).toBeLessThanOrEqual(
      maxFrameBytes,
    );
  }
});
