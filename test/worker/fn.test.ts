import { describe, expect, test } from "@jest/globals";
import type { Context } from "../../src/contract/context-type.js";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import { definitionOf, fn } from "../../src/worker/fn.js";

const numberSchema: StandardSchema<{ n: number }> = {
  "~standard": { version: 1, vendor: "t", validate: () => ({ value: { n: 1 } }) },
};
const textSchema: StandardSchema<string> = {
  "~standard": { version: 1, vendor: "t", validate: () => ({ value: "" }) },
};
// What a handler that ignores its context may be given in a unit test.
const noContext = {} as Context;

describe("fn", () => {
  test("infers the handler's types, and a direct call runs the handler without checks", () => {
    const declared = fn({ params: numberSchema, returns: textSchema }, ({ n }) => n.toFixed(1));
    const text: string = declared({ n: 2 }, noContext);
    expect(text).toBe("2.0");
    const loose = fn({}, async (params) => Promise.resolve(Object.keys(params)));
    expect(loose({ a: 1 }, noContext)).toBeInstanceOf(Promise);
    const typed = fn({}, (params: { a: number }) => params.a + 1);
    const sum: number = typed({ a: 1 }, noContext);
    expect(sum).toBe(2);
    // @ts-expect-error the schema says that n is a number
    fn({ params: numberSchema }, ({ n }: { n: string }) => n);
    // @ts-expect-error the schema says that the result is a string
    fn({ returns: textSchema }, () => 1);
  });

  test("does not mark the handler, which may be declared twice", () => {
    const handler = (): string => "x";
    const first = fn({ params: numberSchema }, handler);
    const second = fn({ returns: textSchema }, handler);
    expect(definitionOf(handler)).toBeUndefined();
    expect(definitionOf(first)).toMatchObject({ params: numberSchema, returns: undefined });
    expect(definitionOf(second)).toMatchObject({ params: undefined, returns: textSchema });
  });

  test("with `stream` takes a handler that returns items, of the kind that `returns` describes", () => {
    const items = async function* ({ n }: { n: number }) {
      for (let i = 0; i < n; i++) yield await Promise.resolve(String(i));
    };
    const declared = fn({ params: numberSchema, returns: textSchema, stream: true }, items);
    const direct: AsyncIterable<string> = declared({ n: 1 }, noContext);
    expect(typeof direct[Symbol.asyncIterator]).toBe("function");
    expect(definitionOf(declared)).toMatchObject({ stream: true });
    expect(definitionOf(fn({}, () => 1))).toMatchObject({ stream: false });
    fn({ stream: true }, () => new ReadableStream<number>());
    fn({ stream: true }, async () => Promise.resolve(new ReadableStream<number>()));
    // @ts-expect-error a list is a result, not items
    fn({ stream: true }, () => [1, 2]);
    // @ts-expect-error the schema says that the items are text
    fn({ returns: textSchema, stream: true }, () => new ReadableStream<number>());
    // @ts-expect-error true or false
    expect(() => fn({ stream: "yes" }, () => 1)).toThrow(/`stream` that is string; it must be true or false/);
  });

  test("refuses what is no schema and no function, with a sentence", () => {
    // @ts-expect-error a plain object is no schema
    expect(() => fn({ params: { type: "object" } }, () => 1)).toThrow(/`params` that is no schema/);
    // @ts-expect-error a text is no function
    expect(() => fn({}, "text")).toThrow(/needs the function to run/);
  });
});
