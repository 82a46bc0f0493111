// What a person may type wrong: a sentence on stderr, the same as JSON where it is asked for, and exit code 2.

import { afterEach, describe, expect, test } from "@jest/globals";
import { errorOf, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.clean();
});

describe("wrong use ends with 2 and a sentence", () => {
  test.each([
    ["an unknown flag", ["list", "--bogus"], /--bogus/],
    ["an unknown command", ["nosuch"], /nosuch/],
    ["no command", [], /Usage: splice/],
    ["a missing argument", ["call"], /function/],
    ["one argument too many", ["list", "extra"], /argument/],
    ["a flag without its value", ["list", "--socket"], /--socket/],
    ["a log level that is none", ["list", "--log-level", "loud"], /"loud".*debug, info, warn, error/],
    ["a timeout that is no number", ["call", "f", "--timeout", "soon"], /"soon"/],
    ["a header without a colon", ["call", "f", "--header", "x"], /name:value/],
    ["auth without a user", ["call", "f", "--auth", ":admin"], /user:role/],
    ["a socket path that is too long", ["list", "--socket", "x".repeat(120)], /103/],
  ])("%s", async (_, args, sentence) => {
    project = await Project.make({});
    const plain = await project.run(args);
    expect(plain).toMatchObject({ code: 2, stdout: "" });
    expect(plain.stderr).toMatch(sentence);
    expect(plain.stderr).not.toMatch(/^\s+at /m);
    const asJson = await project.run([...args.slice(0, 1), "--json", ...args.slice(1)]);
    expect(asJson.code).toBe(2);
    if (args.length > 0) expect(errorOf(asJson)).toMatchObject({ name: "UsageError" });
  });

  test("--help and --version are no failures", async () => {
    project = await Project.make({});
    expect(await project.run(["--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("serve"),
      stderr: "",
    });
    expect(await project.run(["call", "--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("@query.json"),
    });
    expect((await project.run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
