// Streams that end with an error, and items that their schema judges.

import { describe, expect, test } from "@jest/globals";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import { fn } from "../../src/worker/fn.js";
import { useServed } from "./streamed.js";

const { on, start, came, activeRequests } = useServed();

describe("a stream ends with an error", () => {
  test("when the function throws: after the items before it, with what it threw", async () => {
    await start({
      fails: async function* () {
        yield await Promise.resolve(1);
        throw Object.assign(new TypeError("out of bread"), { data: { left: 0 } });
      },
    });
    on.peer.invoke(1, "fails");
    expect(await on.peer.error(1)).toMatchObject({
      code: 2000,
      message: "out of bread",
      details: { name: "TypeError", data: { left: 0 } },
    });
    expect(came(1)).toEqual(["start 4", "0: 1", "error 2000"]);
    expect(await activeRequests()).toBe(0);
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["a number", 7],
    ["a text", "text"],
    ["a list", [1, 2]],
    ["an object", { a: 1 }],
  ])("when it returns %s instead of items: no stream begins", async (_, returned) => {
    await start({ s: fn({ stream: true }, (() => returned) as () => AsyncIterable<unknown>) });
    on.peer.invoke(1, "s");
    expect(await on.peer.error(1)).toMatchObject({ code: 2000, details: { name: "NoItemsError" } });
    expect(came(1)).toEqual(["error 2000"]);
  });

  test.each<[string, unknown, object]>([
    ["cannot be carried", { deep: [new Map()] }, { name: "UnserialisableResult", path: "item.deep[0]" }],
    ["is larger than a frame", new Uint8Array(2000), { name: "ResultTooLarge", limit: 1000 }],
  ])("when an item %s: what came before is valid, and its generator is ended", async (_, value, details) => {
    let isOver = false;
    await start(
      {
        odd: async function* () {
          try {
            yield await Promise.resolve(1);
            yield value;
          } finally {
            isOver = true;

            throw new Error("in the finally");
          }
        },
      },
      4,
      1000,
    );
    on.peer.invoke(1, "odd");
    expect(await on.peer.error(1)).toMatchObject({ code: 2000, kind: "System", details });
    expect(came(1)).toEqual(["start 4", "0: 1", "error 2000"]);
    expect([isOver, await activeRequests()]).toEqual([true, 0]);
  });

  test("when an iterator gives what no step is", async () => {
    const broken = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(5) }) };
    await start({
      broken: fn({ stream: true }, (() => broken) as never),
      half: fn({ stream: true }, (() => ({ [Symbol.asyncIterator]: () => ({}) })) as never),
    });
    on.peer.invoke(1, "broken");
    on.peer.invoke(2, "half");
    expect(await on.peer.error(1)).toMatchObject({ code: 2000 });
    expect(await on.peer.error(2)).toMatchObject({ code: 2000 });
    expect(await activeRequests()).toBe(0);
  });
});

describe("the schema of `returns`", () => {
  const even: StandardSchema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        if (typeof value !== "number") return { issues: [{ message: "is no number" }] };
        if (value === 8) throw new Error("the schema is broken");
        if (value === 4) return Promise.resolve({ value: "four" });
        return value % 2 === 0 ? { value: value + 100 } : { issues: [{ message: "is odd" }] };
      },
    },
  };
  const serveEven = (...items: unknown[]) =>
    start({
      s: fn({ stream: true, returns: even }, async function* () {
        for (const value of items) yield await Promise.resolve(value);
      }),
    });

  test("checks each item, and what it makes of one is sent, at once or later", async () => {
    await serveEven(2, 4, 6);
    on.peer.invoke(1, "s");
    await on.peer.next("StreamEnd", 1);
    expect(came(1)).toEqual(["start 4", "0: 102", '1: "four"', "2: 106", "end 3"]);
  });

  test.each([
    ["does not fit", 3],
    ["makes it fail", 8],
  ])("ends the stream at an item that %s: 2000, after those before it", async (_, odd) => {
    await serveEven(2, odd, 6);
    on.peer.invoke(1, "s");
    expect(await on.peer.error(1)).toMatchObject({ code: 2000 });
    expect(came(1)).toEqual(["start 4", "0: 102", "error 2000"]);
  });

  test("sees the items of a generator that yields promises, not the promises", async () => {
    await start({
      s: fn({ stream: true, returns: even }, function* () {
        yield Promise.resolve(2);
      } as never),
    });
    on.peer.invoke(1, "s");
    await on.peer.next("StreamEnd", 1);
    expect(came(1)).toEqual(["start 4", "0: 102", "end 1"]);
  });
});
