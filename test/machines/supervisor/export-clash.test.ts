import { expect, test } from "@jest/globals";
import { clashSentence, findExportClash } from "../../../src/machines/supervisor/export-clash.js";
import { exportsOf } from "../worker/rig.js";

test("names in one pool each are no clash, however often a pool lists them", () => {
  expect(findExportClash(new Map())).toBeNull();
  expect(
    findExportClash(
      new Map([
        ["a", exportsOf("f", "g")],
        ["b", exportsOf("h")],
      ]),
    ),
  ).toBeNull();
  expect(findExportClash(new Map([["a", exportsOf("f", "f")]]))).toBeNull();
});

test("a name in two pools is told with both", () => {
  const clash = findExportClash(
    new Map([
      ["a", exportsOf("f", "g")],
      ["b", exportsOf("g")],
    ]),
  );
  expect(clash).toEqual({ name: "g", pools: ["a", "b"] });
  expect(clash === null ? "" : clashSentence(clash)).toBe(
    "The pools a and b both export g; rename it in one of them, since a name has one home.",
  );
});
