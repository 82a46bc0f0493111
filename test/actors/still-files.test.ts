// Real files, written in the ways in which editors and programs write them, and what their states say.

import { mkdtemp, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  areSame,
  readStates,
  shrunkSettleMs,
  unsettledMs,
  type FileStates,
} from "../../src/actors/still-files.js";

let scratch: string;
let file: string;
let good: FileStates;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "splice-still-"));
  file = join(scratch, "a.ts");
  await writeFile(file, "export const a = 1;\n");
  good = await readStates([file]);
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** When it was written last. */
const writtenAtMs = async (): Promise<number> => (await stat(file)).mtimeMs;

describe("are the same", () => {
  test("while nobody touches them, and of whatever only one of the two knows", async () => {
    expect(areSame(good, await readStates([file]))).toBe(true);
    expect(areSame(new Map(), good)).toBe(true);
    expect(areSame(good, await readStates([join(scratch, "b.ts")]))).toBe(true);
  });

  test("but not when one was written, replaced by another of its size and time, or is gone", async () => {
    await writeFile(file, "export const a = 12;\n");
    expect(areSame(good, await readStates([file]))).toBe(false);
    const { atime, mtime } = await stat(file);
    const before = await readStates([file]);
    await writeFile(join(scratch, "new"), "export const a = 21;\n");
    await utimes(join(scratch, "new"), atime, mtime);
    await rename(join(scratch, "new"), file);
    expect(areSame(before, await readStates([file]))).toBe(false);
    await rm(file);
    expect(areSame(before, await readStates([file]))).toBe(false);
    expect(areSame(await readStates([file]), good)).toBe(false);
  });

  test("where both know that one is not there", async () => {
    await rm(file);
    expect(areSame(await readStates([file]), await readStates([file]))).toBe(true);
  });
});

describe("have to lie still", () => {
  test("for a moment since the last write, when one was emptied or became shorter in its place", async () => {
    await truncate(file, 0);
    const now = await readStates([file]);
    const atMs = await writtenAtMs();
    expect(unsettledMs(good, now, atMs)).toBe(shrunkSettleMs);
    expect(unsettledMs(good, now, atMs + shrunkSettleMs - 1)).toBe(1);
    expect(unsettledMs(good, now, atMs + shrunkSettleMs)).toBe(0);
  });

  test("no longer once it is as long as it was", async () => {
    await truncate(file, 0);
    await writeFile(file, "export const a = 2;\n");
    expect(unsettledMs(good, await readStates([file]), await writtenAtMs())).toBe(0);
  });

  test("not at all where it is new, longer, gone, or was put in its place whole", async () => {
    await writeFile(file, "export const a = 2222;\n");
    expect(unsettledMs(good, await readStates([file]), await writtenAtMs())).toBe(0);
    await writeFile(join(scratch, "new"), "1");
    await rename(join(scratch, "new"), file);
    expect(unsettledMs(good, await readStates([file]), await writtenAtMs())).toBe(0);
    expect(unsettledMs(new Map(), await readStates([file]), await writtenAtMs())).toBe(0);
    await rm(file);
    expect(unsettledMs(good, await readStates([file]), Date.now())).toBe(0);
  });
});
