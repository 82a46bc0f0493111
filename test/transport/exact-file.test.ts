import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSameFile, lstatIfThere, removeExactly } from "../../src/transport/exact-file.js";

let directory = "";
let path = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sx-"));
  path = join(directory, "file");
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function put(text: string) {
  await writeFile(path, text);
  return identity();
}
async function identity() {
  const file = await lstatIfThere(path);
  if (!file) throw new Error("There is no file.");
  return file;
}

describe("removing exactly one file", () => {
  test("removes the one that was meant, and nothing is left of it", async () => {
    expect(await removeExactly(path, await put("old"))).toBe(true);
    expect(await readdir(directory)).toEqual([]);
  });

  test("leaves another one with that name alone", async () => {
    const old = await put("old");
    await rename(path, join(directory, "kept"));
    await put("new");
    expect(await removeExactly(path, old)).toBe(false);
    expect(await readFile(path, "utf8")).toBe("new");
  });

  test("is not misled by an inode number that is used again", async () => {
    const old = await put("old");
    await utimes(path, 1_000, 1_000);
    expect((await identity()).ino).toBe(old.ino);
    expect(isSameFile(old, await identity())).toBe(false);
    expect(await removeExactly(path, old)).toBe(false);
    expect(await readdir(directory)).toEqual(["file"]);
  });

  test("of a missing file says no", async () => {
    const old = await put("old");
    await rm(path);
    expect(await removeExactly(path, old)).toBe(false);
  });

  test("never takes away a file that is put there at that very moment", async () => {
    for (let round = 0; round < 300; round++) {
      const old = await put("old");
      await writeFile(path + ".new", "new");
      await Promise.all([removeExactly(path, old), rename(path + ".new", path)]);
      expect(await readFile(path, "utf8")).toBe("new");
      expect(await readdir(directory)).toEqual(["file"]);
      await rm(path);
    }
  });
});
