import { expect, test } from "@jest/globals";
import { bytesOfEntry, readCorpus, verdictOf } from "./corpus.js";

test.each(readCorpus().map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
  expect(verdictOf(entry.of, bytesOfEntry(entry))).toBe(entry.verdict);
});

test("no two have one name", () => {
  const names = readCorpus().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
