import { describe, expect, test } from "@jest/globals";
import { expectHistory, parseExecutionLog } from "../../../src/testing/history/expect-history.js";
import { invoke, oneGoodCall } from "./events.js";

describe("expectHistory", () => {
  test("returns the judgement of a good history", () => {
    expect(expectHistory(oneGoodCall).counts.ok).toBe(1);
  });

  test("throws every finding in words", () => {
    const host = [...oneGoodCall.host, invoke(1, 2), invoke(1, 3)];
    expect(() => expectHistory({ ...oneGoodCall, host })).toThrow(
      "The history breaks guarantees in 2 places:\n" +
        "  G2 lost: caller 1 request 2: its caller got no outcome\n" +
        "  G2 lost: caller 1 request 3: its caller got no outcome",
    );
  });

  test("shows fifty findings and counts the others", () => {
    const host = Array.from({ length: 60 }, (_, index) => invoke(2, index));
    expect(() => expectHistory({ ...oneGoodCall, host: [...oneGoodCall.host, ...host] })).toThrow(
      /… and 10 more$/,
    );
  });
});

describe("parseExecutionLog", () => {
  test("reads starts and ends", () => {
    expect(parseExecutionLog("a 12 start 1.5\na 12 end 20\n")).toEqual([
      { kind: "start", key: "a", pid: 12, atMs: 1.5 },
      { kind: "end", key: "a", pid: 12, atMs: 20 },
    ]);
  });

  test("an empty log has no events", () => {
    expect(parseExecutionLog("")).toEqual([]);
  });

  test("a last line cut by a kill is dropped", () => {
    expect(parseExecutionLog("a 12 start 1\na 12 e")).toHaveLength(1);
  });

  test.each(["a 12 begin 1", "a start 1", "a b start 1", "", "a 12 start 1 more"])(
    "%p is refused by its number",
    (line) => {
      expect(() => parseExecutionLog(`a 12 start 1\n${line}\n`)).toThrow("Line 2 of the execution log");
    },
  );
});
