// --debug: a worker under Node's debugger, that nobody kills while it sits at a breakpoint.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import type { Status } from "../../../src/contract/status.js";
import { until } from "../harness.js";
import { cliFixtures, Project, type Running, saysReloaded } from "./run-cli.js";

const debuggerProgram = join(cliFixtures, "debugger.mjs");
const source = "export function f() {\n  debugger;\n  return 1;\n}\nexport const g = () => 2;\n";
const config = (health: string) => `export default { health: ${health} };\n`;

let project: Project;
let running: Running | null = null;

afterEach(async () => {
  running?.child.kill("SIGTERM");
  await running?.finished;
  running = null;
  await project.nothingLeft();
  await project.clean();
});

async function make(files: Readonly<Record<string, string>> = {}): Promise<void> {
  project = await Project.make({ "package.json": "{}", "functions/a.ts": source, ...files });
}

const urlsIn = ({ said }: Running) => [
  ...said.stderr.matchAll(/worker app:1 can be debugged at (ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+)/g),
];

test("a worker at a breakpoint outlives health checks and a call's own deadline, and then goes on", async () => {
  await make({ "splice.config.mjs": config("{ intervalMs: 20, maxMisses: 1, cancelGraceMs: 50 }") });
  running = project.start(["dev", "--debug", "app"]);
  const server = running;
  const [[, url = ""] = []] = await until("it says where", () => {
    const urls = urlsIn(server);
    return urls.length > 0 && server.said.stderr.includes("serving 2 functions") ? urls : null;
  });
  const go = join(project.folder, "go-on");
  const inspector = project.spawn(process.execPath, ["--experimental-websocket", debuggerProgram, url, go]);
  await until("it is attached", () => inspector.said.stdout.includes("attached"));
  const calling = project.start(["call", "a.f"]);
  await until("it sits at the breakpoint", () => inspector.said.stdout.includes("paused"));
  const late = await project.run(["call", "a.g", "--timeout", "300"]);
  expect(late.stderr).toMatch(/300 ms/);
  // Of what hangs, and of the silence, the supervisor thinks nothing ill.
  const { pools } = JSON.parse((await project.run(["status", "--json"])).stdout) as Status;
  expect(pools[0]?.workers).toMatchObject([{ id: "app:1", state: "ready" }]);
  await writeFile(go, "");
  expect((await calling.finished).stdout.trim()).toBe("1");
  expect(server.said.stderr).not.toContain("killed");
  await inspector.finished;
  // A reload has a debugger of its own.
  await writeFile(join(project.folder, "functions/a.ts"), source.replace("2", "3"));
  await until("it is reloaded", () => saysReloaded(server));
  const urls = urlsIn(server).map(([, each]) => each);
  expect(new Set(urls).size).toBe(2);
});

test.each([
  [["dev", "--debug", "web"], {}, "but must be one of the pools, which are app"],
  [
    ["dev", "--debug", "py"],
    { "splice.config.mjs": 'export default { pools: { py: { command: ["python3", "w.py"] } } };\n' },
    "runs the command python3 w.py",
  ],
  [
    ["serve", "--watch", "--debug", "app"],
    { "splice.config.mjs": 'export default { pools: { app: { functions: "functions", workers: 2 } } };\n' },
    "set pools.app.workers to 1",
  ],
  [["serve", "--debug", "app"], {}, "with --watch, or with splice dev"],
  [["serve", "--watch", "--debug", "app", "--worker", "./w"], {}, "--worker is a program of its own"],
])("%j is refused by a sentence, with exit code 2", async (args, files, sentence) => {
  await make(files);
  const { code, stderr } = await project.run(args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) });
});
