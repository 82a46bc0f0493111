// `splice.config.*`: found, compiled, run, checked; every mistake named with file, path, value and expectation.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { errorOf, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

const functions = { "app/a.ts": "export function f() { return process.cwd(); }" };
const config = `import { defineConfig } from "splice-runtime";
import { folder } from "./settings.js";
type Pool = { workers: number };
const pool: Pool = { workers: 1 };
export default defineConfig({ functions: folder, pools: { app: pool }, socket: "run/s" });
`;
const settings = { "settings.ts": 'export const folder: string = "./app";' };

describe("a configuration file", () => {
  test.each([
    ["splice.config.ts", config],
    ["splice.config.mts", config],
    ["splice.config.js", 'import { folder } from "./settings.js"; export default { functions: folder };'],
    ["splice.config.mjs", 'export default { functions: "app" };'],
  ])("%s is found in the working directory", async (name, text) => {
    project = await Project.make({ ...functions, ...settings, [name]: text });
    const result = await project.run(["call", "a.f", "--json"]);
    expect(result).toMatchObject({ code: 0, stdout: `${JSON.stringify(project.folder)}\n` });
    expect(readdirSync(join(project.folder, ".splice"))).toEqual(["build"]);
  });

  test("of another folder is named with --config; its paths count from there, and its socket is where commands look", async () => {
    project = await Project.make({
      "deep/splice.config.ts": config,
      "deep/settings.ts": settings["settings.ts"],
      "deep/app/a.ts": functions["app/a.ts"],
    });
    const named = ["--config", "deep/splice.config.ts"];
    const server = await project.serve(named, join(project.folder, "deep/run/s"));
    const call = await project.run(["call", "a.f", ...named]);
    expect(call).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify(join(project.folder, "deep"))}\n`,
      stderr: "",
    });
    expect(await project.run(["list", "--socket", "deep/run/s"])).toMatchObject({ code: 0, stdout: "a.f\n" });
    expect((await project.run(["stop", ...named])).code).toBe(0);
    expect((await server.finished).code).toBe(0);
  });

  test("may say that there is no socket: call and list start their own supervisor, others are told", async () => {
    project = await Project.make({
      ...functions,
      "splice.config.ts": 'export default { functions: "app", socket: false };',
    });
    expect(await project.run(["list"])).toMatchObject({ code: 0, stdout: "a.f\n" });
    for (const name of ["serve", "status", "stop"]) {
      const result = await project.run([name, "--json"]);
      expect(result.code).toBe(2);
      expect(errorOf(result)).toMatchObject({ name: "ConfigError", details: { path: "socket" } });
    }
  });
});

describe("mistakes end with 2 and name the file", () => {
  const inFile = (name: string) => new RegExp(name.replaceAll(".", "\\."));
  const cases: readonly (readonly [string, string, readonly RegExp[], Readonly<Record<string, unknown>>?])[] =
    [
      [
        "a config that throws",
        '\nconst limit = 3;\nthrow new Error("no settings today");\nexport default { limit };\n',
        [/no settings today/, /splice\.config\.ts:3:\d+/, /> 3 \| throw new Error/],
      ],
      [
        "a config whose import throws",
        'import "./broken.js";\nexport default {};\n',
        [/broken today/, /broken\.ts:1:\d+/, /> 1 \| throw new Error/],
      ],
      [
        "a config that throws what is no error",
        'throw "only a text";\nexport default {};\n',
        [/only a text/, inFile("splice.config.ts")],
      ],
      [
        "a config that does not compile",
        "export default {\n  limits: ,\n};\n",
        [/does not compile/, /splice\.config\.ts:2:11/, /> 2 \| {3}limits: ,/],
      ],
      [
        "a package that is not installed",
        'import "no-such-package";\nexport default {};\n',
        [/no-such-package/, inFile("splice.config.ts")],
      ],
      [
        "a file that is not there",
        'import "./nowhere.js";\nexport default {};\n',
        [/nowhere\.js/, /splice\.config\.ts:1:8/],
      ],
      [
        "no default export",
        "export const config = {};\n",
        [/default export/, inFile("splice.config.ts")],
        { name: "ConfigError" },
      ],
      ["a function as the configuration", "export default () => ({});\n", [/a function/, /plain object/]],
      [
        "an unknown key",
        "export default { limit: {} };\n",
        [/limit .*no such key/, /"limits"/],
        { name: "ConfigError", details: { path: "limit" } },
      ],
      [
        "an unknown key below",
        "export default { limits: { maxInflight: 3 } };\n",
        [/limits\.maxInflight/, /"maxInFlight"/],
      ],
      [
        "a wrong type",
        'export default { limits: { maxInFlight: "many" } };\n',
        [/limits\.maxInFlight .*"many".*whole number/],
        { details: { path: "limits.maxInFlight", expected: "a whole number from 1 to 1000000" } },
      ],
      [
        "a wrong type in a pool",
        'export default { pools: { app: { functions: "app", workers: 0 } } };\n',
        [/pools\.app\.workers .*is 0/],
      ],
      ["a socket that is no path", "export default { socket: 5 };\n", [/socket .*is 5.*path of a socket/]],
      [
        "a socket path that is too long",
        `export default { socket: "${"s".repeat(120)}" };\n`,
        [/103 bytes/],
        { name: "UsageError" },
      ],
      [
        "a folder that is not there",
        'export default { functions: "nowhere" };\n',
        [/functions .*nowhere.*folder that exists/, inFile("splice.config.ts")],
        { name: "ConfigError", details: { path: "functions" } },
      ],
    ];

  test.each(cases)("%s", async (_, text, sentences, error = {}) => {
    project = await Project.make({
      ...functions,
      "splice.config.ts": text,
      "broken.ts": 'throw new Error("broken today");',
    });
    for (const name of ["serve", "list"]) {
      const result = await project.run([name, "--json"]);
      expect(result.code).toBe(2);
      for (const sentence of sentences) expect(result.stderr).toMatch(sentence);
      expect(result.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$\n^\s+at /m);
      expect(result.stderr).not.toContain(".splice/config-");
      const said = errorOf(result);
      expect(said).toMatchObject(error);
      for (const sentence of sentences) expect(said["message"]).toMatch(sentence);
    }
  });

  test("a --config that is not there, and two files at once", async () => {
    project = await Project.make({ ...functions, "splice.config.ts": "", "splice.config.js": "" });
    const missing = await project.run(["list", "--config", "other.ts", "--json"]);
    expect(missing.code).toBe(2);
    expect(errorOf(missing)["message"]).toContain(join(project.folder, "other.ts"));
    const two = await project.run(["list", "--json"]);
    expect(two.code).toBe(2);
    expect(errorOf(two)["message"]).toMatch(/splice\.config\.ts and .*splice\.config\.js/);
  });
});
