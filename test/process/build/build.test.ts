// splice build: what the folder holds, that it replaces the one before as a whole, and that a build which fails, or is
// stopped, leaves that one as it was.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { cliFixtures, errorOf, Project } from "../cli/run-cli.js";
import { until } from "../harness.js";
import { builtProject, filesIn, manifestIn, moveElsewhere, projectFiles } from "./built.js";

let project: Project;
const elsewhere: string[] = [];

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
  for (const folder of elsewhere.splice(0)) await rm(dirname(folder), { recursive: true, force: true });
});

const node = process.execPath;
const oldBuild = {
  "dist/manifest.json": '{ "manifestVersion": 1, "pools": [] }',
  "dist/artefacts/app.mjs": "old",
};

test("a folder that was copied elsewhere, with the runtime alone, answers calls, and no bundler is loaded", async () => {
  project = await Project.make(projectFiles);
  const built = await project.run(["build", "--json"]);
  expect({ code: built.code, stderr: built.stderr }).toEqual({ code: 0, stderr: "making the worker\n" });
  const dist = join(project.folder, "dist");
  const manifest = await manifestIn(dist);
  expect(JSON.parse(built.stdout)).toEqual(manifest);
  expect(manifest.pools).toMatchObject([
    {
      name: "app",
      kind: "functions",
      file: expect.stringMatching(/^artefacts\/app-[0-9a-f]{16}\.mjs$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      exports: [
        { name: "math.add", isStreaming: false, params: {} },
        { name: "math.name" },
        { name: "math.place" },
      ],
    },
    { name: "made", kind: "command", commandIndex: 1, exports: [{ name: "made.who" }] },
  ]);
  expect(JSON.parse(await readFile(join(dist, "package.json"), "utf8"))).toMatchObject({
    name: "shop",
    version: "1.2.3",
    scripts: { start: "splice serve --dist ." },
    dependencies: { "splice-runtime": "^0.1.0" },
  });
  // Nothing of the machine it was built on is needed, or named.
  const moved = await moveElsewhere(dist);
  elsewhere.push(moved);
  for (const [file, text] of Object.entries(await filesIn(dist)))
    expect([file, text.includes(project.folder)]).toEqual([file, false]);
  await rm(join(project.folder, "functions"), { recursive: true });
  await rm(join(project.folder, "out"), { recursive: true });
  await rm(dist, { recursive: true });

  const served = project.start(["serve", "--dist", moved], {
    execArgv: ["--import", join(cliFixtures, "no-bundler.mjs")],
  });
  const socket = join(moved, ".splice/splice.sock");
  await until(`it serves (${served.said.stderr})`, () => existsSync(socket));
  const call = async (...args: readonly string[]) => {
    const { stdout, stderr } = await project.run(["call", ...args, "--socket", socket]);
    return stderr === "" ? (JSON.parse(stdout) as unknown) : stderr;
  };
  expect(await call("math.add", '{"a":1,"b":2}')).toBe(3);
  expect(await call("math.name")).toBe("math.name");
  expect(await call("made.who")).toBe("made by make.mjs");
  // The rest of the configuration came along: its verifier lets ada alone see where workers run.
  expect(await call("math.place")).toMatch(/does not let a caller without auth/);
  expect(await call("math.place", "{}", "--auth", "ada")).toBe(moved);
  served.child.kill("SIGTERM");
  expect((await served.finished).code).toBe(0);
}, 60_000);

test("the same sources make the same bytes; what a build did not write stays, what it wrote before does not", async () => {
  const first = await builtProject();
  ({ project } = first);
  const { dist, manifest } = first;
  await mkdir(join(dist, "node_modules/thing"), { recursive: true });
  await writeFile(join(dist, "node_modules/thing/index.js"), "1");
  await writeFile(join(dist, ".env"), "A=1");
  const again = await project.run(["build"]);
  expect(again.code).toBe(0);
  expect({ ...(await manifestIn(dist)), builtAt: "" }).toEqual({ ...manifest, builtAt: "" });
  expect(await readFile(join(dist, "node_modules/thing/index.js"), "utf8")).toBe("1");
  await writeFile(join(project.folder, "functions/math.ts"), "export function sub() { return 1; }");
  expect((await project.run(["build"])).code).toBe(0);
  const files = Object.keys(await filesIn(dist)).sort();
  const next = await manifestIn(dist);
  expect(files).toEqual(
    [
      ".env",
      "manifest.json",
      "node_modules/thing/index.js",
      "package.json",
      ...[next.config?.file, next.pools[0]?.file, next.pools[0]?.sourceMap?.file, next.pools[1]?.file],
    ].sort(),
  );
  expect(next.pools[0]?.hash).not.toBe(manifest.pools[0]?.hash);
}, 60_000);

describe("a build that fails leaves the folder as it was, and nothing beside it", () => {
  const config = (pool: object) => ({
    "splice.config.mjs": `export default ${JSON.stringify({ pools: { app: pool } })};`,
  });
  const script = (text: string) => ({
    ...config({ command: [node, "w.mjs"], build: [node, "b.mjs"] }),
    "b.mjs": text,
  });
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    ["functions that do not compile", { "functions/math.ts": "export const a = ;" }, /does not compile/],
    [
      "functions that throw when they are loaded",
      { "functions/math.ts": 'export function f() {}\nthrow new Error("no database today");' },
      /^What was built does not start: [^]*no database today/,
    ],
    [
      "a package that would not be installed",
      { "functions/math.ts": 'import "left-pad"; export function f() {}' },
      /import left-pad, which `npm install --omit=dev` would not install/,
    ],
    [
      "a build command that fails",
      script('console.log("\\u001b[31mcannot link\\u001b[0m"); process.exit(3)'),
      /build of pool app, ".*b\.mjs", ended with exit code 3\. It printed last:\n\ncannot link$/m,
    ],
    [
      "a build command that is killed",
      script('process.kill(process.pid, "SIGKILL")'),
      /was killed by SIGKILL\. It printed nothing\./,
    ],
    [
      "a build command that is not there",
      config({ command: ["./w"], build: ["no-such-compiler", "x"] }),
      /cannot be run: "no-such-compiler" was not found/,
    ],
    [
      "a build command that is no program",
      { ...config({ command: ["./w"], build: ["./b.txt"] }), "b.txt": "x" },
      /"\.\/b\.txt" may not be executed/,
    ],
    ["a build command that makes nothing", script("//"), /names no file in .* by a relative path/],
    [
      "a worker that does not start",
      script('import { writeFileSync } from "node:fs"; writeFileSync("w.mjs", "process.exit(9)")'),
      /^What was built does not start: Worker app:1 ended unasked with exit code 9/,
    ],
    ["a program that is nowhere", config({ command: ["no-such-worker"] }), /"no-such-worker" was not found/],
  ];

  test.each(cases)("%s", async (_, files, sentence) => {
    project = await Project.make({ "package.json": "{}", ...oldBuild, ...files });
    const dist = join(project.folder, "dist");
    const before = await filesIn(dist);
    const result = await project.run(["build", "--json"]);
    expect(result.code).toBe(1);
    expect(errorOf(result)["message"]).toMatch(sentence);
    expect(await filesIn(dist)).toEqual(before);
    expect((await readdir(project.folder)).filter((name) => name.startsWith(".dist"))).toEqual([]);
    expect(
      (await readdir(join(project.folder, ".splice"))).filter((name) => name.startsWith("dist")),
    ).toEqual([]);
  });
});

