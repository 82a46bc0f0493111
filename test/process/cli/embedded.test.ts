// `splice call` and `splice list` where no supervisor runs, and platforms that cannot.

import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { cliFixtures, errorOf, logLines, Project } from "./run-cli.js";

const ownStart = "No supervisor is running here; starting one for this command.\n";
let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

describe("without a supervisor", () => {
  test("call and list start one of their own, say so on stderr, and leave nothing behind", async () => {
    project = await Project.make();
    expect(await project.run(["call", "values.echo", '{"a":1}'])).toEqual({
      code: 0,
      signal: null,
      stdout: '{"a":1}\n',
      stderr: ownStart,
    });
    const list = await project.run(["list"]);
    expect(list).toMatchObject({ code: 0, stderr: ownStart });
    expect(list.stdout).toMatch(/^values\.echo$/m);
  });

  test("with --socket they end with 3 instead", async () => {
    project = await Project.make();
    for (const args of [["list"], ["call", "values.text"]]) {
      const result = await project.run([...args, "--socket", "none/s", "--json"]);
      expect(result.code).toBe(3);
      expect(result.stderr).toContain("No supervisor answers");
      expect(errorOf(result)).toMatchObject({
        code: 3001,
        name: "Unavailable",
        kind: "System",
        retryable: true,
        details: { reason: "no-supervisor" },
      });
    }
  });

  test("a socket that a dead supervisor left behind is no supervisor", async () => {
    project = await Project.make();
    await mkdir(join(project.folder, ".splice"), { mode: 0o700 });
    const orphan = `require("net").createServer().listen(${JSON.stringify(project.socket)}, () => process.kill(process.pid, 9))`;
    await project.spawn(process.execPath, ["-e", orphan]).finished;
    expect(await project.run(["list", "--socket", ".splice/splice.sock"])).toMatchObject({ code: 3 });
    expect(await project.run(["call", "values.echo", "{}"])).toMatchObject({
      code: 0,
      stdout: "{}\n",
      stderr: ownStart,
    });
  });

  test("somebody who listens and never answers does not make the command hang", async () => {
    project = await Project.make();
    const socket = join(project.folder, "s");
    const mute = createServer((peer) => {
      peer.on("error", () => undefined);
      peer.resume();
    });
    await new Promise<void>((resolve) => mute.listen(socket, resolve));
    try {
      const result = await project.run(["list", "--socket", "s", "--json"]);
      expect(result.code).toBe(1);
      expect(errorOf(result)).toMatchObject({ code: 3001, details: { reason: "unresponsive" } });
    } finally {
      mute.close();
    }
  }, 15_000);

  test.each(["slow.hang", "slow.spin"])(
    "after a timeout of %s the command ends, and its worker with it",
    async (name) => {
      project = await Project.make();
      const marker = join(project.folder, "marker");
      const result = await project.run([
        "call",
        name,
        JSON.stringify({ marker }),
        "--timeout",
        "200",
        "--json",
      ]);
      expect(result.code).toBe(1);
      expect(errorOf(result)).toMatchObject({ code: 2001 });
    },
  );
});

describe("where Splice cannot run it says so in one sentence and ends with 1", () => {
  test.each([
    [
      "an older Node",
      "old-node.mjs",
      /^Splice needs Node 20\.19 or newer, but this is Node 20\.18\.3.*\.\n$/,
    ],
    ["Windows", "windows.mjs", /^Splice does not run on Windows.*\.\n$/],
  ])("%s", async (_, preload, sentence) => {
    project = await Project.make();
    for (const args of [["--version"], ["list"], ["serve"]]) {
      const result = await project.run(args, { execArgv: ["--import", join(cliFixtures, preload)] });
      expect(result).toMatchObject({ code: 1, stdout: "" });
      expect(result.stderr).toMatch(sentence);
    }
  });
});

test("worker output and logs of a command's own supervisor are JSON lines on stderr, never on stdout", async () => {
  project = await Project.make({
    "functions/noisy.ts":
      'export function f(_: object, ctx: { log: { warn(m: string): void } }) { console.log("to stdout"); ctx.log.warn("careful"); return 7; }',
  });
  const result = await project.run(["call", "noisy.f"]);
  expect(result).toMatchObject({ code: 0, stdout: "7\n" });
  const messages = logLines(result.stderr).map(({ message }) => message);
  expect(messages).toEqual(expect.arrayContaining(["to stdout", "careful"]));
  const quiet = await project.run(["call", "noisy.f", "--log-level", "error"]);
  expect(quiet).toMatchObject({ stdout: "7\n", stderr: ownStart });
});
