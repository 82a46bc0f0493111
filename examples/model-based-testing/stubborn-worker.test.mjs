// What does our program do about a worker that never answers, or falls over? Real processes, and the real supervisor.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createSplice } from "splice-runtime";

const worker = fileURLToPath(new URL("./stubborn-worker.mjs", import.meta.url));

test("callers hear of a worker that does not answer, falls over or babbles", async () => {
  const splice = await createSplice({ pools: { stock: { command: [process.execPath, worker] } } });
  try {
    assert.equal(await splice.call("stock.count", { items: ["a", "b"] }), 2);
    await assert.rejects(splice.call("stock.sleep", {}, { timeoutMs: 50 }), { code: 2001 });
    await assert.rejects(splice.call("stock.fall"), { code: 2003 });
    await assert.rejects(splice.call("stock.babble"), { code: 2003 });
  } finally {
    await splice.close();
  }
});
