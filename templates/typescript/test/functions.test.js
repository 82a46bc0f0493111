// JavaScript, so that Node runs it as it is; tsc checks it all the same.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createSplice } from "splice-runtime";
import { createTestSplice } from "splice-runtime/testing";

const functions = "./functions";

describe("the functions, without a process", () => {
  /** @type {import("splice-runtime").Splice} */
  let splice;
  before(async () => {
    splice = await createTestSplice({ functions });
  });
  after(() => splice.close());

  test("greet.hello greets by name", async () => {
    assert.equal(await splice.call("greet.hello", { name: "Ada" }), "Hello, Ada!");
  });

  test("count.up is a stream", async () => {
    const items = [];
    for await (const item of splice.stream("count.up", { to: 3 })) items.push(item);
    assert.deepEqual(items, [1, 2, 3]);
  });

  test("math.divide refuses what is no number", async () => {
    assert.equal(await splice.call("math.divide", { a: 6, b: 2 }), 3);
    await assert.rejects(splice.call("math.divide", { a: "6", b: 2 }), { code: 1001 });
  });
});

test("a worker process answers", async () => {
  const splice = await createSplice({ functions });
  try {
    assert.equal(await splice.call("greet.hello", { name: "Grace" }), "Hello, Grace!");
  } finally {
    await splice.close();
  }
});
