// Flags of `splice serve` that stand in for a configuration file: a process manager can start it with them alone.

import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { fixtures, until } from "../harness.js";
import { errorOf, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

const worker = join(fixtures, "faults/worker.mjs");

describe("--worker", () => {
  test.each(["inherit", "socket"])("runs one pool of that program, reached by %s", async (link) => {
    project = await Project.make({});
    const command = `'${process.execPath}' "${worker}" serve`;
    const args = ["--worker", command, "--link", link, "--log-level", "error"];
    const server = await project.serve(args);
    const status = JSON.parse((await project.run(["status", "--json"])).stdout) as {
      pools: { name: string }[];
      functions: { name: string }[];
    };
    expect(status.pools.map(({ name }) => name)).toEqual(["app"]);
    expect(status.functions.length).toBeGreaterThan(0);
    server.child.kill("SIGTERM");
    expect((await server.finished).code).toBe(0);
  });

  test.each([
    [["--worker", "node 'worker.mjs"], /not closed/],
    [["--worker", "  "], /names no program/],
    [["--link", "socket"], /--worker/],
    [["--worker", "node", "--link", "pipe"], /inherit or socket/],
    [["--max-concurrency", "0"], /whole number from 1/],
    [["--max-concurrency", "1.5"], /whole number from 1/],
    [["--timeout", "0"], /above 0/],
    [["--timeout", "soon"], /number of milliseconds/],
  ])("%p is wrong use", async (args, sentence) => {
    project = await Project.make();
    const result = await project.run(["serve", ...args, "--json"]);
    expect(result.code).toBe(2);
    expect(errorOf(result)).toMatchObject({
      name: "UsageError",
      message: expect.stringMatching(sentence),
    });
  });
});

test("--max-concurrency and --timeout win over the configuration", async () => {
  project = await Project.make({
    "functions/slow.ts": "export function hang() { return new Promise(() => setInterval(() => {}, 1000)); }",
    "splice.config.ts":
      "export default { limits: { maxInFlight: 50, defaultTimeoutMs: 60_000 }, shutdown: { drainMs: 0, shutdownMs: 200, terminateMs: 200 } };",
  });
  const server = await project.serve(["--max-concurrency", "1", "--timeout", "3000", "--log-level", "error"]);
  const first = project.start(["call", "slow.hang", "--json"]);
  await until("the call runs", async () => {
    const { stdout } = await project.run(["status", "--json"]);
    return (JSON.parse(stdout) as { calls: { active: number } }).calls.active === 1;
  });
  expect(errorOf(await project.run(["call", "slow.hang", "--json"]))).toMatchObject({ code: 3002 });
  expect(errorOf(await first.finished)).toMatchObject({ code: 2001 });
  server.child.kill("SIGTERM");
  await server.finished;
});
