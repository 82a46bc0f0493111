// `splice serve`, and `call` and `list` against it: outputs, forms of values, exit codes.

import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { errorOf, logLines, Project, type Running } from "./run-cli.js";

let project: Project;
let server: Running;

beforeAll(async () => {
  project = await Project.make();
  server = await project.serve();
});
afterAll(async () => {
  await project.clean();
});

async function call(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await project.run(["call", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe("call prints the result as JSON and nothing else", () => {
  test("strings are quoted", async () => {
    expect(await call("values.text")).toBe('"a \\"quoted\\" line\\n"\n');
  });

  test("undefined is nothing", async () => {
    expect(await call("values.nothing")).toBe("");
  });

  test("bigint as digits, dates as ISO text, bytes as base64", async () => {
    expect(await call("values.all")).toBe(
      '{"big":1152921504606846976,"when":"1970-01-01T00:00:00.000Z","bytes":{"$bytes":"AQID"},"list":[null,null]}\n',
    );
  });

  test("a result of megabytes is whole", async () => {
    expect(await call("values.long", '{"length":3000000}')).toHaveLength(3_000_003);
  });
});

describe("params", () => {
  test.each([
    ["as an argument", ["values.echo", '{"a":[1,"é"]}'], ""],
    ["from standard input", ["values.echo", "-"], '{"a":[1,"é"]}\n'],
    ["from a file", ["values.echo", "@params.json"], ""],
  ])("%s", async (_, args, stdin) => {
    await writeFile(join(project.folder, "params.json"), '{"a":[1,"é"]}');
    const { code, stdout } = await project.run(["call", ...args], { stdin });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"a":[1,"é"]}\n' });
  });

  test.each([
    ["broken JSON", ["{broken"], "", /text given as params is not JSON/],
    ["broken JSON on standard input", ["-"], "{", /Standard input is not JSON/],
    ["nothing on standard input", ["-"], "", /Standard input is not JSON/],
    ["a file that is not there", ["@none.json"], "", /none\.json cannot be read/],
  ])("%s is wrong use", async (_, args, stdin, sentence) => {
    const result = await project.run(["call", "values.echo", ...args], { stdin });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(sentence);
    const asJson = await project.run(["call", "values.echo", ...args, "--json"], { stdin });
    expect(asJson.code).toBe(2);
    expect(errorOf(asJson)).toMatchObject({ name: "UsageError", message: expect.stringMatching(sentence) });
  });

  test("that are no object are 1001", async () => {
    const result = await project.run(["call", "values.echo", "[1]", "--json"]);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({
      code: 1001,
      name: "InvalidParams",
      kind: "User",
      retryable: false,
    });
  });
});

test("--header, --auth and --timeout reach the function", async () => {
  const flags = [
    "--header",
    "x-tag: one",
    "--header",
    "X-Tag:two",
    "--auth",
    "ada:admin,author",
    "--timeout",
    "4000",
  ];
  expect(JSON.parse(await call("who.calls", ...flags))).toEqual({
    headers: ["x-tag=one", "X-Tag=two"],
    auth: { userId: "ada", roles: ["admin", "author"] },
    hasDeadline: true,
  });
});

describe("failures of a call end with 1 and a sentence", () => {
  test("what the function threw, unchanged, and no stack", async () => {
    expect(await project.run(["call", "who.fails"])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "Only 3 are left.\n",
    });
    const verbose = await project.run(["call", "who.fails", "--verbose"]);
    expect(verbose.stderr).toMatch(/^ExecutionFailed: Only 3 are left\.\n\s+at /);
    const asJson = await project.run(["call", "who.fails", "--json"]);
    expect(asJson).toMatchObject({ code: 1, stderr: "Only 3 are left.\n" });
    expect(errorOf(asJson)).toEqual({
      code: 2000,
      name: "ExecutionFailed",
      kind: "User",
      message: "Only 3 are left.",
      retryable: false,
      details: { name: "RangeError", message: "Only 3 are left.", data: { left: 3 } },
    });
  });

  test("an unknown function, with a near name", async () => {
    const result = await project.run(["call", "values.ecko", "--json"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/values\.echo/);
    expect(errorOf(result)).toMatchObject({ code: 1002, details: { suggestions: ["values.echo"] } });
  });

  test("--timeout, however deaf the function is", async () => {
    const marker = join(project.folder, "timeout.marker");
    const result = await project.run([
      "call",
      "slow.hang",
      JSON.stringify({ marker }),
      "--timeout",
      "100",
      "--json",
    ]);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 2001, kind: "Timeout" });
  });

  test("--timeout 0 calls nothing", async () => {
    const marker = join(project.folder, "zero.marker");
    const result = await project.run([
      "call",
      "slow.hang",
      JSON.stringify({ marker }),
      "--timeout",
      "0",
      "--json",
    ]);
    expect(errorOf(result)).toMatchObject({ code: 2001 });
    expect(existsSync(marker)).toBe(false);
  });
});

