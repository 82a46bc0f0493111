// The mutants have not rotted: each patch applies to the source of today, and each test that is named for one is
// there. Whether the tests find them is `npm run mutants`.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";

interface Mutant {
  readonly name: string;
  readonly plants: string;
  readonly killedBy: Readonly<Record<string, readonly string[]>>;
}

const root = join(import.meta.dirname, "../..");
const here = join(root, "test/mutants");
const mutants = JSON.parse(readFileSync(join(here, "mutants.json"), "utf8")) as readonly Mutant[];

test("each has a patch, and each patch is one of them", () => {
  const patches = readdirSync(here).filter((file) => file.endsWith(".patch"));
  expect(patches.sort()).toEqual(mutants.map(({ name }) => `${name}.patch`).sort());
});

describe.each(mutants)("$name", ({ name, killedBy }) => {
  test("applies to the source of today, and to nothing else", () => {
    const patch = join(here, `${name}.patch`);
    const { status, stderr } = spawnSync("git", ["apply", "--check", patch], { cwd: root, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const changed = [...readFileSync(patch, "utf8").matchAll(/^\+\+\+ (.*)$/gm)].map(([, file]) => file);
    expect(changed.filter((file) => file?.startsWith("b/src/") !== true)).toEqual([]);
    expect(changed).not.toHaveLength(0);
  });

  test("is to be found by tests that there are", () => {
    const named = Object.entries(killedBy).flatMap(([file, tests]) =>
      tests.map((title) => ({ file, title })),
    );
    const missing = named.filter(({ file, title }) => {
      const path = join(root, file);
      return !existsSync(path) || !readFileSync(path, "utf8").includes(JSON.stringify(title));
    });
    expect(named).not.toHaveLength(0);
    expect(missing).toEqual([]);
  });
});
