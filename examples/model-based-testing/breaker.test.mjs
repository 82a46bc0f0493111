// When does the breaker of a function open under our configuration, and for how long is the function away?

import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearseFunction } from "splice-runtime/testing";

const config = { breaker: { minCalls: 10, failureRatio: 0.5, openMs: 5000, quarantineCrashes: 2 } };

test("a function that answers every second call in time is refused for 5 s", () => {
  const orders = rehearseFunction(config);
  for (let call = 0; call < 5; call++) {
    assert.equal(orders.call("timesOut"), 2001);
    assert.equal(orders.call("result"), 0);
  }
  // Ten calls have been counted, and this is one failure more than half.
  assert.equal(orders.call("timesOut"), 2001);
  assert.equal(orders.state, "open");
  assert.equal(orders.call("result"), 3001);
  assert.equal(orders.untilTried(), 5000);
  assert.equal(orders.call("result"), 0);
  assert.equal(orders.state, "closed");
});

test("errors that it throws are none of the breaker's business; two deaths of workers are", () => {
  const orders = rehearseFunction(config);
  for (let call = 0; call < 100; call++) assert.equal(orders.call("throws"), 2000);
  assert.deepEqual([orders.call("dies"), orders.state], [2003, "closed"]);
  assert.deepEqual([orders.call("dies"), orders.state], [2003, "open"]);
  assert.equal(orders.opened.reason, "quarantined");
});
