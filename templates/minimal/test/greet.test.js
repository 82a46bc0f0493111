import assert from "node:assert/strict";
import { test } from "node:test";
import { createSplice } from "splice-runtime";
import { createTestSplice } from "splice-runtime/testing";

const functions = "./functions";

test("greet.hello greets by name", async () => {
  // The real calls, values and errors, without a process: fast enough for every test.
  const splice = await createTestSplice({ functions });
  try {
    assert.equal(await splice.call("greet.hello", { name: "Ada" }), "Hello, Ada!");
  } finally {
    await splice.close();
  }
});

test("a worker process answers", async () => {
  const splice = await createSplice({ functions });
  try {
    assert.equal(await splice.call("greet.hello", { name: "Grace" }), "Hello, Grace!");
  } finally {
    await splice.close();
  }
});
