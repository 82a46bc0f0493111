// A single result in the form of items: whoever leaves gives up the call.

import { expect, test } from "@jest/globals";
import { oneItem } from "../../src/http/item-stream.js";

test("is asked for once, and then over", async () => {
  let calls = 0;
  const items = oneItem(() => Promise.resolve(++calls));
  expect([await items.next(), await items.next()]).toEqual([
    { done: false, value: 1 },
    { done: true, value: undefined },
  ]);
});

test("is given up when whoever asked leaves before it is there", async () => {
  let given: AbortSignal | undefined;
  const items = oneItem((left) => {
    given = left;
    return new Promise(() => undefined);
  });
  void items.next();
  expect(given?.aborted).toBe(false);
  await items.return?.();
  expect(given?.aborted).toBe(true);
});
