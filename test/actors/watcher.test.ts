// Real folders, watched by the real actor: each way in which people and programs change files is told, and nothing else.

import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { LaunchBook } from "../../src/actors/launch-book.js";
import { createWatcherActor } from "../../src/actors/watcher.js";
import type { PoolLaunch } from "../../src/actors/worker-command.js";
import type { ResolvedPool } from "../../src/config/types.js";
import type { FilesFact } from "../../src/machines/reload/events.js";
import { realClock } from "../../src/time.js";
import { createActor, fromCallback, setup } from "xstate";

let scratch: string;
let folder: string;
let shared: string;
let rig: Rig;

const pool = { name: "app" } as ResolvedPool;

interface Rig {
  readonly launches: LaunchBook;
  readonly warnings: string[];
  /** How many changes were told. */
  readonly count: () => number;
  /** From now on whether a folder is there is not looked at, until what this returns is called. */
  holdLooks(): () => void;
  /** Resolves when a further change is told. */
  next(): Promise<void>;
  stop(): void;
}

function launchOf(...inputs: string[]): PoolLaunch {
  return {
    pool,
    program: "node",
    args: [],
    artefact: { hash: "", inputs: new Map(inputs.map((path) => [path, null])), watch: [folder] },
  };
}

function watch(): Rig {
  const launches = new LaunchBook(new Map([["app", launchOf(join(folder, "a.ts"))]]));
  const warnings: string[] = [];
  let count = 0;
  let waiting: (() => void)[] = [];
  let held: (() => void)[] | null = null;
  const ports = {
    clock: {
      ...realClock,
      // A file is looked at again sooner than a folder.
      setTimeout: (callback: () => void, ms: number) => {
        const look = (): void => {
          if (held === null) callback();
          else held.push(callback);
        };
        return realClock.setTimeout(ms > 100 ? look : callback, ms);
      },
    },
    launches,
    log: { debug: () => 0, info: () => 0, error: () => 0, warn: (text: string) => warnings.push(text) },
  };
  const hear = fromCallback<FilesFact>(({ receive }) => {
    receive(() => {
      count += 1;
      for (const resolve of waiting) resolve();
      waiting = [];
    });
  });
  const machine = setup({
    types: { events: {} as FilesFact },
    actors: { watcher: createWatcherActor(ports), hear },
  }).createMachine({
    invoke: [
      { src: "watcher", input: () => ({ pool: "app" }) },
      { id: "hear", src: "hear" },
    ],
    on: {
      "files.changed": { actions: ({ event, self }) => self.getSnapshot().children["hear"]?.send(event) },
    },
  });
  const actor = createActor(machine).start();
  return {
    launches,
    warnings,
    count: () => count,
    holdLooks: () => {
      held = [];
      return () => {
        const looks = held ?? [];
        held = null;
        for (const look of looks) look();
      };
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
    stop: () => {
      actor.stop();
    },
  };
}

/** Writes until it is told: when a watch has begun is not told by anybody. */
async function untilTold(write: (turn: number) => Promise<void>): Promise<void> {
  const told = rig.next();
  let isTold = false as boolean;
  void told.then(() => {
    isTold = true;
  });
  for (let turn = 1; !isTold; turn++) {
    await write(turn);
    await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
}

/** What was changed before is told by now: it comes in order. */
async function settled(): Promise<number> {
  await untilTold((turn) => writeFile(join(folder, "mark.ts"), String(turn)));
  await new Promise((resolve) => setTimeout(resolve, 200));
  return rig.count();
}

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "splice-watch-"));
  folder = join(scratch, "functions");
  shared = join(scratch, "shared.ts");
  await mkdir(join(folder, "sub"), { recursive: true });
  await writeFile(join(folder, "a.ts"), "1");
  await writeFile(join(folder, "sub/b.ts"), "1");
  await writeFile(shared, "1");
  rig = watch();
  await settled();
});
afterEach(async () => {
  rig.stop();
  await rm(scratch, { recursive: true, force: true });
});

