// `splice status` and `splice stop`: what they print, and that stop ends when the supervisor is gone and not before.

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { until } from "../harness.js";
import { errorOf, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

describe("status", () => {
  test("is lines for people and one Status as JSON; --watch repeats it until Ctrl-C", async () => {
    project = await Project.make();
    const server = await project.serve(["--log-level", "error"]);
    await project.run(["call", "values.echo", '{"a":1}']);
    const plain = await project.run(["status"]);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(plain.stdout).toMatch(
      new RegExp(`^running  pid ${String(server.child.pid)}  up .*splice\\.sock\n`),
    );
    expect(plain.stdout).toMatch(/^calls {2}1 in all, 1 ok, 0 failed/m);
    expect(plain.stdout).toMatch(/^app:1 +ready +\d+/m);
    expect(plain.stdout).toMatch(/^values\.echo +app +0 +1 +0 /m);

    expect(plain.stdout).not.toMatch(/\u001b/);

    const asJson = await project.run(["status", "--json"]);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      state: "running",
      pid: server.child.pid,
      socket: project.socket,
      calls: { total: 1, ok: 1, active: 0 },
      pools: [{ name: "app", workers: expect.any(Array) }],
    });

    const watching = project.start(["status", "--watch", "--json"]);
    await until("two pictures are there", () => watching.said.stdout.trimEnd().split("\n").length >= 2);
    watching.child.kill("SIGINT");
    const watched = await watching.finished;
    expect(watched).toMatchObject({ code: 0, stderr: "" });
    for (const line of watched.stdout.trimEnd().split("\n")) {
      expect(JSON.parse(line)).toMatchObject({ state: "running" });
    }
    server.child.kill("SIGTERM");
    await server.finished;
  });

  test("--watch ends in a sentence when the supervisor goes away", async () => {
    project = await Project.make();
    const server = await project.serve(["--log-level", "error"]);
    const watching = project.start(["status", "--watch"]);
    await until("the first picture is there", () => watching.said.stdout.includes("running"));
    server.child.kill("SIGTERM");
    await server.finished;
    const watched = await watching.finished;
    expect(watched.code).toBe(1);
    expect(watched.stderr).toMatch(/supervisor/);
  });
});

describe("stop", () => {
  test("ends when the process is gone and the socket with it", async () => {
    project = await Project.make();
    const server = await project.serve(["--log-level", "error"]);
    const stop = await project.run(["stop"]);
    // The child's exit was seen by us only after it happened; that it had happened is what stop promises.
    expect(stop).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("has stopped") });
    expect(project.processes()).toEqual([]);
    expect(existsSync(project.socket)).toBe(false);
    expect(await server.finished).toMatchObject({ code: 0, signal: null });
    const again = await project.run(["stop", "--json"]);
    expect(again.code).toBe(3);
    expect(errorOf(again)).toMatchObject({ code: 3001, details: { reason: "no-supervisor" } });
  });

  test("lets a call under way end first; --drain 0 does not", async () => {
    project = await Project.make({
      "functions/slow.ts": `import { existsSync, writeFileSync } from "node:fs";
export async function until({ file, started }: { file: string; started: string }) {
  writeFileSync(started, "");
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return "done";
}`,
    });
    // What is cut never stops by itself.
    await project.configure({ shutdown: { shutdownMs: 200 } });
    const file = join(project.folder, "go");
    const started = join(project.folder, "started");
    const params = JSON.stringify({ file, started });
    let server = await project.serve(["--log-level", "error"]);
    const call = project.start(["call", "slow.until", params]);
    await until("the call runs", () => existsSync(started));
    const stopping = project.start(["stop", "--json"]);
    await until("the drain has begun", () => !existsSync(project.socket));
    expect(stopping.child.exitCode).toBeNull();
    await writeFile(file, "");
    expect(await call.finished).toMatchObject({ code: 0, stdout: '"done"\n' });
    const stopped = await stopping.finished;
    expect(stopped.code).toBe(0);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ stopped: { pid: server.child.pid } });
    await server.finished;

    const never = JSON.stringify({ file: join(project.folder, "never"), started: `${started}-2` });
    server = await project.serve(["--log-level", "error"]);
    const cut = project.start(["call", "slow.until", never, "--json"]);
    await until("the call runs", () => existsSync(`${started}-2`));
    expect(await project.run(["stop", "--drain", "0"])).toMatchObject({ code: 0 });
    const ended = await cut.finished;
    expect(ended.code).toBe(1);
    expect([2002, 3001, 3003]).toContain(errorOf(ended)["code"]);
    await server.finished;
  });

  test("of a supervisor inside a program ends when that has closed, and says that the program goes on", async () => {
    project = await Project.make();
    const embedder = project.spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `import { createSplice } from ${JSON.stringify(join(import.meta.dirname, "../../../dist/index.js"))};
       await createSplice({ functions: "./functions", socket: "s" });
       setInterval(() => {}, 1000);
       console.log("up");`,
    ]);
    await until("the program serves", () => embedder.said.stdout.includes("up"));
    const stop = await project.run(["stop", "--socket", "s"]);
    expect(stop).toMatchObject({ code: 0, stderr: expect.stringContaining("goes on") });
    expect(embedder.child.exitCode).toBeNull();
    embedder.child.kill("SIGKILL");
    await embedder.finished;
  });
});

describe("with nobody there, or something else at the path", () => {
  test.each(["status", "stop"])("%s ends with 3 and a sentence when nothing is running", async (name) => {
    project = await Project.make();
    const result = await project.run([name]);
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toMatch(
      /^No supervisor answers on .*splice\.sock; start one with `splice serve`\.\n$/,
    );
  });

  test.each(["status", "stop", "list"])(
    "%s leaves a file or a directory at the path as it is",
    async (name) => {
      project = await Project.make();
      await writeFile(join(project.folder, "file"), "precious");
      await mkdir(join(project.folder, "dir"));
      for (const socket of ["file", "dir"]) {
        const result = await project.run([name, "--socket", socket, "--json"]);
        expect([1, 3]).toContain(result.code);
        expect(errorOf(result)["message"]).toContain(join(project.folder, socket));
      }
      const long = await project.run([name, "--socket", "x".repeat(120), "--json"]);
      expect(long.code).toBe(2);
      expect(errorOf(long)["message"]).toContain("103 bytes");
    },
  );
});
