// docs/guides/worker-other-language.md shows the worker in Python as it is: every excerpt is a part of the file.

import { describe, expect, test } from "@jest/globals";
import { codeBlocks, read } from "./markdown.js";

const page = read("docs/guides/worker-other-language.md");
const worker = read("examples/python-worker/worker.py");
const excerpts = codeBlocks(page).filter(({ language }) => language === "python");

describe("docs/guides/worker-other-language.md", () => {
  test("shows the worker in Python", () => {
    expect(excerpts.length).toBeGreaterThan(5);
  });

  test.each(excerpts.map(({ text }) => [text.split("\n")[0] ?? "", text]))("%s", (_, text) => {
    expect(worker).toContain(text);
  });

  test("its table of functions is the one of spec/scenarios/README.md, and functions.py exports them", () => {
    const functions = read("examples/python-worker/functions.py");
    const names = (text: string): readonly string[] =>
      [...text.matchAll(/^\| `(conform\.\w+)` `(.*?)`/gm)].map(
        ([, name = "", params = ""]) => `${name} ${params}`,
      );
    expect(names(page)).toEqual(names(read("spec/scenarios/README.md")));
    expect(names(page).length).toBe(8);
    for (const name of names(page)) expect(functions).toContain(`"${name.split(" ")[0] ?? ""}": `);
  });
});
