// Ctrl-C at every stage of a command, and what people see on a terminal.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { until } from "../harness.js";
import { main, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

/** A folder whose functions never finish loading, and say that they began by a file. */
function neverLoads(): Promise<Project> {
  const source =
    'import { writeFileSync } from "node:fs"; writeFileSync("loading", ""); await new Promise((r) => setTimeout(r, 60_000)); export function f() {}';
  return Project.make({ "functions/a.ts": source });
}

describe("SIGINT during call", () => {
  test.each(["slow.hang", "slow.spin"])(
    "with its own supervisor: %s is given up, and its worker is gone",
    async (name) => {
      project = await Project.make();
      const marker = join(project.folder, "marker");
      const running = project.start(["call", name, JSON.stringify({ marker })]);
      await until("the function runs", () => existsSync(marker));
      running.child.kill("SIGINT");
      const result = await running.finished;
      expect(result).toMatchObject({ code: 1, signal: null, stdout: "" });
      expect(result.stderr).toMatch(/was cancelled; it may have run/);
    },
  );

  test("on a running supervisor: the call is cancelled there, which goes on", async () => {
    project = await Project.make();
    // Its worker never stops by itself, and is not what is waited for.
    await project.configure({ shutdown: { shutdownMs: 200 } });
    const server = await project.serve();
    const marker = join(project.folder, "marker");
    const running = project.start(["call", "slow.hang", JSON.stringify({ marker }), "--json"]);
    await until("the function runs", () => existsSync(marker));
    running.child.kill("SIGINT");
    const result = await running.finished;
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: 2002, kind: "Cancelled" } });
    expect(await project.run(["call", "values.echo", "{}"])).toMatchObject({ code: 0 });
    server.child.kill("SIGTERM");
    await until("it drains", () => server.said.stderr.includes("draining"));
    server.child.kill("SIGTERM");
    expect((await server.finished).code).toBe(0);
  }, 20_000);

  test("while its own supervisor still starts", async () => {
    project = await neverLoads();
    const running = project.start(["call", "a.f"]);
    await until("the functions are being loaded", () => existsSync(join(project.folder, "loading")));
    running.child.kill("SIGINT");
    const result = await running.finished;
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/stopped by SIGINT/);
  });
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s while serve still starts ends it with 0, and no socket appears",
  async (signal) => {
    project = await neverLoads();
    const running = project.start(["serve"]);
    await until("the functions are being loaded", () => existsSync(join(project.folder, "loading")));
    running.child.kill(signal);
    expect(await running.finished).toMatchObject({ code: 0, signal: null, stdout: "" });
    expect(existsSync(project.socket)).toBe(false);
  },
);

test("signals at any moment of a start: serve ends with 0 and leaves nothing", async () => {
  project = await Project.make();
  for (let attempt = 0; attempt < 6; attempt++) {
    const running = project.start(["serve"]);
    // From when the signal is listened to until well after the socket is there, in uneven steps.
    await until(
      "it began",
      () => existsSync(join(project.folder, ".splice")) || running.child.exitCode !== null,
    );
    await new Promise((resolve) => setTimeout(resolve, attempt * 67));
    running.child.kill("SIGINT");
    const { code, signal } = await running.finished;
    // Before Node has got as far as our listener, the signal ends it by itself.
    expect(code === 0 || signal === "SIGINT").toBe(true);
    expect(existsSync(project.socket)).toBe(false);
    await project.nothingLeft();
  }
}, 20_000);

describe("on a terminal", () => {
  const hasScript = spawnSync("script", ["--version"]).status === 0;

  function onTerminal(command: string): Promise<{ readonly stdout: string; readonly code: number | null }> {
    return project.spawn("script", ["-qec", command, "/dev/null"], { env: { NO_COLOR: "1", TERM: "dumb" } })
      .finished;
  }

  test("the log is for people: time, level, worker, message; elsewhere it is JSON", async () => {
    if (!hasScript)
      throw new Error("The program `script` (util-linux) is needed for this test: install bsdutils.");
    project = await Project.make({
      "functions/a.ts": 'export function f() { console.log("hello from inside"); return 1; }',
    });
    const { stdout, code } = await onTerminal(`'${process.execPath}' '${main}' call a.f`);
    expect(code).toBe(0);
    const lines = stdout.split("\r\n");
    expect(lines.some((line) => /^\d\d:\d\d:\d\d info {2}app:1 │ hello from inside/.test(line))).toBe(true);
    expect(lines).toContain("1");
    expect(lines.every((line) => !line.startsWith("{"))).toBe(true);
  });
});
