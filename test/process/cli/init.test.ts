// splice init on folders of all kinds: what it makes, what it refuses, and that it leaves nothing half-made behind.
// With a packed runtime, npm and all: test/process/package/init.test.ts.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { root } from "../harness.js";
import { cliFixtures, errorOf, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.clean();
});

async function manifest(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(project.folder, path, "package.json"), "utf8"));
}

test.each([
  ["minimal", ["functions/greet.js", "splice.config.js", "test/greet.test.js"]],
  ["typescript", ["functions/count.ts", "functions/math.ts", "splice.config.ts", "tsconfig.json"]],
])("the template %s has what a project needs, and says what to do next", async (template, own) => {
  project = await Project.make({});
  const made = await project.run(["init", "My App", "--template", template]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/^Made my-app in .*\/My App:\n/);
  expect(made.stdout).toContain(
    `\n  cd 'My App'\n  npm install\n  npx splice call greet.hello '{"name":"you"}'\n`,
  );
  const files = await readdir(join(project.folder, "My App"), { recursive: true });
  expect(files).toEqual(expect.arrayContaining([".gitignore", "README.md", "package.json", ...own]));
  for (const file of own) expect(made.stdout).toContain(`  ${file}\n`);
  expect(await readFile(join(project.folder, "My App/README.md"), "utf8")).toMatch(/^# my-app\n/);
  expect(await readFile(join(project.folder, "My App/.gitignore"), "utf8")).toBe(
    "node_modules/\ndist/\n.splice/\n",
  );
  expect(await manifest("My App")).toMatchObject({
    name: "my-app",
    private: true,
    type: "module",
    scripts: { dev: "splice dev", build: "splice build", start: "splice serve", test: "node --test" },
    // It runs out of its clone here.
    dependencies: { "splice-runtime": `file:${root.replace(/\/$/, "")}` },
  });
});

test("--json tells the same to programs, and --runtime is what is installed", async () => {
  project = await Project.make({});
  const { code, stdout, stderr } = await project.run(["init", "--json", "--runtime", "^0.1.0"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const files = await readdir(project.folder, { recursive: true, withFileTypes: true });
  expect(JSON.parse(stdout)).toEqual({
    folder: project.folder,
    name: expect.stringMatching(/^sp-\w+$/),
    template: "minimal",
    runtime: "^0.1.0",
    files: expect.any(Array),
    next: ["npm install", `npx splice call greet.hello '{"name":"you"}'`],
  });
  expect(JSON.parse(stdout).files).toHaveLength(files.filter((entry) => entry.isFile()).length);
  expect((await manifest(""))["dependencies"]).toEqual({ "splice-runtime": "^0.1.0" });
});

test("the history, a README and a LICENSE may be there, and stay as they are", async () => {
  const before = { ".git/HEAD": "ref: x", "Readme.md": "Mine.", LICENSE: "None." };
  project = await Project.make(before);
  expect(await project.run(["init", "."])).toMatchObject({ code: 0, stderr: "" });
  for (const [path, text] of Object.entries(before))
    expect(await readFile(join(project.folder, path), "utf8")).toBe(text);
  expect(await readdir(project.folder)).not.toContain("README.md");
  expect(existsSync(join(project.folder, "functions/greet.js"))).toBe(true);
});

describe("is refused, and changes nothing", () => {
  async function refused(args: readonly string[], sentence: RegExp): Promise<void> {
    const before = await readdir(project.folder, { recursive: true });
    const plain = await project.run(["init", ...args]);
    expect(plain).toMatchObject({ code: 2, stdout: "" });
    expect(plain.stderr).toMatch(sentence);
    const asJson = await project.run(["init", "--json", ...args]);
    expect(asJson.code).toBe(2);
    expect(errorOf(asJson)).toMatchObject({ name: "UsageError", message: expect.stringMatching(sentence) });
    expect(await readdir(project.folder, { recursive: true })).toEqual(before);
  }

  test("a folder that holds something", async () => {
    project = await Project.make({ "app/package.json": "{}", "app/.git/HEAD": "", "app/README": "" });
    await refused(["app"], /The folder .*\/app is not empty: it holds package\.json\. Name a new folder/);
    for (const name of ["a", "b", "c", "d"]) await writeFile(join(project.folder, "app", name), "");
    await refused(["app"], /it holds a, b, c, 2 more\./);
    await refused([], /is not empty: it holds app\./);
  });

  test("a second time", async () => {
    project = await Project.make({});
    expect(await project.run(["init", "app"])).toMatchObject({ code: 0 });
    await refused(["app"], /is not empty: it holds \.gitignore, functions, package\.json, 2 more/);
  });

  test("what is no folder, or lies in none", async () => {
    project = await Project.make({ file: "" });
    await refused(["file"], /\/file is no folder\. Name one/);
    await refused(["file/app"], /\/file\/app is no folder\. Name one/);
  });

  test("a template that is none, and a runtime that is not there", async () => {
    project = await Project.make({});
    await refused(
      ["app", "--template", "rust"],
      /--template is "rust", but must be one of minimal, typescript\./,
    );
    await refused(["app", "--runtime", "./gone.tgz"], /--runtime is "\.\/gone\.tgz", but there is no \//);
    await refused(["app", "--runtime", ""], /--runtime names nothing/);
  });
});

test.each(["SIGINT", "SIGTERM"])("after %s nothing of it is left", async (signal) => {
  project = await Project.make({});
  await mkdir(join(project.folder, "app"));
  const preload = join(cliFixtures, "signal-while-writing.mjs");
  const stopped = await project.run(["init", "app"], {
    execArgv: ["--import", preload],
    env: { TEST_SIGNAL: signal },
  });
  expect(stopped).toEqual({
    code: 1,
    signal: null,
    stdout: "",
    stderr: `third file\nThe command was stopped by ${signal}.\n`,
  });
  expect(await readdir(project.folder, { recursive: true })).toEqual(["app"]);
});
