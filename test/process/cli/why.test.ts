// `splice why` and `serve --strict` as processes of their own.

import { afterEach, describe, expect, test } from "@jest/globals";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "../../../src/client/connect.js";
import { isSpliceError } from "../../../src/errors.js";
import { fixtures, until } from "../harness.js";
import { Project } from "./run-cli.js";

const functions = join(fixtures, "faults/functions");
let project: Project | undefined;

afterEach(async () => {
  await project?.clean();
  project = undefined;
});

/** A project with that configuration, served. */
async function served(config: object, args: readonly string[] = []) {
  project = await Project.make({ "splice.config.mjs": `export default ${JSON.stringify(config)};` });
  const running = await project.serve(args);
  return { project, running, splice: await connect({ socket: project.socket }) };
}

describe("why", () => {
  test("tells a call's story by its caller's number, and of one that was refused", async () => {
    const { project, splice } = await served({ functions, health: { cancelGraceMs: 100 } });
    const failed = await splice.call("work.hang", {}, { timeoutMs: 100 }).catch((error: unknown) => error);
    if (!isSpliceError(failed)) throw new Error("The call did not fail as a call.");
    await splice.call("work.none", {}).catch(() => undefined);
    await splice.close();
    const id = Number(failed.requestId);
    const { code, stdout } = await project.run(["why", String(id)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/work\.hang {2}call \d+, request \d+ of connection \d+/);
    expect(stdout).toMatch(/was sent to app:\d \(generation 1, process \d+\)/);
    expect(stdout).toMatch(/was answered: 2001 Timeout: "work\.hang" did not answer within 100 ms/);
    const json = await project.run(["why", String(id), "--json"]);
    const stories = JSON.parse(json.stdout) as { functionName: string; steps: { step: string }[] }[];
    const story = stories.find(({ functionName }) => functionName === "work.hang");
    const steps = ["accepted", "dispatched", "cancelSent", "answered"];
    expect(story?.steps.map(({ step }) => step).slice(0, 4)).toEqual(steps);
    const refused = await project.run(["why", String(id + 1)]);
    expect(refused.stdout).toMatch(
      /was refused, and never ran: 1002 FunctionNotFound: There is no function "work.none"/,
    );
  });

  test("of a number that nobody remembers ends with 1 and says what is remembered; of no number with 2", async () => {
    const { project, splice } = await served({ functions });
    await splice.close();
    const none = await project.run(["why", "4711"]);
    expect([none.code, none.stdout]).toEqual([1, ""]);
    expect(none.stderr).toContain("No call of the number 4711 is remembered");
    const wrong = await project.run(["why", "last"]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("must be a whole number")]);
  });
});

test.each([
  [["--strict"], true],
  [[], false],
])("serve %s ends with 1 when a pool cannot keep its workers: %s", async (args, ends) => {
  const command = [process.execPath, join(fixtures, "faults/worker.mjs"), "mode"];
  project = await Project.make({
    mode: "serve",
    "splice.config.mjs": `export default ${JSON.stringify({
      pools: { app: { functions, workers: 1 }, fragile: { command, workers: 1 } },
      restart: { backoffMs: [0], maxFailedStarts: 2 },
    })};`,
  });
  const running = await project.serve(args);
  const splice = await connect({ socket: project.socket });
  const { pools } = await splice.status();
  await writeFile(join(project.folder, "mode"), "exit");
  process.kill(pools[1]?.workers[0]?.pid ?? 0, "SIGKILL");
  if (ends) {
    const { code, stderr } = await running.finished;
    expect([code, stderr]).toEqual([1, expect.stringContaining("pool fragile cannot keep its workers")]);
    await splice.close();
    await project.nothingLeft();
    return;
  }
  await until("its breaker is open", async () => (await splice.status()).pools[1]?.breaker.state === "open");
  expect(await splice.call("work.echo", { value: 1 })).toMatchObject({ value: 1 });
  await expect(splice.call("fake.echo")).rejects.toMatchObject({
    code: 3001,
    details: { reason: "breaker-open" },
  });
  await splice.close();
  running.child.kill("SIGTERM");
  expect((await running.finished).code).toBe(0);
});
