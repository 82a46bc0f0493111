// `verify` in a configuration file: `splice serve` asks it, `splice call --auth` says who calls.

import { afterEach, expect, test } from "@jest/globals";
import { errorOf, logLines, Project } from "./run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

const files = {
  "functions/hello.ts": 'export function greet() { console.log("greet ran"); return "hello"; }',
  "who.ts": "export const admins: readonly string[] = ['ada'];",
  "splice.config.ts": `import { defineConfig } from "splice-runtime";
import { admins } from "./who.js";
export default defineConfig({
  async verify(auth, headers, functionName) {
    if (headers.some(([name]) => name === "x-break")) throw new Error("the key is hunter2");
    return functionName === "hello.greet" && admins.includes(auth?.userId ?? "") && auth?.roles.includes("admin") === true;
  },
});
`,
};

test("served: whoever is let in gets the result, others 1003, exit code 1 and the sentence", async () => {
  project = await Project.make(files);
  const server = await project.serve();
  const greet = (...flags: readonly string[]) => project.run(["call", "hello.greet", ...flags]);
  expect(await greet("--auth", "ada:author")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: 'The verifier does not let the user "ada" call "hello.greet".\n',
  });
  const asJson = await greet("--auth", "bob:admin", "--json");
  expect(asJson.code).toBe(1);
  expect(errorOf(asJson)).toEqual({
    code: 1003,
    name: "Unauthorized",
    kind: "User",
    message: 'The verifier does not let the user "bob" call "hello.greet".',
    retryable: false,
    details: { userId: "bob" },
  });
  const broken = await greet("--auth", "ada:admin", "--header", "x-break: 1");
  expect(broken).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/verifier itself failed/),
  });
  expect(broken.stderr).not.toContain("hunter2");
  expect((await project.run(["list"])).stdout).toBe("hello.greet\n");
  expect(server.said.stderr).not.toContain("greet ran");
  expect(await greet("--auth", "ada:admin")).toMatchObject({ code: 0, stdout: '"hello"\n', stderr: "" });
  expect((await project.run(["stop"])).code).toBe(0);
  const { code, stderr } = await server.finished;
  expect(code).toBe(0);
  expect(logLines(stderr)).toContainEqual(
    expect.objectContaining({
      level: "warn",
      message: expect.stringContaining("the key is hunter2"),
      function: "hello.greet",
    }),
  );
});

test("without a supervisor, call starts its own, and it asks just the same", async () => {
  project = await Project.make(files);
  const refused = await project.run(["call", "hello.greet", "--json"]);
  expect(refused.code).toBe(1);
  expect(errorOf(refused)).toMatchObject({ code: 1003, details: { userId: null } });
  expect(await project.run(["call", "hello.greet", "--auth", "ada:admin"])).toMatchObject({
    code: 0,
    stdout: '"hello"\n',
  });
});

test("what is no function ends with 2 and names the file", async () => {
  project = await Project.make({ ...files, "splice.config.ts": 'export default { verify: "ada" };' });
  const result = await project.run(["serve", "--json"]);
  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(/verify in .*splice\.config\.ts is "ada", but must be a function of/);
  expect(errorOf(result)).toMatchObject({ name: "ConfigError", details: { path: "verify" } });
});
