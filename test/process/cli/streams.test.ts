// Streams on the command line: `splice call` of what streams, `splice logs`, and what ends them.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { until } from "../harness.js";
import { main, Project, type Running } from "./run-cli.js";

const feed = `
  import { existsSync, writeFileSync } from "node:fs";
  export async function* count({ n }: { n: number }) { for (let i = 1; i <= n; i++) yield { i, big: 2n ** 60n }; }
  export async function* fails() { yield 1; throw new TypeError("enough"); }
  export async function* endless({ ended }: { ended: string }, { signal }: { signal: AbortSignal }) {
    try {
      for (let i = 0; ; i++) { yield i; await new Promise((resolve) => setTimeout(resolve, 5)); }
    } finally { writeFileSync(ended, ""); }
  }
  export function says({ text, level = "info" }: { text: string; level?: "info" | "warn" }, ctx: any) {
    ctx.log[level](text, { a: "b" });
  }
`;

let project: Project;

beforeEach(async () => {
  project = await Project.make({ "functions/feed.ts": feed });
});

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

async function stop(server: Running): Promise<void> {
  server.child.kill("SIGTERM");
  expect((await server.finished).code).toBe(0);
}

const linesOf = (text: string): string[] => text.split("\n").slice(0, -1);

/** A shell pipeline in the project's folder; the exit code is that of its first command. */
function pipe(command: string, reader: string): Running {
  const splice = `'${process.execPath}' '${main}' ${command}`;
  return project.spawn("bash", ["-c", `${splice} | ${reader}; exit \${PIPESTATUS[0]}`]);
}

describe.each(["with its own supervisor", "on a running supervisor"])("call of a stream, %s", (where) => {
  let server: Running | undefined;

  beforeEach(async () => {
    server = where.startsWith("on") ? await project.serve(["--log-level", "error"]) : undefined;
  });

  afterEach(async () => {
    if (server !== undefined) await stop(server);
  });

  test("prints one JSON value a line as they come, and what was there before a failure", async () => {
    const counted = await project.run(["call", "feed.count", '{"n":3}']);
    expect(counted).toMatchObject({ code: 0 });
    const big = "1152921504606846976";
    expect(linesOf(counted.stdout)).toEqual([1, 2, 3].map((i) => `{"i":${String(i)},"big":${big}}`));
    const failed = await project.run(["call", "feed.fails", "--json"]);
    expect(failed.code).toBe(1);
    const [first = "", second = "", ...more] = linesOf(failed.stdout);
    expect([first, more]).toEqual(["1", []]);
    expect(JSON.parse(second)).toMatchObject({ error: { code: 2000, message: "enough" } });
    expect(failed.stderr).toContain("enough");
  });

  test("Ctrl-C cancels it in its worker and ends with 1, as that of a call", async () => {
    const ended = join(project.folder, "ended");
    const running = project.start(["call", "feed.endless", JSON.stringify({ ended })]);
    await until("items have come", () => linesOf(running.said.stdout).length > 2);
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.finished;
    expect([code, stderr]).toEqual([1, expect.stringContaining("was cancelled; it may have run")]);
    expect(linesOf(stdout).map(Number)).toEqual(linesOf(stdout).map((_, i) => i));
    await until("the function has ended", () => existsSync(ended));
  });

  test("a reader that goes away cancels it, and is no failure", async () => {
    const ended = join(project.folder, "ended");
    const { code, stdout } = await pipe(`call feed.endless '{"ended":"${ended}"}'`, "head -2").finished;
    expect([code, stdout]).toEqual([0, "0\n1\n"]);
    await until("the function has ended", () => existsSync(ended));
  });
});

