// The first five minutes, as people have them: npx with a packed runtime makes a project, npm installs what that names,
// its tests pass and a function answers.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { root } from "../harness.js";

const run = promisify(execFile);
const templates = ["minimal", "typescript"];
let folder: string;
let tarball: string;
let environment: NodeJS.ProcessEnv;

function inFolder(path: string, program: string, ...args: readonly string[]) {
  return run(program, args, { cwd: join(folder, path), env: environment, timeout: 120_000 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-init-"));
  environment = { ...process.env, NODE_OPTIONS: "" };
  // npx keeps what it installs beside npm's cache: here beside a link to it, so that nothing is kept.
  const { stdout: cache } = await run("npm", ["config", "get", "cache"], { cwd: folder, env: environment });
  await mkdir(join(folder, "npm"));
  await symlink(join(cache.trim(), "_cacache"), join(folder, "npm/_cacache"));
  Object.assign(environment, { npm_config_cache: join(folder, "npm"), npm_config_prefer_offline: "true" });
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await run("npm", pack, { cwd: root, env: environment });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  tarball = filename;
  for (const template of templates) {
    const init = ["splice", "init", template, "--template", template];
    await inFolder(".", "npx", "--yes", "--package", `./${tarball}`, ...init);
  }
  const flags = ["--no-audit", "--no-fund", "--engine-strict"];
  await Promise.all(templates.map((template) => inFolder(template, "npm", "install", ...flags)));
}, 240_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.each(templates)("a project of the template %s", (template) => {
  test("has the runtime that made it", async () => {
    const manifest = JSON.parse(await readFile(join(folder, template, "package.json"), "utf8")) as {
      dependencies: unknown;
    };
    expect(manifest.dependencies).toEqual({ "splice-runtime": `file:${join(folder, tarball)}` });
  });

  test("has tests that pass", async () => {
    const { stdout } = await inFolder(template, "npm", "test");
    expect(stdout).toMatch(/^# pass [2-9]$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
  }, 60_000);

  test("answers its first call", async () => {
    const { stdout } = await inFolder(template, "npx", "splice", "call", "greet.hello", '{"name":"you"}');
    expect(stdout).toBe('"Hello, you!"\n');
  }, 60_000);

  test("can be built", async () => {
    await inFolder(template, "npm", "run", "build");
    expect(await readdir(join(folder, template, "dist"))).toContain("package.json");
  }, 60_000);
});

test("the template typescript type-checks", async () => {
  await inFolder("typescript", "npm", "run", "check").catch((error: unknown) => {
    throw new Error(String((error as { stdout?: unknown }).stdout));
  });
}, 60_000);
