// The mutants and the tests that have to find them, as mutants.json lists them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @returns {{ name: string, plants: string, killedBy: Record<string, string[]> }[]} */
export function readMutants() {
  return JSON.parse(readFileSync(new URL("mutants.json", import.meta.url), "utf8"));
}

export function patchOf({ name }) {
  return fileURLToPath(new URL(`${name}.patch`, import.meta.url));
}

/** One entry for each test that has to turn red. */
export function testsOf({ killedBy }) {
  return Object.entries(killedBy).flatMap(([file, tests]) => tests.map((test) => ({ file, test })));
}

/** It runs the built package. */
export function isOfProcess({ file }) {
  return /^test\/(process|conformance)\//.test(file);
}

/** A title as it stands in the source, for Jest: at the end of the whole name, with anything in the place of `%s`. */
export function patternOf(test) {
  const escaped = test.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/%[a-z]/g, ".*");
  return `(^| )${escaped}$`;
}
