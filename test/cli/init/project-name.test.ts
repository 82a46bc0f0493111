// A folder may have any name, a package may not.

import { expect, test } from "@jest/globals";
import { projectName } from "../../../src/cli/init/project-name.js";

test.each([
  ["my-app", "my-app"],
  ["My App", "my-app"],
  ["Crème Brûlée", "creme-brulee"],
  [".hidden", "hidden"],
  ["_drafts_", "drafts"],
  ["a.b_c~d", "a.b_c-d"],
  ["100% (new)", "100-new"],
  ["@scope", "scope"],
  ["日本", "splice-app"],
  ["", "splice-app"],
  ["node_modules", "node_modules-app"],
  ["favicon.ico", "favicon.ico-app"],
  ["splice-runtime", "splice-runtime-app"],
  ["http", "http-app"],
  ["x".repeat(300), "x".repeat(214)],
])("%s becomes %s", (folder, name) => {
  expect(projectName(folder)).toBe(name);
});

const isAllowed = /^[a-z0-9][a-z0-9._-]{0,213}$/;

test("whatever the folder, npm's rules hold, and the same name comes again", () => {
  const letters = Array.from({ length: 0x2000 }, (_, code) => String.fromCodePoint(code));
  const folders = letters.flatMap((letter) => [letter, `${letter}a`, `a${letter}`]);
  expect(folders.filter((folder) => !isAllowed.test(projectName(folder)))).toEqual([]);
  const again = (folder: string): string => projectName(projectName(folder));
  expect(folders.filter((folder) => again(folder) !== projectName(folder))).toEqual([]);
});