test.each<[string, () => Promise<void>]>([
  ["a save in place", () => writeFile(join(folder, "a.ts"), "22")],
  ["a save of the same size below", () => writeFile(join(folder, "sub/b.ts"), "2")],
  ["an appended line", () => appendFile(join(folder, "a.ts"), "\n")],
  [
    "a save by rename",
    async () => {
      await writeFile(join(folder, "a.ts.tmp~"), "333");
      await rename(join(folder, "a.ts.tmp~"), join(folder, "a.ts"));
    },
  ],
  [
    "emptied, then written",
    async () => {
      await writeFile(join(folder, "a.ts"), "");
      await writeFile(join(folder, "a.ts"), "4444");
    },
  ],
  ["a new file", () => writeFile(join(folder, "c.js"), "1")],
  ["a file that is deleted", () => rm(join(folder, "a.ts"))],
  [
    "a file in a new folder",
    async () => {
      await mkdir(join(folder, "new/deep"), { recursive: true });
      await writeFile(join(folder, "new/deep/d.ts"), "1");
    },
  ],
  ["a folder that is deleted", () => rm(join(folder, "sub"), { recursive: true })],
])("%s is told", async (_what, change) => {
  const told = rig.next();
  await change();
  await told;
  expect(rig.warnings).toEqual([]);
});

test("what is no code, hidden, of packages, or an editor's own is not told", async () => {
  await mkdir(join(folder, "node_modules/x"), { recursive: true });
  await mkdir(join(folder, ".git"));
  const before = await settled();
  await writeFile(join(folder, "node_modules/x/index.js"), "1");
  await writeFile(join(folder, ".git/index.ts"), "1");
  await writeFile(join(folder, ".a.ts.swp"), "1");
  await writeFile(join(folder, "a.ts~"), "1");
  await writeFile(join(folder, "notes.md"), "1");
  await writeFile(shared, "2");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(rig.count()).toBe(before);
});

test("what went into a build is watched from then on, wherever it lies and whatever it is called", async () => {
  rig.launches.set("app", 2, launchOf(join(folder, "a.ts"), shared, join(folder, "data.txt")));
  await untilTold((turn) => writeFile(shared, "x".repeat(turn)));
  await untilTold((turn) => writeFile(join(folder, "data.txt"), "x".repeat(turn)));
});

test("a folder that is gone is told and warned of; when it is back it is watched again", async () => {
  const gone = rig.next();
  await rm(folder, { recursive: true });
  await gone;
  while (rig.warnings.length === 0) await rig.next();
  const back = untilTold(async (turn) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "a.ts"), "x".repeat(turn));
  });
  await back;
  expect(rig.warnings).toEqual([`${folder} is gone; pool app goes on with what it has until it is back.`]);
  // Not only that it is back: what is written there later is told as well.
  await settled();
  await untilTold((turn) => writeFile(join(folder, "a.ts"), "y".repeat(turn + 100)));
});

test("a folder that is back, the same as it was, before anybody looked is watched again", async () => {
  const away = join(scratch, "away");
  const gone = rig.next();
  const lookNow = rig.holdLooks();
  await rename(folder, away);
  await gone;
  // Longer than chokidar waits for it.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await rename(away, folder);
  lookNow();
  let isTold = false as boolean;
  const waiting = settled().then(() => (isTold = true));
  await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 5000))]);
  expect(isTold).toBe(true);
});

test("a file that keeps the next build from being made is watched, wherever it lies", async () => {
  await settled();
  rig.launches.noteToMend("app", [shared]);
  await untilTold((turn) => writeFile(shared, "x".repeat(turn)));
});

test("what was built in, lies elsewhere, is deleted and comes back is watched again", async () => {
  rig.launches.set("app", 2, launchOf(join(folder, "a.ts"), shared));
  await untilTold((turn) => writeFile(shared, "x".repeat(turn)));
  for (const turn of [1, 2]) {
    await settled();
    const gone = rig.next();
    await rm(shared);
    await gone;
    await settled();
    const back = rig.next();
    await writeFile(shared, String(turn));
    await back;
    await settled();
    await untilTold((at) => writeFile(shared, "y".repeat(100 * turn + at)));
  }
});

test("a folder in whose place a file comes is a change like any other", async () => {
  const told = rig.next();
  await rm(join(folder, "sub"), { recursive: true });
  await writeFile(join(folder, "sub"), "");
  await told;
  // What is looked at again is below what is a file by now.
  await settled();
  await untilTold((turn) => writeFile(join(folder, "a.ts"), "z".repeat(turn)));
});

test("one that is stopped tells nothing any more", async () => {
  rig.stop();
  const before = rig.count();
  await writeFile(join(folder, "a.ts"), "2");
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(rig.count()).toBe(before);
});