test("Ctrl-C ends a build command that hangs, with all that it started, and leaves the folder as it was", async () => {
  // It heeds no SIGTERM, nor does its child.
  const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
  project = await Project.make({
    ...projectFiles,
    ...oldBuild,
    "child.mjs": `${stubborn} console.log("hanging");`,
    "make.mjs": `import { spawn } from "node:child_process";
${stubborn}
spawn(process.execPath, [process.cwd() + "/child.mjs"], { stdio: "inherit" });`,
  });
  const dist = join(project.folder, "dist");
  const before = await filesIn(dist);
  const running = project.start(["build"]);
  await until("the child hangs", () => running.said.stderr.includes("hanging"));
  running.child.kill("SIGINT");
  const { code, stderr } = await running.finished;
  expect({ code, stderr }).toEqual({ code: 1, stderr: "hanging\nThe command was stopped by SIGINT.\n" });
  await project.nothingLeft();
  expect(await filesIn(dist)).toEqual(before);
}, 60_000);

test("what a build command leaves running with its outputs open does not hold the build up", async () => {
  project = await Project.make({
    ...projectFiles,
    "make.mjs": `import { spawn } from "node:child_process";
${projectFiles["make.mjs"]}
spawn("sleep", ["600"], { stdio: "inherit" }).unref();
writeFileSync("sleep.pid", String(process.pid));`,
  });
  const result = await project.run(["build"]);
  expect(result.code).toBe(0);
  const group = Number(await readFile(join(project.folder, "sleep.pid"), "utf8"));
  process.kill(-group, "SIGKILL");
}, 60_000);
