import { expect, test } from "@jest/globals";
import { fn } from "../../src/worker/fn.js";
import { createRegistry } from "../../src/worker/registry.js";

const anything = {
  "~standard": { version: 1, vendor: "t", validate: (value: unknown) => ({ value }) },
} as const;

test("holds functions only, by their full names, and knows their kinds", () => {
  const registry = createRegistry({
    folder: "functions",
    modules: [
      [
        "math.ts",
        {
          add: () => 1,
          later: async () => Promise.resolve(1),
          ticks: async function* () {
            yield await Promise.resolve(1);
          },
          checked: fn({ params: anything }, async () => Promise.resolve(1)),
          plain: fn({ stream: true }, () => new ReadableStream()),
          generated: fn({}, async function* () {
            yield await Promise.resolve(1);
          }),
          NoFunction: class {},
          pi: 3.14,
        },
      ],
    ],
  });
  expect(
    [...registry.values()].map(({ metadata: { name, isAsync, isStreaming } }) => [
      name,
      isAsync,
      isStreaming,
    ]),
  ).toEqual([
    ["math.add", false, false],
    ["math.checked", true, false],
    ["math.generated", true, true],
    ["math.later", true, false],
    ["math.plain", true, true],
    ["math.ticks", true, true],
  ]);
  expect(registry.get("math.checked")?.params).toBe(anything);
  for (const name of ["constructor", "__proto__", "toString", ""]) expect(registry.get(name)).toBeUndefined();
});

test("the exported function itself is what an export that shadows Object.prototype names", () => {
  const registry = createRegistry({ folder: "f", modules: [["index.ts", { constructor: () => "mine" }]] });
  expect([...registry.keys()]).toEqual(["constructor"]);
});

test("nothing to call is refused, naming the files", () => {
  expect(() => createRegistry({ folder: "functions", modules: [["a.ts", { x: 1 }]] })).toThrow(
    /functions\/a\.ts/,
  );
});
