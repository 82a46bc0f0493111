// What a worker has of its parent's: the environment but for what would open it up, the descriptors that are its own,
// and names with anything in them as they are.

import { afterEach, describe, expect, test } from "@jest/globals";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { closeLeftovers, fixtures, makeFolder, startSystem } from "../harness.js";
import { main, Project } from "../cli/run-cli.js";

let project: Project | undefined;

afterEach(async () => {
  await closeLeftovers();
  await project?.nothingLeft();
  await project?.clean();
  project = undefined;
});

const fakeWorker = join(fixtures, "faults/worker.mjs");

const self = `
import { execFileSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { url } from "node:inspector";
export function look() {
  return { env: { ...process.env }, execArgv: process.execArgv, inspector: url() ?? null };
}
export function descriptors() {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try { return [fd + " " + readlinkSync("/proc/self/fd/" + fd)]; } catch { return []; }
  });
}
export function descriptorsOfChild() {
  return execFileSync("ls", ["/proc/self/fd"], { encoding: "utf8" }).trim().split("\\n");
}
`;

/** Runs `splice call <name>` with a supervisor of its own, which holds files open on descriptors 7 and 12. */
async function callHolding(
  name: string,
  env: Readonly<Record<string, string>> = {},
  execArgv: readonly string[] = [],
): Promise<unknown> {
  const script = 'exec 7<"$0" 12<"$0" "$@"';
  const command = [process.execPath, ...execArgv, main, "call", name];
  const running = project?.spawn("/bin/bash", ["-c", script, "held-open", ...command], { env });
  const finished = await running?.finished;
  expect(finished).toMatchObject({ code: 0 });
  return JSON.parse(finished?.stdout ?? "") as unknown;
}

describe("the environment of a worker", () => {
  test("is its supervisor's, without NODE_OPTIONS, SPLICE_* and ZAP_SOCKET; no inspector listens in it", async () => {
    project = await Project.make({ "functions/self.ts": self, "held-open": "" });
    const { env, execArgv, inspector } = (await callHolding(
      "self.look",
      {
        NODE_OPTIONS: "--inspect=127.0.0.1:0 --trace-warnings",
        SPLICE_FD: "9",
        SPLICE_GUARD_FD: "9",
        SPLICE_STRANGER: "x",
        ZAP_SOCKET: "/nowhere",
        OF_THE_USER: "kept",
      },
      ["--inspect=127.0.0.1:0"],
    )) as { env: Record<string, string>; execArgv: string[]; inspector: string | null };
    expect(inspector).toBeNull();
    expect(execArgv).toEqual([]);
    expect(env["OF_THE_USER"]).toBe("kept");
    expect(Object.keys(env).filter((name) => /^(?:NODE_OPTIONS|SPLICE_.*|ZAP_.*)$/.test(name))).toEqual([]);
  });

  test("has NODE_OPTIONS, and an inspector, where the pool asks for them", async () => {
    project = await Project.make({
      "functions/self.ts": self,
      "splice.config.ts": `export default { pools: { app: {
        functions: "./functions", execArgv: ["--inspect=127.0.0.1:0"], env: { NODE_OPTIONS: "--trace-warnings" } } } };`,
      "held-open": "",
    });
    const seen = await callHolding("self.look");
    expect(seen).toMatchObject({
      inspector: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:/),
      env: { NODE_OPTIONS: "--trace-warnings" },
    });
  });
});

describe("the descriptors of a worker", () => {
  /** Whatever started the tests may have left some above these open, which Node then hands on. */
  const low = (descriptors: readonly string[]) => descriptors.filter((fd) => Number(fd) < 16);

  test("are its outputs, its link and its guard link; nothing that its supervisor holds open is among them", async () => {
    project = await Project.make({ "functions/self.ts": self, "held-open": "" });
    const open = (await callHolding("self.descriptors")) as string[];
    const inherited = open.filter((line) => / (?:\/(?!proc\/)|socket:)/.test(line));
    expect(low(inherited.map((line) => line.split(" ")[0] ?? ""))).toEqual(["0", "1", "2", "3", "4"]);
    expect(open.join()).not.toContain("held-open");
  });

  // The last one is the listing's own, here and below.
  test("of a program of somebody else's are four", async () => {
    project = await Project.make({
      "splice.config.ts": `export default { pools: { app: { command: ["/bin/sh", "-c",
        'ls /proc/self/fd > seen; exec "$0" "$@"', ${JSON.stringify(process.execPath)}, ${JSON.stringify(fakeWorker)}] } } };`,
      "held-open": "",
    });
    await callHolding("fake.environment");
    const seen = await readFile(join(project.folder, "seen"), "utf8");
    expect(low(seen.trim().split("\n"))).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("go to no child of a function", async () => {
    project = await Project.make({ "functions/self.ts": self, "held-open": "" });
    expect(low((await callHolding("self.descriptorsOfChild")) as string[])).toEqual(["0", "1", "2", "3"]);
  });
});

describe("names with blanks, quotes and what a shell would run", () => {
  const odd = "a b 'c' \"d\" $(touch ran) `touch ran` ; touch ran & é";

  test("are folders, files and working directories like any other", async () => {
    project = await Project.make({
      [`${odd}/functions/self.ts`]: self,
      [`${odd}/functions/${odd}/index.ts`]: "export const notAFunction = 1;",
      [`${odd}/functions/place.ts`]: "export function cwd() { return process.cwd(); }",
    });
    const cwd = join(project.folder, odd);
    const functions = join(cwd, "functions");
    const pools = { app: { functions, cwd, env: { ODD: odd } } };
    const system = await startSystem({ pools }, { keyed: false });
    expect(await system.call("place.cwd")).toMatchObject({ code: 0, value: cwd });
    const { value } = await system.call("self.look");
    expect((value as { env: Record<string, string> }).env["ODD"]).toBe(odd);
    await system.end();
    expect(existsSync(join(cwd, "ran")) || existsSync("ran")).toBe(false);
  });

  test("are a program and its arguments like any other", async () => {
    const folder = await makeFolder();
    project = await Project.make({ [`${odd}/worker.mjs`]: `import ${JSON.stringify(fakeWorker)};` });
    const script = join(project.folder, odd, "worker.mjs");
    const system = await startSystem({
      pools: { app: { command: [process.execPath, script, odd], cwd: folder } },
    });
    expect(await system.call("fake.givenArguments")).toMatchObject({ code: 0, value: { value: [odd] } });
    await system.end();
    expect(readdirSync(folder)).toEqual([]);
  });
});
