// An error that nobody catches, in the middle of a chart's transition: the supervisor ends itself and all that it started,
// and is never half dead (row 29). What throws is the randomness that the pool's chart is handed for its next wait.

import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { existsSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeValue } from "../../../src/protocol/values.js";
import { parseExecutionLog } from "../../../src/testing/history/expect-history.js";
import { logLines, Project } from "../cli/run-cli.js";
import { closeLeftovers, fixtures, gone, RawHost, startSystem, until } from "../harness.js";

const functions = join(fixtures, "faults/functions");
const throwWhen = ["--import", join(fixtures, "faults/throw-when.mjs")];
let project: Project;

beforeEach(async () => {
  project = await Project.make({ "package.json": "{}" });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await closeLeftovers();
  await project.clean();
});

test("embedded: calls end with 3000, later ones are 3001 failed, nothing is started any more and nothing is left", async () => {
  // What XState's development build has to say about actors below the one that failed.
  jest.spyOn(console, "warn").mockImplementation(() => undefined);
  let isDue = false;
  const { random } = Math;
  jest.spyOn(Math, "random").mockImplementation(() => {
    if (!isDue) return random();
    isDue = false;
    throw new Error("a fault of our own");
  });
  const system = await startSystem({ pools: { app: { functions, workers: 2 } } });
  const pids = (await system.ready()).map(({ pid }) => pid ?? 0);
  const grandchild = ((await system.call("harm.adopt")).value as { value: number }).value;
  const calls = [1, 2].map(() => system.call("work.hang"));
  await until("both are dispatched", () => system.journal.of("dispatch").length === 3);
  isDue = true;
  process.kill(pids[0] ?? 0, "SIGKILL");
  // One was with the worker that died; the other is with a healthy one, which goes too.
  expect((await Promise.all(calls)).map(({ code }) => code).sort()).toEqual([2003, 3000]);
  for (const pid of [...pids, grandchild]) await gone(pid);
  expect(await system.call("work.echo")).toMatchObject({
    code: 3001,
    error: { details: { reason: "failed" } },
  });
  expect((await system.splice.status()).state).toBe("failed");
  expect(system.events.filter(({ type }) => type === "supervisor.failed")).toMatchObject([
    { reason: "a fault of our own" },
  ]);
  expect(system.journal.of("spawn")).toHaveLength(2);
  await system.splice.close();
  await system.endClosed();
});

test("a program that embeds it and listens for nothing stays up, and comes to its own end", async () => {
  const program = [...throwWhen, join(fixtures, "faults/failing-embedder.mjs"), functions];
  const env = { THROW_WHEN: join(project.folder, "fault") };
  const { code, signal, stdout, stderr } = await project.spawn(process.execPath, program, { env }).finished;
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(stderr).toContain("The supervisor failed: a fault of our own");
  const { during, later, state, pids } = JSON.parse(stdout) as Record<string, unknown[]>;
  expect(during?.sort()).toEqual([
    [2003, null],
    [3000, null],
  ]);
  expect({ later, state }).toEqual({ later: [3001, "failed"], state: "failed" });
  for (const pid of pids as number[]) await gone(pid);
});

test("splice serve ends with 1 and a sentence; its hosts are told, and workers, what they started and the socket go", async () => {
  await cp(functions, join(project.folder, "functions"), { recursive: true });
  const config = `export default { pools: { app: { functions: "./functions", workers: 2 } } };\n`;
  await writeFile(join(project.folder, "splice.config.mjs"), config);
  const [fault, executionLog] = ["fault", "execution.log"].map((name) => join(project.folder, name));
  const env = { THROW_WHEN: String(fault), EXECUTION_LOG: String(executionLog) };
  const running = project.start(["serve"], { env, execArgv: throwWhen });
  await until("it serves", () => running.said.stderr.includes('"serving '));
  const host = await RawHost.open(project.socket);
  const workers = await until("both workers are ready", async () => {
    const { stdout } = await project.run(["status", "--json"]);
    const [pool] = (JSON.parse(stdout) as { pools: { workers: { pid: number; state: string }[] }[] }).pools;
    return pool?.workers.every(({ state }) => state === "ready") === true && pool.workers;
  });
  host.invoke(1, "harm.adopt", { key: "a" });
  const adopted = await host.answer(1);
  if (adopted.type !== "InvokeResult") throw new Error("No process was started.");
  const grandchild = (decodeValue(adopted.result) as { value: number }).value;
  for (const id of [2, 3]) host.invoke(id, "work.hang", { key: `h${String(id)}` });
  await until("both run", async () =>
    /h2 [^]*h3 |h3 [^]*h2 /.test(await readFile(String(executionLog), "utf8")),
  );
  await writeFile(String(fault), "");
  process.kill(workers[0]?.pid ?? 0, "SIGKILL");
  const { code, stderr } = await running.finished;
  expect(code).toBe(1);
  expect(logLines(stderr).filter(({ level }) => level === "error")).toMatchObject([
    { message: "The supervisor failed: a fault of our own" },
  ]);
  for (const pid of [...workers.map((worker) => worker.pid), grandchild]) await gone(pid);
  await project.nothingLeft();
  expect(existsSync(project.socket)).toBe(false);
  const codes = (await Promise.all([2, 3].map((id) => host.answer(id)))).map((answer) =>
    answer.type === "InvokeError" ? answer.code : 0,
  );
  expect(codes.sort()).toEqual([2003, 3000]);
  const executions = parseExecutionLog(await readFile(String(executionLog), "utf8"));
  expect(executions.filter(({ kind }) => kind === "start")).toHaveLength(3);
});