describe("list", () => {
  test("prints one name a line", async () => {
    const { code, stdout, stderr } = await project.run(["list"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      "slow.hang",
      "slow.spin",
      "values.all",
      "values.echo",
      "values.long",
      "values.nothing",
      "values.text",
      "who.calls",
      "who.fails",
      "",
    ]);
  });

  test("with --json prints the exports themselves", async () => {
    const { stdout } = await project.run(["list", "--json"]);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ name: "values.echo", isAsync: expect.any(Boolean), isStreaming: false }),
    );
  });
});

test("a reader that goes away in the middle is no failure", async () => {
  const command = `"${process.execPath}" "$0" call values.long '{"length":8000000}' | head -c 5; echo ":\${PIPESTATUS[0]}"`;
  const long = project.spawn("bash", ["-c", command, join(import.meta.dirname, "../../../dist/cli/main.js")]);
  expect(await long.finished).toMatchObject({ stdout: '"xxxx:0\n', stderr: "" });
  const names = `"${process.execPath}" "$0" list | head -1; echo ":\${PIPESTATUS[0]}"`;
  const list = project.spawn("bash", ["-c", names, join(import.meta.dirname, "../../../dist/cli/main.js")]);
  expect(await list.finished).toMatchObject({ stdout: "slow.hang\n:0\n", stderr: "" });
});

test("output that cannot be written is told and ends with 1; messages that cannot be are nobody's failure", async () => {
  const main = join(import.meta.dirname, "../../../dist/cli/main.js");
  const run = (redirect: string) =>
    project.spawn("bash", ["-c", `"${process.execPath}" "$0" list ${redirect}; echo "$?"`, main]).finished;
  const full = await run(">/dev/full");
  expect(full.stdout).toBe("1\n");
  expect(full.stderr).toMatch(/^The output could not be written: ENOSPC.*\.\n$/);
  expect((await run("2>/dev/full")).stdout).toMatch(/\n0\n$/);
});

describe("serve", () => {
  test("its socket is private, and it says where it serves as one JSON object a line", async () => {
    expect((await stat(project.socket)).mode & 0o777).toBe(0o600);
    expect((await stat(join(project.folder, ".splice"))).mode & 0o777).toBe(0o700);
    const lines = logLines(server.said.stderr);
    expect(lines.length).toBe(server.said.stderr.trimEnd().split("\n").length);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "info",
        message: expect.stringContaining(project.socket),
        socket: project.socket,
      }),
    );
    expect(server.said.stdout).toBe("");
  });

  test("a second one on the same path is refused with 1; the first goes on", async () => {
    const second = await project.run(["serve", "--json"]);
    expect(second.code).toBe(1);
    expect(errorOf(second)["message"]).toMatch(/already serving/);
    expect(await call("values.echo", '{"still":"here"}')).toBe('{"still":"here"}\n');
  });

  test("--socket elsewhere serves there; --log-level warn says nothing of a good start; SIGTERM ends it with 0", async () => {
    const socket = join(project.folder, "own", "s");
    const other = await project.serve(["--socket", "own/s", "--log-level", "warn"], socket);
    const answer = await project.run(["call", "values.echo", '{"n":1}', "--socket", "own/s"]);
    expect(answer).toMatchObject({ code: 0, stdout: '{"n":1}\n', stderr: "" });
    other.child.kill("SIGTERM");
    expect(await other.finished).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect(existsSync(socket)).toBe(false);
  });
});
