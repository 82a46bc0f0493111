import { describe, expect, test } from "@jest/globals";
import { describeUnknownFunction, editDistance, nearNames } from "../../src/contract/near-names.js";

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["add", "add", 0],
    ["add", "ad", 1],
    ["ad", "add", 1],
    ["add", "odd", 1],
    ["add", "dad", 1],
    ["kitten", "sitting", 3],
    ["", "abc", 3],
  ])("%j to %j takes %d edits", (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
    expect(editDistance(b, a)).toBe(edits);
  });

  test("beyond the limit it says only that it is more", () => {
    expect(editDistance("abcdef", "uvwxyz", 2)).toBe(3);
    expect(editDistance("a", "abcdef", 2)).toBe(3);
  });
});

describe("nearNames", () => {
  const known = ["math.add", "math.addLater", "users.get", "users.list", "text.count"];

  test("finds typing errors, other case, and a name without its namespace", () => {
    expect(nearNames("math.ad", known)).toEqual(["math.add"]);
    expect(nearNames("Users.Get", known)).toEqual(["users.get"]);
    expect(nearNames("add", known)).toEqual(["math.add"]);
    expect(nearNames("something.else", known)).toEqual([]);
  });

  test("gives three at most, nearest first", () => {
    expect(nearNames("abcd", ["abxy", "abcx", "abcd.e", "abce", "abcf", "abcd"])).toEqual([
      "abcd",
      "abce",
      "abcf",
    ]);
  });

  test("does no work for names that nobody types", () => {
    expect(nearNames("", known)).toEqual([]);
    expect(nearNames("x".repeat(100_000), ["x".repeat(100_000)])).toEqual([]);
  });
});

test("the sentence shows the name escaped and cut", () => {
  expect(describeUnknownFunction("math.ad", ["math.add"])).toEqual({
    message: 'There is no function "math.ad". Did you mean "math.add"?',
    suggestions: ["math.add"],
  });
  const { message } = describeUnknownFunction(`\u001b[31m\n${"x".repeat(500)}`, []);
  expect(message).toMatch(/^There is no function "\\u001b\[31m\\nx+…"\. `splice list` shows/);
  expect(message.length).toBeLessThan(200);
});
