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

test("whatever the folder, npm's rules hold, and the same name comes again", () => {
  for (let code = 0; code < 0x2000; code++) {
    for (const folder of [
      String.fromCodePoint(code),
      `${String.fromCodePoint(code)}a`,
      `a${String.fromCodePoint(code)}`,
    ]) {
      const name = projectName(folder);
      expect(name).toMatch(/^[a-z0-9][a-z0-9._-]{0,213}$/);
      expect(projectName(name)).toBe(name);
    }
  }
});
