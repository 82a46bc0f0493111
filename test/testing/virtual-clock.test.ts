// The clock that a test moves: forwards, by a number of milliseconds.

import { expect, test } from "@jest/globals";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

test.each(["5", NaN, -3, Infinity, undefined])("it is not advanced by %p", (ms) => {
  const clock = createVirtualClock();
  expect(() => clock.advance(ms as number)).toThrow(RangeError);
  expect(() => clock.advance(ms as number)).toThrow("milliseconds, a number of 0 or more, not ");
  expect(clock.now()).toBe(0);
});
