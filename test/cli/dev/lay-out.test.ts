import { describe, expect, test } from "@jest/globals";
import { fit, wrap } from "../../../src/cli/dev/lay-out.js";

describe("fit", () => {
  test.each([
    ["short", 5, "short"],
    ["too long", 5, "too …"],
    ["日本語", 6, "日本語"],
    ["日本語", 5, "日本…"],
    ["e\u0301te\u0301", 3, "e\u0301te\u0301"],
    ["\u001b[31mred\u001b[39m", 3, "\u001b[31mred\u001b[39m"],
    ["\u001b[31mred and more\u001b[39m", 4, "\u001b[31mred…\u001b[0m"],
  ])("%j in %d columns is %j", (line, columns, expected) => {
    expect(fit(line, columns)).toBe(expected);
  });
});

describe("wrap", () => {
  test.each([
    ["", 5, [""]],
    ["one two three", 20, ["one two three"]],
    ["one two three", 9, ["one two", "  three"]],
    ["abcdefghij", 5, ["abcde", "  fgh", "  ij"]],
    ["日本", 1, ["日", "  本"]],
  ])("%j in %d columns is %j", (line, columns, expected) => {
    expect(wrap(line, columns)).toEqual(expected);
  });
});
