// `splice reload`: what it prints, how it exits, and that the calls of the old generation end.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { ReloadReport } from "../../../src/contract/reload-report.js";
import { until } from "../harness.js";
import { Project, type Running } from "./run-cli.js";

let project: Project;
let server: Running;

const edit = (source: string) => writeFile(join(project.folder, "functions/a.ts"), source);
const call = async (name = "a.f") => (await project.run(["call", name])).stdout.trim();

async function serve(files: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<void> {
  project = await Project.make({ "package.json": "{}", ...files });
  server = await project.serve(args);
}

afterEach(async () => {
  server.child.kill("SIGTERM");
  await server.finished;
  await project.nothingLeft();
  await project.clean();
});

describe("one pool of functions", () => {
  beforeEach(() => serve({ "functions/a.ts": "export const f = () => 1;\n" }));

  test("an edit: from, to, verdict and time, exit code 0, and the next call runs the new code", async () => {
    await edit("export const f = () => 2;\nexport const g = () => 3;\n");
    const { code, stdout, stderr } = await project.run(["reload"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^pool +generation +verdict +took\napp +1 -> 2 +additive +\d+ ms\n$/);
    expect(await call()).toBe("2");
  });

  test("nothing changed: unchanged, and no worker was restarted", async () => {
    const { code, stdout } = await project.run(["reload", "app", "--json"]);
    expect(code).toBe(0);
    const { ok, pools } = JSON.parse(stdout) as ReloadReport;
    expect({ ok, pools }).toMatchObject({ ok: true, pools: [{ name: "app", from: 1, to: 1, error: null }] });
    expect(pools[0]?.verdict).toBe("unchanged");
  });

  test("code that does not compile: file, line and excerpt, exit code 1, and the old code serves on", async () => {
    await edit("export const f = () => 2;\nexport const g = (;\n");
    const { code, stdout, stderr } = await project.run(["reload"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^app +1 +failed/m);
    expect(stderr).toMatch(/a\.ts:2:\d+/);
    expect(stderr).toContain("export const g = (;");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(await call()).toBe("1");
    const json = await project.run(["reload", "--json"]);
    expect(json.code).toBe(1);
    expect((JSON.parse(json.stdout) as ReloadReport).pools[0]?.error).toMatch(/a\.ts:2:\d+/);
  });

  test("code that throws as it is imported: its message, exit code 1", async () => {
    await edit('throw new Error("no database");\nexport const f = () => 2;\n');
    const { code, stderr } = await project.run(["reload"]);
    expect(code).toBe(1);
    expect(stderr).toContain("no database");
    expect(await call()).toBe("1");
  });

  test("an export that is gone: refused, and said how to allow it", async () => {
    await edit("export const g = () => 2;\n");
    const { code, stdout, stderr } = await project.run(["reload"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/app +1 +breaking, refused/);
    expect(stderr).toContain("--allow-breaking");
    expect(await call()).toBe("1");
  });

  test("a pool that is not there: exit code 2, and the pools by name", async () => {
    const { code, stderr } = await project.run(["reload", "web"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'There is no pool "web"; this supervisor has app.\n',
    });
  });

  test("no supervisor at that socket: exit code 3", async () => {
    const { code } = await project.run(["reload", "--socket", join(project.folder, "none.sock")]);
    expect(code).toBe(3);
  });
});

test("--allow-breaking: what callers miss is promoted with a warning", async () => {
  await serve({ "functions/a.ts": "export const f = () => 1;\n" }, ["--allow-breaking"]);
  await edit("export const g = () => 2;\n");
  const { code, stdout } = await project.run(["reload"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/app +1 -> 2 +breaking /);
  expect(server.said.stderr).toContain("breaks callers of before");
  expect(await call("a.g")).toBe("2");
});

test("--wait waits for the call that the old generation has; SIGINT ends the waiting alone", async () => {
  const held = (n: number) =>
    `import { existsSync } from "node:fs";\nexport const n = () => ${String(n)};\nexport async function f({ file }) { while (!existsSync(file)) await new Promise((r) => setTimeout(r, 5)); return ${String(n)}; }\n`;
  await serve({ "functions/a.ts": held(1) });
  const file = join(project.folder, "go");
  const calling = project.start(["call", "a.f", JSON.stringify({ file })]);
  await until("the call runs", async () =>
    (await project.run(["status"])).stdout.includes("1 active") ? true : null,
  );
  await edit(held(2));
  const waiting = project.start(["reload", "--wait"]);
  await until("the new code serves", async () => ((await call("a.n")) === "2" ? true : null));
  const interrupted = project.start(["reload", "--wait"]);
  expect((await interrupted.finished).code).toBe(0);
  expect(waiting.child.exitCode).toBeNull();
  waiting.child.kill("SIGINT");
  const { code, stderr } = await waiting.finished;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: "The command was stopped by SIGINT. A reload that has begun goes on.\n",
  });
  const again = project.start(["reload", "--wait"]);
  await writeFile(file, "");
  expect((await calling.finished).stdout.trim()).toBe("1");
  expect((await again.finished).code).toBe(0);
  expect(await call("a.n")).toBe("2");
});
