// What files hold as one hash, of real folders with links in them.

import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { readWatchedFiles } from "../../src/actors/watched-files.js";

let folder: string;

/** Long ago, so that nobody waits for it to lie still. */
async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await utimes(path, 1, 1);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-watched-"));
  await mkdir(join(folder, "config"));
  await mkdir(join(folder, "..data"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("what links name counts, files and folders, also where they go round", async () => {
  await write(join(folder, "..data/app.json"), "1");
  await symlink("../..data/app.json", join(folder, "config/app.json"));
  await symlink("../..data", join(folder, "config/all"));
  await symlink("..", join(folder, "config/up"));
  await symlink(".", join(folder, "config/self"));
  const before = await readWatchedFiles([join(folder, "config")]);
  expect(before.files).toContain(join(folder, "config/app.json"));
  expect(before.files).toContain(join(folder, "config/all/app.json"));
  await write(join(folder, "..data/app.json"), "2");
  const after = await readWatchedFiles([join(folder, "config")]);
  expect(after.files).toEqual(before.files);
  expect(after.hash).not.toBe(before.hash);
});

test("a link to nothing counts as that, until there is something", async () => {
  await symlink("later.json", join(folder, "config/app.json"));
  const before = await readWatchedFiles([join(folder, "config")]);
  await write(join(folder, "config/later.json"), "1");
  expect((await readWatchedFiles([join(folder, "config/app.json")])).hash).not.toBe(before.hash);
});
