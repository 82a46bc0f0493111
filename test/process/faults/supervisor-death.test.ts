// The supervisor's own end by force: its workers, and what they started, do not outlive it (row 21).

import { afterEach, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fixtures, gone, isAlive } from "../harness.js";

const children = new Set<ChildProcess>();

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

interface Family {
  readonly pids: readonly number[];
  readonly grandchildren: readonly number[];
}

async function embed(
  workers: number,
  what: "idle" | "adopt" | "hang",
): Promise<{ child: ChildProcess; family: Family }> {
  const args = [
    join(fixtures, "faults/embedder.mjs"),
    join(fixtures, "faults/functions"),
    String(workers),
    what,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  children.add(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, family: JSON.parse(line) as Family };
}

describe("an embedding program", () => {
  test.each([
    ["SIGKILL", "idle"],
    ["SIGKILL", "adopt"],
    ["SIGKILL", "hang"],
    ["SIGTERM", "adopt"],
  ] as const)(
    "that dies by %s with its workers %s leaves none of them and none of their children",
    async (signal, what) => {
      const { child, family } = await embed(2, what);
      expect(new Set(family.pids).size).toBe(2);
      expect(family.grandchildren).toHaveLength(what === "idle" ? 0 : 2);
      for (const pid of [...family.pids, ...family.grandchildren]) expect(isAlive(pid)).toBe(true);
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
      for (const pid of [...family.pids, ...family.grandchildren]) await gone(pid);
    },
  );

  test("that stands still for a while has its workers when it goes on (row 28)", async () => {
    const { child, family } = await embed(1, "idle");
    child.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGCONT");
    for (const pid of family.pids) expect(isAlive(pid)).toBe(true);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    for (const pid of family.pids) await gone(pid);
  });
});
