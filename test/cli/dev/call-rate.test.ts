import { expect, test } from "@jest/globals";
import { CallRate } from "../../../src/cli/dev/call-rate.js";

test("calls per second over the last three seconds, and none before half a second has passed", () => {
  let nowMs = 0;
  const rate = new CallRate({ now: () => nowMs });
  const at = (ms: number, total: number): number => {
    nowMs = ms;
    return rate.of(total);
  };
  expect(at(0, 100)).toBe(0);
  expect(at(400, 500)).toBe(0);
  expect(at(1000, 600)).toBe(500);
  expect(at(4000, 600)).toBe(0);
  expect(at(5000, 1000)).toBe(100);
});
