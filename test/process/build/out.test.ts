// Where `splice build` may write: refused before any work where something else would be lost, and told as it is where the
// file system refuses.

import { spawnSync } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { errorOf, main, Project } from "../cli/run-cli.js";
import "../harness.js";
import { filesIn } from "./built.js";

let project: Project;

beforeEach(async () => {
  project = await Project.make({
    "package.json": "{}",
    "functions/math.ts": "export function f() {}",
    "notes/todo.txt": "keep this",
    // As other tools write them.
    "public/index.html": "",
    "public/manifest.json": '{ "name": "A page that can be installed" }',
    "file.txt": "a file",
  });
});
afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

describe("refused as wrong use, with nothing touched", () => {
  test.each([
    [".", /holds the project itself/],
    ["..", /holds the project itself/],
    ["functions", /not apart from the functions/],
    ["functions/dist", /not apart from the functions/],
    ["link/dist", /not apart from the functions/],
    ["notes", /holds todo\.txt but no manifest\.json of a build, so no build wrote it/],
    ["public", /holds index\.html, manifest\.json but no manifest\.json of a build/],
    ["file.txt", /is a file/],
  ])("--out %s", async (out, sentence) => {
    await symlink(join(project.folder, "functions"), join(project.folder, "link"));
    const before = await filesIn(project.folder);
    const result = await project.run(["build", "--out", out, "--json"]);
    expect(result.code).toBe(2);
    expect(errorOf(result)).toMatchObject({ name: "UsageError", message: expect.stringMatching(sentence) });
    expect(await filesIn(project.folder)).toEqual(before);
  });
});

test.each(["file.txt/dist", "/proc/dist"])("an --out that cannot be written to: %s", async (out) => {
  const result = await project.run(["build", "--out", out, "--json"]);
  expect(result.code).toBe(1);
  expect(errorOf(result)["message"]).toMatch(
    /^The built folder cannot be written to .*\/dist: E[A-Z]+: .* What was there is as it was\.$/,
  );
});

test("an empty folder, one below folders that are not there, and the target of a link are written", async () => {
  await mkdir(join(project.folder, "empty"));
  await mkdir(join(project.folder, "releases"));
  await symlink("releases", join(project.folder, "current"));
  for (const out of ["empty", "a/b/c", "current"]) {
    expect((await project.run(["build", "--out", out])).code).toBe(0);
    expect(await readdir(join(project.folder, out))).toContain("manifest.json");
  }
  expect(await readdir(join(project.folder, "releases"))).toContain("manifest.json");
});

const isAllowed = spawnSync("unshare", ["--mount", "true"]).status === 0;
const onFullDisk = isAllowed ? test : test.skip;

onFullDisk(
  `a full disk${isAllowed ? "" : " (skipped: this system gives no mount namespace, see unshare)"}`,
  async () => {
    await writeFile(
      join(project.folder, "functions/math.ts"),
      `export function f() { return "${"x".repeat(400_000)}"; }`,
    );
    await mkdir(join(project.folder, "small"));
    const mount = 'mount -t tmpfs -o size=128k none small && exec "$@"';
    const args = [
      "--mount",
      "sh",
      "-c",
      mount,
      "sh",
      process.execPath,
      main,
      "build",
      "--out",
      "small/dist",
      "--json",
    ];
    const result = await project.spawn("unshare", args).finished;
    expect(result.code).toBe(1);
    expect(errorOf(result)["message"]).toMatch(/ENOSPC.* The disk is full; make room there\. What was there/);
  },
);
