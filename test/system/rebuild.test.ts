// What the next generation of a pool runs, from real files that are being written while they are built.

import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { LaunchBook } from "../../src/actors/launch-book.js";
import { shrunkSettleMs, type FileStates } from "../../src/actors/still-files.js";
import type { PoolLaunch } from "../../src/actors/worker-command.js";
import type { ResolvedPool } from "../../src/config/types.js";
import { Rebuild } from "../../src/system/rebuild.js";
import { realClock } from "../../src/time.js";

const pool = { name: "app" } as ResolvedPool;
let scratch: string;
let file: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "splice-rebuild-"));
  file = join(scratch, "a.ts");
  await writeFile(file, "export const a = 1;\n");
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

function stateOf(path: string): FileStates {
  const { size, mtimeMs, ino } = statSync(path);
  return new Map([[path, { sizeBytes: size, changedAtMs: mtimeMs, inode: ino }]]);
}

/** What is built is the text itself; one that holds "!" does not compile. */
function launchOf(): PoolLaunch {
  const hash = readFileSync(file, "utf8");
  if (hash.includes("!")) throw new Error("It does not compile.");
  return { pool, program: "node", args: [], artefact: { hash, inputs: stateOf(file), watch: [scratch] } };
}

function createRig(prepare: (builds: number) => PoolLaunch | Promise<PoolLaunch> = launchOf) {
  const launches = new LaunchBook(new Map([["app", launchOf()]]));
  const rig = { launches, builds: 0 };
  const { build } = new Rebuild({
    clock: realClock,
    launches,
    prepare: async () => {
      rig.builds += 1;
      return prepare(rig.builds);
    },
  });
  const signal = new AbortController();
  const again = (generation = 2, serving = 1) => build({ pool: "app", generation, serving }, signal.signal);
  return {
    ...rig,
    again,
    signal,
    builds: () => rig.builds,
    hash: (of: number) => launches.get("app", of)?.artefact?.hash,
  };
}

test("is noted for its generation, where it is another than what serves", async () => {
  const rig = createRig();
  expect(await rig.again()).toEqual({ isSame: true });
  expect(rig.hash(2)).toBeUndefined();
  await writeFile(file, "export const a = 22;\n");
  expect(await rig.again()).toEqual({ isSame: false });
  expect(rig.hash(2)).toBe("export const a = 22;\n");
  // Compared with what serves, which may be neither the first nor the last.
  await writeFile(file, "export const a = 1;\n");
  expect(await rig.again(3, 2)).toEqual({ isSame: false });
  expect(await rig.again(4, 1)).toEqual({ isSame: true });
});

test("is always another where nobody can tell what it is made from", async () => {
  const rig = createRig(() => ({ pool, program: "./worker", args: [] }));
  expect(await rig.again()).toEqual({ isSame: false });
  expect(rig.launches.get("app", 2)?.program).toBe("./worker");
});

test("is built again where a file was written while it was built", async () => {
  const rig = createRig(async (builds) => {
    const launch = launchOf();
    if (builds === 1) await writeFile(file, "export const a = 333;\n");
    return launch;
  });
  await rig.again();
  expect([rig.builds(), rig.hash(2)]).toEqual([2, "export const a = 333;\n"]);
});

test("waits for a file that was emptied to be written anew, and is never built of the empty one", async () => {
  const rig = createRig();
  await rig.again();
  await truncate(file, 0);
  const building = rig.again();
  setTimeout(() => void writeFile(file, "export const a = 2;\n"), shrunkSettleMs / 4);
  expect(await building).toEqual({ isSame: false });
  expect(rig.hash(2)).toBe("export const a = 2;\n");
});

test("takes a file that has become smaller, once it has lain still", async () => {
  const rig = createRig();
  await rig.again();
  await writeFile(file, "1");
  await rig.again();
  expect(rig.hash(2)).toBe("1");
});

test("does not fail for a file that does not compile for a moment", async () => {
  const rig = createRig(async (builds) => {
    if (builds === 1) await writeFile(file, "export const a = 4444;\n");
    return launchOf();
  });
  await writeFile(file, "export const a = !;\n");
  await rig.again();
  expect(rig.hash(2)).toBe("export const a = 4444;\n");
});

test("fails for one that goes on like that, with what the compiler says; the next build is as good as the first", async () => {
  const rig = createRig();
  await writeFile(file, "export const a = !;\n");
  await expect(rig.again()).rejects.toThrow("It does not compile.");
  expect([rig.builds(), rig.hash(2)]).toEqual([2, undefined]);
  await writeFile(file, "export const a = 55;\n");
  expect(await rig.again()).toEqual({ isSame: false });
});

test("begins when the one before it, given up, has ended what it had started", async () => {
  const steps: string[] = [];
  const launches = new LaunchBook(new Map([["app", launchOf()]]));
  const { build } = new Rebuild({
    clock: realClock,
    launches,
    prepare: (_, signal) => {
      steps.push("begun");
      return new Promise((resolve, reject) => {
        const end = (): void => {
          steps.push("ended");
          reject(new Error("It was given up."));
        };
        // As a command that cleans up.
        signal.addEventListener("abort", () => setTimeout(end, 30), { once: true });
        if (steps.length > 1) setTimeout(resolve, 5, launchOf());
      });
    },
  });
  const first = new AbortController();
  const givenUp = build({ pool: "app", generation: 2, serving: 1 }, first.signal);
  while (steps.length === 0) await new Promise(setImmediate);
  first.abort();
  const second = build({ pool: "app", generation: 2, serving: 1 }, new AbortController().signal);
  await expect(givenUp).rejects.toThrow("given up");
  await second;
  expect(steps.slice(0, 3)).toEqual(["begun", "ended", "begun"]);
});

test("that is given up notes nothing, and waits for nothing", async () => {
  const rig = createRig(() => {
    rig.signal.abort();
    return launchOf();
  });
  await writeFile(file, "export const a = 66;\n");
  expect(await rig.again()).toEqual({ isSame: false });
  expect(rig.hash(2)).toBeUndefined();
  await expect(
    createRig(() => Promise.reject(new Error("It does not compile."))).again(2, 9),
  ).rejects.toThrow("Pool app is not there any more.");
});
