import { describe, expect, test } from "@jest/globals";
import { widthOf, wrap, type Font } from "../../src/inspector/text.js";

const font: Font = { sizePx: 10, isBold: false };

describe("the width of a text", () => {
  test("is the sum of its characters', as their size", () => {
    expect(widthOf("i", font)).toBeCloseTo(2.78);
    expect(widthOf("im", font)).toBeCloseTo(2.78 + 9.74);
    expect(widthOf("im", { ...font, sizePx: 20 })).toBeCloseTo(2 * (2.78 + 9.74));
  });

  test("is larger in bold, and never smaller for what is in no table", () => {
    expect(widthOf("worker", { ...font, isBold: true })).toBeGreaterThan(widthOf("worker", font));
    for (const char of ["é", "漢", "🦀", "\n"])
      expect(widthOf(char, font)).toBeGreaterThan(widthOf("W", font));
  });
});

describe("a text is broken", () => {
  test("between words, where the next would not fit", () => {
    expect(wrap("aa bb cc", font, widthOf("aa bb", font))).toEqual(["aa bb", "cc"]);
  });

  test("nowhere within a word", () => {
    expect(wrap("a wwwwwwwwww b", font, 20)).toEqual(["a", "wwwwwwwwww", "b"]);
  });

  test("not between a number and its unit", () => {
    expect(wrap("after 10 s", font, widthOf("after 10", font))).toEqual(["after", "10\u00a0s"]);
    expect(wrap("5 sins", font, 5)).toEqual(["5", "sins"]);
  });
});
