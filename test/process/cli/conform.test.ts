// splice conform from outside: what it prints, how it ends, and that nothing of the workers is left.

import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { fixtures, until } from "../harness.js";
import { Project } from "./run-cli.js";

const byHand = join(fixtures, "conform/broken/worker.mjs");
let project: Project;

afterEach(async () => {
  await project.clean();
});

function workerCommand(name: string): string {
  return `"${process.execPath}" '${byHand}' ${name}`;
}

describe("splice conform", () => {
  test("a line for each rule, and 0 when all that is offered holds", async () => {
    project = await Project.make({});
    const { code, stdout, stderr } = await project.run([
      "conform",
      workerCommand("right"),
      "--only",
      "errors/",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(
      "✓ errors/unknown  A function that is not exported is InvokeError 1002, kind User.\n",
    );
    expect(stdout).toMatch(/\n6 rules hold, 0 broken, 0 not tried\.\n$/);
  });

  test("what was not offered or cannot be called is said, with what to do about it", async () => {
    project = await Project.make({});
    const command = workerCommand("right");
    const deadlines = await project.run(["conform", command, "--only", "deadlines/"]);
    expect(deadlines.code).toBe(0);
    expect(deadlines.stdout).toMatch(/– deadlines\/none .*\(needs conform\.context\)\n/);
    expect(deadlines.stdout).toContain("To try more rules, export conform.context.");
    const input = await project.run(["conform", command, "--only", "input/read"]);
    expect(input.stdout).toMatch(/– input\/read .*\(not offered: input stream \(capability bit 8\)\)\n/);
  });

  test("1 for a broken rule, with what was expected and what came, frame by frame", async () => {
    project = await Project.make({});
    const { code, stdout } = await project.run([
      "conform",
      workerCommand("no-cancel-ack"),
      ...["--only", "cancel/unknown", "--patience", "3000"],
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ cancel/unknown");
    expect(stdout).toMatch(/ +protocol {2}Conversations: Cancel\n +expected {2}CancelAck request_id=4711\n/);
    expect(stdout).toMatch(/ +but {7}nothing of it came within 3000 ms\n/);
    expect(stdout).toMatch(/ +← Handshake .*\n +→ HandshakeAck .*\n/);
    expect(stdout).toContain("→ Cancel request_id=4711");
  });

  test("--json is the whole report", async () => {
    project = await Project.make({});
    const args = ["conform", workerCommand("any-version"), "--only", "handshake/", "--json"];
    const { code, stdout } = await project.run([...args, "--link", "inherit"]);
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      ok: false,
      link: "inherit",
      capabilities: 3,
      held: 7,
      broken: 1,
      skipped: 0,
    });
    expect(report.command[0]).toBe(process.execPath);
    const broken = report.rules.filter(({ outcome }: { outcome: string }) => outcome === "broken");
    expect(broken).toMatchObject([
      { name: "handshake/wrong-version", failure: { expected: "no ListExportsResult" } },
    ]);
  });

  test("a program that is none: its reason is told", async () => {
    project = await Project.make({});
    const { code, stdout } = await project.run(["conform", "/not/there", "--only", "handshake/first"]);
    expect(code).toBe(1);
    expect(stdout).toContain("The command could not be started: spawn /not/there ENOENT.");
    expect(stdout).toContain("The worker did not get ready, so most rules could not be tried.");
  });

  test.each([
    ["no command", ["conform"], /missing required argument 'worker command'/],
    [
      "a quote that is not closed",
      ["conform", "python3 'worker.py"],
      /The worker command has a ' that is not closed/,
    ],
    ["a link of no kind", ["conform", "x", "--link", "tcp"], /--link is "tcp"/],
    ["a rule that there is none of", ["conform", "x", "--only", "nothing/"], /no rule's name has that in it/],
    ["no patience", ["conform", "x", "--patience", "0"], /--patience is "0"/],
  ])("2 for wrong use: %s", async (_, args, text) => {
    project = await Project.make({});
    const { code, stderr } = await project.run(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(text);
  });

  test("Ctrl-C ends it, and every worker with it", async () => {
    project = await Project.make({});
    // Named in each worker's arguments, so that whatever is left is found by it.
    const running = project.start(["conform", `${workerCommand("right")} ${project.folder}`]);
    await until("a rule was tried", () => running.said.stdout.includes("✓ "));
    running.child.kill("SIGINT");
    const { code, stderr } = await running.finished;
    expect({ code, stderr }).toEqual({ code: 1, stderr: "The command was stopped by SIGINT.\n" });
    await project.nothingLeft();
  });
});
