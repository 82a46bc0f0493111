import { expect, test } from "@jest/globals";
import { sourceExcerpt } from "../../src/contract/source-excerpt.js";

const source = Array.from({ length: 12 }, (_, at) => `\tline ${String(at + 1)}`).join("\n");

test("shows two lines around the place, with a mark under it", () => {
  expect(sourceExcerpt(source, { line: 9, column: 2, length: 4 })).toBe(
    [
      "   7 | \tline 7",
      "   8 | \tline 8",
      ">  9 | \tline 9",
      "     | \t^^^^",
      "  10 | \tline 10",
      "  11 | \tline 11",
    ].join("\n"),
  );
});

test("the mark stays within the line, and is there for an empty one", () => {
  expect(sourceExcerpt("abc", { line: 1, column: 3, length: 50 })).toBe("> 1 | abc\n    |   ^");
  expect(sourceExcerpt("", { line: 1, column: 1 })).toBe("> 1 |\n    | ^");
});

test("a line that is not there shows nothing", () => {
  expect(sourceExcerpt("abc", { line: 2, column: 1 })).toBe("");
});
