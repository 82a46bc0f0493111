// Schemas whose converters do what they should not. Those of real libraries are in test/process/schemas.

import { describe, expect, test } from "@jest/globals";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import { jsonSchemaOf, maxJsonSchemaBytes } from "../../src/worker/json-schema.js";

function schema(convert: (options: unknown) => unknown, vendor = "t"): StandardSchema {
  const jsonSchema = { input: convert, output: convert };
  return { "~standard": { version: 1, vendor, validate: () => ({ value: 1 }), jsonSchema } } as never;
}

test("each side is asked for by itself, in draft 2020-12, as methods of their object", () => {
  const jsonSchema = {
    title: "mine",
    input({ target }: { target: string }) {
      return { title: `${this.title} in ${target}` };
    },
    output({ target }: { target: string }) {
      return { title: `${this.title} out ${target}` };
    },
  };
  const both: StandardSchema = {
    "~standard": { version: 1, vendor: "t", validate: () => ({ value: 1 }), jsonSchema },
  };
  expect(jsonSchemaOf(both, "input")).toEqual({ text: '{"title":"mine in draft-2020-12"}' });
  expect(jsonSchemaOf(both, "output")).toEqual({ text: '{"title":"mine out draft-2020-12"}' });
});

test("options that one library understands are for that library alone", () => {
  const asked: unknown[] = [];
  const convert = (options: unknown) => {
    asked.push(options);
    return {};
  };
  jsonSchemaOf(schema(convert, "zod"), "input");
  jsonSchemaOf(schema(convert, "arktype"), "input");
  expect(asked).toEqual([
    { target: "draft-2020-12", libraryOptions: { unrepresentable: "any" } },
    { target: "draft-2020-12" },
  ]);
});

test("without a converter there is none, and nothing to say about it", () => {
  const plain: StandardSchema = {
    "~standard": { version: 1, vendor: "t", validate: () => ({ value: 1 }) },
  };
  expect(jsonSchemaOf(plain, "input")).toEqual({ reason: undefined });
});

describe("there is none, and a reason,", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  let doubled: Record<string, unknown> = { type: "null" };
  for (let depth = 0; depth < 60; depth++) doubled = { a: doubled, b: doubled };
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("hands off");
      },
      getPrototypeOf: () => {
        throw new Error("hands off");
      },
    },
  );
  const boom = (thrown: unknown) => () => {
    throw thrown;
  };

  test.each<[string, (options: unknown) => unknown, RegExp]>([
    ["when it throws", boom(new Error("Transforms have no words")), /could not make one: Transforms have no/],
    ["when it throws a text", boom("no"), /could not make one: no$/],
    ["when it throws what throws when looked at", boom(hostile), /could not make one: /],
    ["for a circle", () => circle, /could not make one: .*circular/],
    ["for a bigint", () => ({ const: 1n }), /could not make one: .*BigInt/],
    ["for what throws when looked at", () => hostile, /could not make one: hands off/],
    ["for nothing", () => undefined, /gave nothing that JSON can say/],
    ["for a function", () => () => 1, /gave nothing that JSON can say/],
    ["for null", () => null, /gave null/],
    ["for an array", () => [{}], /gave \[\{\}\]/],
    ["for a text", () => "{}", /gave "\{\}"/],
    ["for a long text", () => "x".repeat(1000), /gave "x{199}… for it/],
    ["for one too large", () => ({ title: "x".repeat(maxJsonSchemaBytes) }), /more than 65536 bytes/],
    [
      "for one of too many bytes for its characters",
      () => ({ title: "ü".repeat(40_000) }),
      /more than 65536/,
    ],
    ["for a small graph that is endless as text", () => doubled, /more than 65536 bytes/],
  ])("%s", (_, convert, reason) => {
    expect(jsonSchemaOf(schema(convert), "output")).toEqual({ reason: expect.stringMatching(reason) });
  });

  test("for a promise, whose rejection does no harm", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    const made = jsonSchemaOf(
      schema(() => Promise.reject(new Error("later"))),
      "input",
    );
    expect(made).toEqual({ reason: expect.stringContaining("a promise") });
    // Rejections nobody took are told after the microtasks of this turn.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  test("when its properties throw", () => {
    expect(jsonSchemaOf(hostile as StandardSchema, "input")).toEqual({
      reason: expect.stringContaining("hands off"),
    });
  });
});

test("the largest that fits is listed, and a lone surrogate stays JSON that UTF-8 can carry", () => {
  const empty = JSON.stringify({ title: "" }).length;
  const title = "x".repeat(maxJsonSchemaBytes - empty);
  expect(
    jsonSchemaOf(
      schema(() => ({ title })),
      "input",
    ),
  ).toEqual({ text: JSON.stringify({ title }) });
  expect(
    jsonSchemaOf(
      schema(() => ({ title: "\ud800" })),
      "input",
    ),
  ).toEqual({ text: '{"title":"\\ud800"}' });
});
