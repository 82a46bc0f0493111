// How the predecessor's process manager met the ends of processes, and what is to be instead: it crashed the program that
// had started it when its supervisor ended (U27), could not kill what was deaf, and did not wait for what it stopped (U28).

import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { logLines, Project } from "../cli/run-cli.js";
import { closeLeftovers, fixtures, isAlive, RawHost, root, startSystem, until } from "../harness.js";

const functions = join(fixtures, "faults/functions");
let project: Project;

beforeEach(async () => {
  project = await Project.make({ "package.json": "{}" });
  await cp(functions, join(project.folder, "functions"), { recursive: true });
});
afterEach(async () => {
  await closeLeftovers();
  await project.clean();
});

describe("the end of a supervisor, and of a worker, crashes no program (U27)", () => {
  test.each([
    ["is killed", null, "SIGKILL"],
    ["fails, and ends with 1", 1, null],
  ] as const)("a supervisor that %s: who is connected is told, and goes on", async (how, code, signal) => {
    const [fault, executionLog] = ["fault", "log"].map((name) => join(project.folder, name));
    const env = { THROW_WHEN: String(fault), EXECUTION_LOG: String(executionLog) };
    const server = project.start(["serve"], {
      env,
      execArgv: ["--import", join(fixtures, "faults/throw-when.mjs")],
    });
    await until("it serves", () => server.said.stderr.includes('"serving '));
    const program = [join(fixtures, "hosts/connected.mjs"), project.socket];
    const caller = project.spawn(process.execPath, program);
    await until(
      "its call runs",
      async () => (await readFile(String(executionLog), "utf8").catch(() => "")) !== "",
    );
    if (how === "is killed") {
      // With bytes that it has not read, so that its end is an error of the socket.
      server.child.kill("SIGSTOP");
      const before = caller.said.stdout.length;
      await until("calls lie unread", () => caller.said.stdout.length > before + 2);
      server.child.kill("SIGKILL");
    } else {
      const [line] = logLines(server.said.stderr).filter(({ workers }) => workers !== undefined);
      await writeFile(String(fault), "");
      process.kill((line?.["workers"] as number[])[0] ?? 0, "SIGKILL");
    }
    expect(await server.finished).toMatchObject({ code, signal });
    const { code: ended, stdout, stderr } = await caller.finished;
    expect({ ended, stderr }).toEqual({ ended: 0, stderr: "" });
    const told = JSON.parse(stdout.split("\n")[1] ?? "") as { during: number; later: number };
    // In the second case the worker's death is heard of first, and the next call may still have found the supervisor.
    expect(told.during).toBe(code === null ? 3003 : 2003);
    expect(code === null ? [2001] : [2001, 3001, 3003]).toContain(told.later);
  });

  test.each([
    ["SIGKILL", { exitCode: null, signal: "SIGKILL" }, /SIGKILL/],
    ["SIGSEGV", { exitCode: null, signal: "SIGSEGV" }, /SIGSEGV/],
    ["exit code 3", { exitCode: 3, signal: null }, /exit code 3/],
  ] as const)(
    "a worker's end by %s is told as such, to the caller, in the event and in the log",
    async (how, end, text) => {
      const system = await startSystem({ functions, restart: { backoffMs: [0] } });
      const pid = await system.pid();
      const call = how === "exit code 3" ? system.call("harm.exit", { code: 3 }) : system.call("work.hang");
      await until("it is dispatched", () => system.journal.of("dispatch").length === 1);
      if (end.signal !== null) process.kill(pid, end.signal);
      expect(await call).toMatchObject({ code: 2003, error: { details: { pid, ...end } } });
      const [exited] = system.events.filter(({ type }) => type === "worker.exited");
      expect(exited).toMatchObject({ pid, reason: expect.stringMatching(text) });
      expect(system.log.filter(({ level }) => level === "warn").map(({ message }) => message)).toContainEqual(
        expect.stringMatching(text),
      );
      expect((await system.call("work.echo")).code).toBe(0);
      await system.end();
    },
  );

  test("a worker's program that is not there refuses the start, and the program that asked for it goes on", async () => {
    const text = `
      import { createSplice } from ${JSON.stringify(join(root, "dist/index.js"))};
      const pools = { app: { command: ["./no-such-program"] } };
      const refused = await createSplice({ pools }).catch(({ message }) => message);
      setTimeout(() => console.log(JSON.stringify(refused)), 50);`;
    const { code, stdout, stderr } = await project.spawn(process.execPath, [
      "--input-type=module",
      "-e",
      text,
    ]).finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toContain("was not found");
  });

  test("a program that is gone when its worker is to be started again: an `error` of the process, heard by us", async () => {
    const program = join(project.folder, "worker");
    const script = `#!/bin/sh\nexec ${process.execPath} ${join(fixtures, "faults/worker.mjs")} serve\n`;
    const write = () => writeFile(program, script, { mode: 0o755 });
    await write();
    const system = await startSystem({
      pools: { app: { command: [program] } },
      restart: { backoffMs: [20] },
    });
    const pid = await system.pid();
    await rm(program);
    process.kill(pid, "SIGKILL");
    await until("a start has failed", () =>
      system.events.some(({ type, reason }) => type === "worker.exited" && reason?.includes(program)),
    );
    await write();
    expect((await system.call("fake.echo", { value: 1 })).code).toBe(0);
    await system.end();
  });
});

describe("who is to end is ended, and waited for (U28)", () => {
  const shutdown = { drainMs: 30, shutdownMs: 30, terminateMs: 30 };

  test("close(): SIGTERM, and SIGKILL for who is deaf to it; when it returns the process is gone", async () => {
    const system = await startSystem({ functions, shutdown });
    const file = join(project.folder, "said");
    const call = system.call("harm.deaf", { file });
    const pid = await system.pid();
    await until("it is deaf", async () => (await readFile(file, "utf8").catch(() => "")) === String(pid));
    await system.splice.close();
    expect(isAlive(pid)).toBe(false);
    expect(await readFile(file, "utf8")).toBe(`${String(pid)} SIGTERM`);
    expect((await call).code).toBe(2002);
    await system.endClosed();
  });

  test("splice stop returns when the supervisor and its deaf worker are gone, not when they were told", async () => {
    const config = `export default { shutdown: ${JSON.stringify(shutdown)} };\n`;
    await writeFile(join(project.folder, "splice.config.mjs"), config);
    const file = join(project.folder, "said");
    const server = await project.serve();
    const host = await RawHost.open(project.socket);
    host.invoke(1, "harm.deaf", { key: "a", file });
    const said = () => readFile(file, "utf8").catch(() => "");
    const pid = Number(await until("it is deaf", async () => (await said()) !== "" && said()));
    expect((await project.run(["stop"])).code).toBe(0);
    expect([isAlive(pid), isAlive(server.child.pid ?? 0)]).toEqual([false, false]);
    expect(await readFile(file, "utf8")).toBe(`${String(pid)} SIGTERM`);
    expect((await server.finished).code).toBe(0);
    host.destroy();
  });
});
