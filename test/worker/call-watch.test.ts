import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { createCallWatch } from "../../src/worker/call-watch.js";
import { RunningMemory } from "../../src/worker/guard-protocol.js";

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function watched() {
  const memory = new RunningMemory();
  /** As another thread sees it. */
  const seen = new RunningMemory(memory.shared);
  const calls = { count: 0 };
  const watch = createCallWatch({ memory, names: ["a", "b"], hasCalls: () => calls.count > 0 });
  return { watch, seen, calls };
}

test("says which function was entered, until it has returned", () => {
  const { watch, seen } = watched();
  expect([seen.running, seen.aliveAtMs]).toEqual([-1, 0]);
  watch.entered("b", 1234.5);
  expect([seen.running, seen.aliveAtMs]).toEqual([1, 1234.5]);
  watch.left();
  expect(seen.running).toBe(-1);
  watch.entered("a", 1300);
  expect(seen.running).toBe(0);
});

test("while calls are under way the loop shows that it is going; then there is no timer any more", () => {
  const { watch, seen, calls } = watched();
  calls.count = 1;
  watch.entered("a", performance.now());
  watch.left();
  const startedMs = performance.now();
  jest.advanceTimersByTime(500);
  expect(seen.aliveAtMs).toBe(startedMs + 500);
  calls.count = 0;
  jest.advanceTimersByTime(100);
  expect([seen.aliveAtMs, jest.getTimerCount()]).toEqual([0, 0]);
  calls.count = 1;
  watch.entered("a", performance.now());
  jest.advanceTimersByTime(100);
  expect([seen.aliveAtMs, jest.getTimerCount()]).toEqual([performance.now(), 1]);
});
