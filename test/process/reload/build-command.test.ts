// A pool whose worker is made by a command: the command runs at each reload, what it prints is in the log, and whatever
// becomes of it the worker that serves goes on (U34: nothing waits for a build but the reload itself).

import { afterEach, expect, test } from "@jest/globals";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  closeLeftovers,
  isAlive,
  makeFolder,
  root,
  startSystem,
  until,
  type TestSystem,
} from "../harness.js";

afterEach(closeLeftovers);

/** Builds a worker that says `version`; first it does `before`. */
const maker = (version: string, before = ""): string => `
import { readFileSync, writeFileSync } from "node:fs";
${before}
writeFileSync("worker.mjs", \`
import { inheritedLink, scriptedWorker } from ${JSON.stringify(join(root, "dist/testing/index.js"))};
scriptedWorker(inheritedLink(), { functions: { "made.version": ({ result }) => result("${version}") } });
\`);
`;

async function start(): Promise<{ system: TestSystem; make: (text: string) => Promise<void> }> {
  const folder = join(await makeFolder(), "p");
  await mkdir(folder);
  const make = (text: string) => writeFile(join(folder, "make.mjs"), text);
  await make(maker("one"));
  const node = process.execPath;
  const system = await startSystem(
    {
      dev: true,
      pools: { made: { command: [node, "worker.mjs"], build: [node, "make.mjs"], cwd: folder } },
    },
    { keyed: false },
  );
  return { system, make };
}

const version = async (system: TestSystem): Promise<unknown> => (await system.call("made.version")).value;

test("in development it is built before the first start; a reload builds it again, and what it prints is in the log", async () => {
  const { system, make } = await start();
  expect(await version(system)).toBe("one");
  expect(await system.splice.reload()).toMatchObject({ ok: true, pools: [{ verdict: "unchanged" }] });
  await make(maker("two", 'console.log("making two");'));
  expect(await system.splice.reload()).toMatchObject({ ok: true, pools: [{ from: 1, to: 2 }] });
  expect(await version(system)).toBe("two");
  expect(system.log.map(({ message }) => message)).toContain("making two");
  await system.end();
});

test("one that fails or is missing is told with its last words, and the worker serves on", async () => {
  const { system, make } = await start();
  await make('console.error("error: borrowed value"); process.exit(101);');
  const report = await system.splice.reload();
  expect(report.ok).toBe(false);
  expect(report.pools[0]?.error).toMatch(/exit code 101[\s\S]*error: borrowed value/);
  expect(await version(system)).toBe("one");
  await system.end();
});

test("100 MB of output pass through, with bounded lines in the log", async () => {
  const { system, make } = await start();
  await make(
    maker("loud", 'for (let n = 0; n < 1600; n++) process.stdout.write("x".repeat(65535) + "\\n");'),
  );
  expect(await system.splice.reload()).toMatchObject({ ok: true });
  expect(await version(system)).toBe("loud");
  const longest = Math.max(...system.log.map(({ message }) => message.length));
  expect(longest).toBeLessThanOrEqual(8192);
  await system.end();
});

test("one that hangs keeps nothing waiting, and is ended by the next request with all that it started", async () => {
  const { system, make } = await start();
  await make(
    `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
     const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
     writeFileSync("pids", process.pid + " " + child.pid); setInterval(() => {}, 1000);`,
  );
  const hanging = system.splice.reload();
  const pids = await until("it hangs", async () => {
    const { readFile } = await import("node:fs/promises");
    const text = await readFile(join(system.records.config.pools[0]?.cwd ?? "", "pids"), "utf8").catch(
      () => "",
    );
    return text === "" ? null : text.split(" ").map(Number);
  });
  expect(await version(system)).toBe("one");
  await make(maker("three"));
  const report = await system.splice.reload();
  expect(report).toMatchObject({ ok: true });
  expect(await hanging).toMatchObject({ ok: true });
  expect(await version(system)).toBe("three");
  await until("all of it is gone", () => pids.every((pid) => !isAlive(pid)));
  await system.end();
});
