import { describe, expect, test } from "@jest/globals";
import {
  checkFiles,
  isFunctionFile,
  isFunctionFolder,
  nameExports,
  namespaceOf,
} from "../../src/contract/function-names.js";

test.each([
  ["math.ts", true],
  ["math.mts", true],
  ["math.js", true],
  ["math.mjs", true],
  ["math.d.ts", false],
  ["math.d.mts", false],
  ["math.test.ts", false],
  ["math.test.mjs", false],
  ["_math.ts", false],
  [".math.ts", false],
  ["math.cts", false],
  ["math.json", false],
  ["math", false],
  ["contest.ts", true],
])("%s is a function file: %s", (name, expected) => {
  expect(isFunctionFile(name)).toBe(expected);
});

test("folders that are private, hidden or full of packages are not looked into", () => {
  expect(["users", "_lib", ".git", "node_modules"].filter(isFunctionFolder)).toEqual(["users"]);
});

test.each([
  ["math.ts", "math"],
  ["users/admin.mts", "users.admin"],
  ["users/index.ts", "users"],
  ["a/b/index.js", "a.b"],
  ["index.ts", ""],
])("%s stands for the namespace %j", (path, namespace) => {
  expect(namespaceOf(path)).toBe(namespace);
});

describe("checkFiles", () => {
  test.each([
    [
      ["math.ts", "math/index.ts"],
      /functions\/math\.ts and functions\/math\/index\.ts both stand for .*"math"/,
    ],
    [["math.js", "math.ts"], /functions\/math\.js and functions\/math\.ts both stand for .*"math"/],
    [["index.mjs", "index.ts"], /functions\/index\.mjs and functions\/index\.ts both .* without a namespace/],
    [["a.b.ts", "a/b.ts"], /functions\/a\.b\.ts and functions\/a\/b\.ts both/],
    [["splice.ts"], /functions\/splice\.ts would be called "splice"/],
    [["splice/status.ts"], /"splice\.status"/],
  ])("refuses %j", (paths, sentence) => {
    expect(() => {
      checkFiles(paths, "functions/");
    }).toThrow(sentence);
  });

  test("accepts neighbours that share nothing", () => {
    checkFiles(["index.ts", "math.ts", "math/more.ts", "splices.ts", "users/index.ts", "users/splice.ts"]);
  });
});

describe("nameExports", () => {
  test("names by file and key, sorted; a default export takes the file's name", () => {
    const modules = [
      { path: "math.ts", keys: ["sub", "add"] },
      { path: "users/index.ts", keys: ["list", "default"] },
      { path: "index.ts", keys: ["hello"] },
    ];
    expect(nameExports(modules).map(({ name, path, key }) => [name, path, key])).toEqual([
      ["hello", "index.ts", "hello"],
      ["math.add", "math.ts", "add"],
      ["math.sub", "math.ts", "sub"],
      ["users", "users/index.ts", "default"],
      ["users.list", "users/index.ts", "list"],
    ]);
  });

  test("refuses two exports with one name, naming both", () => {
    const modules = [
      { path: "math.ts", keys: ["a"] },
      { path: "math/a.ts", keys: ["default"] },
    ];
    expect(() => nameExports(modules, "functions/")).toThrow(
      '`a` of functions/math.ts and the default export of functions/math/a.ts are both called "math.a"',
    );
  });

  test("refuses a nameless default and reserved names", () => {
    expect(() => nameExports([{ path: "index.ts", keys: ["default"] }])).toThrow(/index\.ts has no name/);
    expect(() => nameExports([{ path: "index.ts", keys: ["splice"] }])).toThrow(/the runtime's own/);
  });
});
