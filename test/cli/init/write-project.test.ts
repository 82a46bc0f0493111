// A project is written as a whole or not at all, and nothing that was there before is touched.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ProjectFile } from "../../../src/cli/init/template-files.js";
import { writeProject } from "../../../src/cli/init/write-project.js";

let parent: string;
const never = new AbortController().signal;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "splice-write-"));
});

afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

function file(path: string, text = path): ProjectFile {
  return { path, text };
}

test("every file with its text, in folders that are made", async () => {
  const folder = join(parent, "a/b/app");
  await writeProject(folder, [file("package.json", "{}"), file("src/deep/x.js")], never);
  expect(await readFile(join(folder, "package.json"), "utf8")).toBe("{}");
  expect(await readFile(join(folder, "src/deep/x.js"), "utf8")).toBe("src/deep/x.js");
});

test("a file that cannot be written takes the others with it, and the folders that were made", async () => {
  // A file where the next one needs a folder.
  const files = [file("package.json"), file("src/deep/x.js"), file("package.json/below.js")];
  const written = writeProject(join(parent, "a/b/app"), files, never);
  await expect(written).rejects.toThrow(
    /^The project could not be written to .*\/a\/b\/app, and nothing of it/,
  );
  expect(await readdir(parent)).toEqual([]);
});

test("a file that has come to lie there is not overwritten, and stays with its folder", async () => {
  await mkdir(join(parent, "app/src"), { recursive: true });
  await writeFile(join(parent, "app/src/x.js"), "somebody else's");
  const files = [file("package.json"), file("src/a.js"), file("src/x.js"), file("src/y.js")];
  await expect(writeProject(join(parent, "app"), files, never)).rejects.toThrow(/EEXIST/);
  expect(await readdir(join(parent, "app"), { recursive: true })).toEqual(["src", "src/x.js"]);
  expect(await readFile(join(parent, "app/src/x.js"), "utf8")).toBe("somebody else's");
});

test.each([0, 1, 2])(
  "stopped after %d of two files, nothing is left, and the reason is told",
  async (after) => {
    const controller = new AbortController();
    const stop = (): ProjectFile => {
      controller.abort(new Error("Enough."));
      return file("late.js");
    };
    const files = [file("package.json"), file("src/x.js"), file("y.js")];
    // A file whose text is asked for while it is being written is when the signal comes.
    Object.defineProperty(files[after], "text", { get: () => stop().text });
    await expect(writeProject(join(parent, "app"), files, controller.signal)).rejects.toThrow("Enough.");
    expect(await readdir(parent)).toEqual([]);
  },
);
