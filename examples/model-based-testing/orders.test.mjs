import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestSplice, createVirtualClock } from "splice-runtime/testing";
import * as orders from "./orders.mjs";

test("orders are added up, and empty ones refused", async () => {
  const splice = await createTestSplice({ functions: { orders } });
  try {
    assert.equal(await splice.call("orders.total", { items: [{ price: 3 }, { price: 4 }] }), 7);
    await assert.rejects(splice.call("orders.total", { items: [] }), { code: 2000, message: /at least one/ });
    for await (const { number } of splice.stream("orders.invoices", { from: 17 })) {
      assert.equal(number, 17);
      break; // The function is told, and ends.
    }
  } finally {
    await splice.close();
  }
});

test("callers hear within a minute of a warehouse that does not answer", async () => {
  const clock = createVirtualClock();
  const ask = () => new Promise(() => undefined);
  const splice = await createTestSplice({ functions: { "warehouse.ask": ask }, clock });
  const call = splice.call("warehouse.ask", {}, { timeoutMs: 60_000 });
  const refused = assert.rejects(call, { code: 2001 });
  clock.advance(60_000);
  await refused;
  await splice.close({ drainMs: 0 });
});
