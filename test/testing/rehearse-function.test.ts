// A function rehearsed under its configuration: what its breaker does is dispatch's and the chart's business; here it is
// that a rehearsal says it, at the right time.

import { describe, expect, test } from "@jest/globals";
import { ConfigError } from "../../src/errors.js";
import { rehearseFunction } from "../../src/testing/rehearse-function.js";

describe("rehearseFunction", () => {
  test("answers as the call ended, as long as the breaker is closed", () => {
    const rehearsed = rehearseFunction({});
    const ends = ["result", "throws", "timesOut", "dies"] as const;
    expect(ends.map((end) => rehearsed.call(end))).toEqual([0, 2000, 2001, 2003]);
    expect([rehearsed.state, rehearsed.opened]).toEqual(["closed", null]);
    expect(() => rehearsed.untilTried()).toThrow("The breaker is not open");
  });

  test("opens at the configured part of enough calls, is away as long as it says, and tries one call", () => {
    const rehearsed = rehearseFunction({ breaker: { minCalls: 4, failureRatio: 0.5, openMs: 700 } });
    // A function is watched from its first failure on.
    const ends = ["result", "timesOut", "throws", "result"] as const;
    expect(ends.map((end) => rehearsed.call(end))).toEqual([0, 2001, 2000, 0]);
    expect(rehearsed.state).toBe("closed");
    expect(rehearsed.call("timesOut")).toBe(2001);
    expect([rehearsed.state, rehearsed.opened?.reason]).toEqual(["open", "breaker-open"]);
    expect(rehearsed.call("result")).toBe(3001);
    expect(rehearsed.untilTried()).toBe(700);
    expect([rehearsed.state, rehearsed.call("timesOut"), rehearsed.state]).toEqual([
      "halfOpen",
      2001,
      "open",
    ]);
    rehearsed.untilTried();
    expect([rehearsed.call("result"), rehearsed.state, rehearsed.call("throws")]).toEqual([
      0,
      "closed",
      2000,
    ]);
  });

  test("forgets what is older than its window", () => {
    const rehearsed = rehearseFunction({ breaker: { minCalls: 2, windowMs: 1000 } });
    for (let call = 0; call < 5; call++) {
      expect(rehearsed.call("timesOut")).toBe(2001);
      rehearsed.clock.advance(1000);
    }
    expect(rehearsed.state).toBe("closed");
  });

  test("goes into quarantine for the deaths of workers", () => {
    const rehearsed = rehearseFunction({ breaker: { quarantineCrashes: 2, quarantineMs: 900 } });
    expect([rehearsed.call("dies"), rehearsed.state]).toEqual([2003, "closed"]);
    expect([rehearsed.call("dies"), rehearsed.state, rehearsed.opened?.reason]).toEqual([
      2003,
      "open",
      "quarantined",
    ]);
    expect(rehearsed.untilTried()).toBe(900);
    expect([rehearsed.call("result"), rehearsed.state]).toEqual([0, "closed"]);
  });

  test("refuses an end that it does not know", () => {
    const rehearsed = rehearseFunction({});
    expect(() => rehearsed.call("explodes" as never)).toThrow('"explodes" is none of them');
    expect(() => rehearsed.call(undefined as never)).toThrow("undefined is none of them");
  });

  test("refuses what a configuration may not hold", () => {
    expect(() => rehearseFunction({ breaker: { failureRatio: 2 } })).toThrow(ConfigError);
  });
});
