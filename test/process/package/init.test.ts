// The first five minutes, as people have them: npx with a packed runtime makes a project, npm installs what that names,
// its tests pass and a function answers; then what docs/getting-started.md does with it, up to another build in production.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { codeBlocks, read } from "../../docs/markdown.js";
import { root, until } from "../harness.js";
import { npmEnvironment } from "./npm-environment.js";

const run = promisify(execFile);
const templates = ["minimal", "typescript"];
let folder: string;
let tarball: string;
const environment = { ...npmEnvironment };

function inFolder(path: string, program: string, ...args: readonly string[]) {
  return run(program, args, { cwd: join(folder, path), env: environment, timeout: 120_000 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-init-"));
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

describe("what the page Getting started does next", () => {
  const blocks = codeBlocks(read("docs/getting-started.md"));
  const edits = blocks.filter(({ file }) => file === "functions/greet.js");
  const shown = blocks.filter(({ language }) => language === "text").map(({ text }) => text);
  const typed = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.trim().split("\n"));

  interface Server {
    readonly child: ChildProcess;
    readonly ended: Promise<number | null>;
    readonly said: () => string;
  }

  /** In a process group of its own: a terminal's Ctrl-C reaches npm and all that it has started. */
  function serve(command: string): Server {
    expect(read("docs/getting-started.md")).toContain(command);
    const [program = "", ...args] = command.split(" ");
    const child = spawn(program, args, { cwd: join(folder, "minimal"), env: environment, detached: true });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return { child, ended, said: () => said };
  }

  async function serving(command: string, what: (server: Server) => Promise<void>): Promise<void> {
    const server = serve(command);
    try {
      await until(`${command} serves`, () => server.said().includes("serving 1 functions"), 30_000);
      await what(server);
    } finally {
      if (server.child.pid !== undefined) process.kill(-server.child.pid, "SIGINT");
      await server.ended;
    }
  }

  async function edit(at: number): Promise<void> {
    await writeFile(join(folder, "minimal/functions/greet.js"), edits[at]?.text ?? "");
  }

  async function call(): Promise<string> {
    const command = 'npx splice call greet.hello \'{"name":"you"}\'';
    expect(typed).toContain(command);
    return (await inFolder("minimal", "sh", "-c", command)).stdout;
  }

  test("npm run dev: an edit is live at the next call", async () => {
    expect(shown[0]).toBe('"Hello, you!"\n');
    await serving("npm run dev", async (server) => {
      expect(await call()).toBe(shown[0]);
      await edit(0);
      await until("the edit serves", () => /runs generation \d+/.test(server.said()));
      expect(await call()).toBe(shown[1]);
    });
  }, 60_000);

  test("a build is served, and the next one rolled to", async () => {
    expect(typed).toEqual(expect.arrayContaining(["npm run build", "npx splice reload --wait"]));
    await inFolder("minimal", "npm", "run", "build");
    await serving("npx splice serve --dist dist --socket .splice/splice.sock", async () => {
      expect(await call()).toBe(shown[1]);
      await edit(1);
      expect(await call()).toBe(shown[1]);
      await inFolder("minimal", "npm", "run", "build");
      const { stdout } = await inFolder("minimal", "npx", "splice", "reload", "--wait");
      const words = (text: string) =>
        text
          .replace(/\d+ ms/, "")
          .trim()
          .split(/\s+/);
      expect(words(stdout)).toEqual(words(shown[2] ?? ""));
      expect(await call()).toBe('"Good evening, you!"\n');
    });
  }, 90_000);

  test("npm start serves the folder as it lies", async () => {
    await serving("npm start", async () => {
      expect(await call()).toBe('"Good evening, you!"\n');
    });
  }, 60_000);
});
