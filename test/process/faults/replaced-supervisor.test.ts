// A supervisor that takes the place of one that was killed while a worker of the old one, stopped by a signal, still
// lives: nothing is served twice, and the socket that was left is replaced (row 24).

import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { lstat, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseExecutionLog } from "../../../src/testing/history/expect-history.js";
import { logLines, Project } from "../cli/run-cli.js";
import {
  closeLeftovers,
  fixtures,
  gone,
  isAlive,
  processes,
  RawHost,
  startSystem,
  until,
} from "../harness.js";

const functions = join(fixtures, "faults/functions");
let project: Project;
/** Of the old supervisor's worker. */
let oldLog = "";
const stopped = new Set<number>();

beforeEach(async () => {
  project = await Project.make({ "package.json": "{}" });
  oldLog = join(project.folder, "old.log");
  await writeFile(oldLog, "");
});
afterEach(async () => {
  // What a failed test leaves would stay for ever.
  for (const pid of stopped) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  stopped.clear();
  await closeLeftovers();
  await project.clean();
});

const executions = async (path: string) => parseExecutionLog(await readFile(path, "utf8"));
const stateOf = (pid: number) => processes().find((line) => line.pid === pid)?.state;

test.each(["inherit", "socket"] as const)(
  "the stopped worker of the old one serves nobody any more, and ends when it goes on (link: %s)",
  async (link) => {
    const pool = { functions, link, env: { EXECUTION_LOG: oldLog } };
    const config = `export default { pools: { app: ${JSON.stringify(pool)} } };\n`;
    await writeFile(join(project.folder, "splice.config.mjs"), config);
    const old = await project.serve();
    const [line] = logLines(await until("it says whom it has", () => saidServing(old.said.stderr)));
    const [oldPid = 0] = line?.["workers"] as number[];
    const host = await RawHost.open(project.socket);
    host.invoke(1, "work.echo", { key: "before" });
    expect((await host.answer(1)).type).toBe("InvokeResult");
    process.kill(oldPid, "SIGSTOP");
    stopped.add(oldPid);
    await until("it is stopped", () => stateOf(oldPid) === "T");
    // Lies in the stopped worker's link, with the end of the link behind it.
    host.invoke(2, "work.echo", { key: "during" });
    old.child.kill("SIGKILL");
    await old.finished;
    await until("the old link is lost", () => host.isClosed);
    const left = await lstat(project.socket);
    expect([left.isSocket(), stateOf(oldPid)]).toEqual([true, "T"]);

    const system = await startSystem({ functions, socket: project.socket });
    expect((await lstat(project.socket)).ino).not.toBe(left.ino);
    const newPid = await system.pid();
    const next = await system.connectHost();
    const serve = async (from: number): Promise<void> => {
      for (let id = from; id < from + 10; id++) {
        next.invoke(id, "work.echo", { key: `n${String(id)}` });
        expect((await next.answer(id)).type).toBe("InvokeResult");
      }
    };
    await serve(1);
    expect(stateOf(oldPid)).toBe("T");
    process.kill(oldPid, "SIGCONT");
    await gone(oldPid);
    await serve(11);
    expect(isAlive(newPid)).toBe(true);
    const byNew = await executions(system.records.executionLogPath);
    expect(new Set(byNew.map(({ pid }) => pid))).toEqual(new Set([newPid]));
    const byOld = await executions(oldLog);
    expect(new Set(byOld.map(({ pid }) => pid))).toEqual(new Set([oldPid]));
    // Whether the old one still came to it is its own affair; its caller was told that nobody knows.
    expect(byOld.filter(({ kind }) => kind === "start").map(({ key }) => key)).toEqual(
      byOld.some(({ key }) => key === "during") ? ["before", "during"] : ["before"],
    );
    await system.end();
  },
);

function saidServing(stderr: string): string | null {
  return stderr.split("\n").find((each) => each.includes('"serving ')) ?? null;
}
