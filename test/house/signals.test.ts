// Signals: where they are sent from, and to whom. A number from a file or a peer gets none: by then it may be
// somebody else's.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "@jest/globals";

const src = join(import.meta.dirname, "../../src");

const sent = readdirSync(src, { recursive: true, withFileTypes: true }).flatMap(({ name, parentPath }) => {
  if (!name.endsWith(".ts")) return [];
  const path = join(parentPath, name);
  const found = readFileSync(path, "utf8").matchAll(/\b(?:process|child)\.kill\(([^)]*)\)/g);
  return [...found].map(([, what = ""]) => `${relative(src, path)}: ${what}`);
});

test("go to a process's own group, or through the registry to a child's; all others are 0", () => {
  expect(sent.sort()).toEqual([
    // The group of a child whose end was not reported, and once more as it is.
    "actors/build-command.ts: -pid, signal",
    // Is there such a process? Nothing happens to it.
    "actors/bundle-store.ts: pid, 0",
    "actors/process-platform.ts: -pid, signal",
    // A worker under test, until it has been reaped.
    'cli/conform/worker-processes.ts: -pid, "SIGKILL"',
    // Its own group and itself, as Ctrl-Z does.
    'cli/dev/terminal.ts: 0, "SIGTSTP"',
    'cli/dev/terminal.ts: process.pid, "SIGTSTP"',
    "cli/process-life.ts: pid, 0",
    'worker/guard-thread.ts: -process.pid, "SIGKILL"',
    'worker/guard-thread.ts: process.pid, "SIGKILL"',
    'worker/main.ts: -process.pid, "SIGKILL"',
  ]);
});
