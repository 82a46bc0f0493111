// What a build command prints: all of it goes to stderr, and next to nothing of it is kept.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { main, Project } from "../cli/run-cli.js";
import "../harness.js";
import { projectFiles } from "./built.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

test("100 MB of output pass through in bounded memory, for a reader that is slow", async () => {
  const lines = 1600;
  project = await Project.make({
    ...projectFiles,
    "make.mjs": `${projectFiles["make.mjs"]}
const line = "x".repeat(65535) + "\\n";
for (let n = 0; n < ${String(lines)}; n++) await new Promise((done) => process.stdout.write(line, done));`,
  });
  const child = spawn(process.execPath, [main, "build"], {
    cwd: project.folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let bytes = 0;
  let peakKiB = 0;
  child.stderr.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    const status = readFileSync(`/proc/${String(child.pid)}/status`, "utf8");
    peakKiB = Math.max(peakKiB, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0));
    // One chunk a turn of the timers: slower than it is printed.
    child.stderr.pause();
    setTimeout(() => child.stderr.resume(), 1);
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(0);
  expect(bytes).toBeGreaterThanOrEqual(lines * 65536);
  // Node itself is most of it.
  expect(peakKiB).toBeLessThan(250 * 1024);
});
