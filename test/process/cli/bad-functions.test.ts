// Folders of functions that cannot be served: every command says what is wrong where, and ends with 1.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { errorOf, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

describe("functions that cannot be served end with 1 and say where", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly RegExp[]])[] = [
    [
      "a file that throws on import",
      { "functions/a.ts": 'export function f() {}\n\nthrow new Error("no database today");\n' },
      [/no database today/, /functions\/a\.ts:3:\d+/, /> 3 \| throw new Error/],
    ],
    [
      "a file that does not compile",
      { "functions/b.ts": "export function f() {\n  return 1 +;\n}\n" },
      [/does not compile/, /functions\/b\.ts:2:13/, /> 2 \| {3}return 1 \+;/],
    ],
    ["an empty folder", { "functions/README.md": "" }, [/holds no function files/, /export function add/]],
    [
      "two files that stand for one name",
      { "functions/math.ts": "export function a() {}", "functions/math/index.ts": "export function b() {}" },
      [/functions\/math\.ts and functions\/math\/index\.ts/],
    ],
    [
      "a default export in the root index",
      { "functions/index.ts": "export default function () {}" },
      [/default export of functions\/index\.ts/],
    ],
    ["a reserved name", { "functions/splice.ts": "export function f() {}" }, [/splice/]],
  ];

  test.each(cases)("%s", async (_, files, sentences) => {
    project = await Project.make(files);
    for (const args of [["serve"], ["call", "a.f", "--json"]]) {
      const result = await project.run(args);
      expect(result.code).toBe(1);
      const said = result.stderr.split("\n").filter((line) => !line.startsWith("{"));
      for (const sentence of sentences) expect(said.join("\n")).toMatch(sentence);
      expect(said.join("\n")).not.toMatch(/^ {4}at /m);
      if (args.includes("--json")) {
        for (const sentence of sentences) expect(errorOf(result)["message"]).toMatch(sentence);
      }
    }
  });

  test("a missing folder is a mistake in the configuration: 2", async () => {
    project = await Project.make({ "package.json": "{}" });
    const result = await project.run(["serve", "--json"]);
    expect(result.code).toBe(2);
    expect(errorOf(result)).toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("functions"),
    });
  });

  test("what was wrong can be mended, and the next command works", async () => {
    project = await Project.make({ "functions/c.ts": "export function f() { return 1 +; }" });
    expect((await project.run(["list"])).code).toBe(1);
    await writeFile(join(project.folder, "functions/c.ts"), "export function f() { return 1; }");
    expect(await project.run(["call", "c.f"])).toMatchObject({ code: 0, stdout: "1\n" });
  });
});
