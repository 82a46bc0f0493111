// docs/reference/errors.md and the table in src/errors.ts say the same: no code is missing, none is invented.

import { describe, expect, test } from "@jest/globals";
import { errorTable } from "../../src/errors.js";
import { read } from "./markdown.js";

const page = read("docs/reference/errors.md");

/** "ran" is 2000's alone: the one code that says for certain that the function was started. */
function classOf(code: string, notStarted: boolean): string {
  if (notStarted) return "N";
  return code === "2000" ? "ran" : "M";
}

describe("docs/reference/errors.md", () => {
  test("its table is the table of src/errors.ts", () => {
    const rows = [...page.matchAll(/^\|\s*(\d{4})\s*\|(.*)\|$/gm)].map(([, code = "", cells = ""]) =>
      [code, ...cells.split("|").map((cell) => cell.trim())].join(" "),
    );
    const expected = Object.entries(errorTable).map(([code, { name, kind, notStarted, retryable }]) =>
      [code, name, kind, classOf(code, notStarted), retryable ? "yes" : "no"].join(" "),
    );
    expect(rows).toEqual(expected);
  });

  test("each code has one section, with when it comes, its details and what to do", () => {
    const sections = [...page.matchAll(/^## (\d{4} \w+)\n([\s\S]*?)(?=^## )/gm)];
    const expected = Object.entries(errorTable).map(([code, { name }]) => `${code} ${name}`);
    expect(sections.map(([, heading]) => heading)).toEqual(expected);
    for (const [, heading, text = ""] of sections) {
      const parts = [...text.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, part]) => part);
      expect([heading, ...parts]).toEqual([heading, "When", "Details", "What to do"]);
    }
  });

  test("no other code is spoken of", () => {
    const known = Object.keys(errorTable);
    const spoken = [...page.matchAll(/(?<![\w.-])([123]00\d)(?![\w.-])/g)].map(([, code = ""]) => code);
    expect(spoken.filter((code) => !known.includes(code))).toEqual([]);
  });
});