describe("logs", () => {
  test("prints what is kept, as lines for people and as JSON; --tail and --log-level leave lines out", async () => {
    const server = await project.serve();
    await project.run(["call", "feed.says", '{"text":"hello"}']);
    await project.run(["call", "feed.says", '{"text":"careful","level":"warn"}']);
    // What is no terminal gets no colours, whatever the library that makes them thinks of a machine that builds.
    const all = await project.run(["logs"], { env: { CI: "true", NO_COLOR: "" } });
    expect(all).toMatchObject({ code: 0, stderr: "" });
    expect(linesOf(all.stdout)).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d info {2}serving 4 functions on /),
      expect.stringMatching(/^\d\d:\d\d:\d\d info {2}app:1 │ hello .*function=feed\.says a=b$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d warn {2}app:1 │ careful /),
    ]);
    expect(all.stdout).not.toMatch(/\u001b/);
    const json = await project.run(["logs", "--tail", "2", "--json"]);
    expect(linesOf(json.stdout).map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: "info", worker: "app:1", message: "hello", fields: { a: "b" }, atMs: expect.any(Number) },
      { level: "warn", worker: "app:1", message: "careful" },
    ]);
    const warnings = await project.run(["logs", "--log-level", "warn"]);
    expect(linesOf(warnings.stdout)).toHaveLength(1);
    expect(await project.run(["logs", "--tail", "0"])).toMatchObject({ code: 0, stdout: "" });
    await stop(server);
  });

  test("-f goes on with what is logged; it ends with 0 at Ctrl-C, at a broken pipe and when the supervisor has stopped", async () => {
    const server = await project.serve();
    const followed = project.start(["logs", "-f", "--json"]);
    const interrupted = project.start(["logs", "--follow", "--tail", "1"]);
    await until("both follow", () => [followed, interrupted].every(({ said }) => said.stdout !== ""));
    const cut = pipe("logs -f --tail 0", "head -1");
    // It prints nothing before something is logged, so that is said again until it is there.
    await until("a line is there", async () => {
      await project.run(["call", "feed.says", '{"text":"one"}']);
      return cut.said.stdout.includes("one");
    });
    // The pipe breaks with the line after the one that was read.
    await project.run(["call", "feed.says", '{"text":"two"}']);
    expect(await cut.finished).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^[^\n]*one[^\n]*\n$/),
    });
    interrupted.child.kill("SIGINT");
    expect(await interrupted.finished).toMatchObject({ code: 0, stderr: "" });
    await stop(server);
    const { code, stdout, stderr } = await followed.finished;
    expect([code, stderr]).toEqual([0, ""]);
    const messages = linesOf(stdout).map((line) => (JSON.parse(line) as { message: string }).message);
    expect(messages).toEqual(expect.arrayContaining(["one", "two", "SIGTERM: draining"]));
  });

  test("without a supervisor ends with 3, with a --tail that is no number with 2, with a lost one with 1", async () => {
    expect(await project.run(["logs", "-f"])).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(/^No supervisor answers/),
    });
    for (const tail of ["-1", "many", "1.5"]) {
      const wrong = await project.run(["logs", `--tail=${tail}`]);
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--tail")]);
    }
    const server = await project.serve();
    const followed = project.start(["logs", "-f", "--json"]);
    await until("it follows", () => followed.said.stdout !== "");
    server.child.kill("SIGKILL");
    const { code, stderr } = await followed.finished;
    expect([code, stderr]).toEqual([1, expect.stringContaining("lost")]);
    await server.finished;
  });
});

test("splice.events can be read as any stream, and status --watch draws what it tells of", async () => {
  const server = await project.serve(["--log-level", "error"]);
  const events = project.start(["call", "splice.events"]);
  const watching = project.start(["status", "--watch", "--json"]);
  const cut = pipe("status --watch", "head -1");
  await until("the first picture is there", () => watching.said.stdout !== "");
  const pids = (): Set<unknown> =>
    new Set(
      linesOf(watching.said.stdout).map((line) => {
        const { pools } = JSON.parse(line) as { pools: { workers: { pid: number | null }[] }[] };
        return pools[0]?.workers[0]?.pid;
      }),
    );
  await until("an event is there", async () => {
    await project.run(["call", "splice.kill", '{"worker":"app:1"}']);
    return events.said.stdout !== "";
  });
  await until("another worker is drawn", () => [...pids()].filter((pid) => pid !== null).length > 1);
  watching.child.kill("SIGINT");
  expect(await watching.finished).toMatchObject({ code: 0, stderr: "" });
  expect(await cut.finished).toMatchObject({ code: 0 });
  await stop(server);
  const { code, stdout } = await events.finished;
  expect(code).toBe(0);
  const types = linesOf(stdout).map((line) => (JSON.parse(line) as { type: string }).type);
  expect(types).toEqual(expect.arrayContaining(["worker.exited", "supervisor.draining"]));
});
