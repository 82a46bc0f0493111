// Nothing outlives a supervisor that is killed: not a worker that never looks at its link, not one that has just been
// started, nor what they started (rows 21 to 23).

import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fixtures, isAlive, makeFolder, until } from "../harness.js";

jest.setTimeout(180_000);

const supervisors = new Set<ChildProcess>();
const folders: string[] = [];
const marks: string[] = [];

afterEach(async () => {
  for (const child of supervisors) child.kill("SIGKILL");
  supervisors.clear();
  // What a failed test leaves would spin for ever.
  for (const mark of marks.splice(0)) for (const pid of carriers(mark)) process.kill(pid, "SIGKILL");
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** The living processes whose environment, as they were started with it, has `text`. */
function carriers(text: string): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/environ`, "utf8").includes(text) && isAlive(Number(name))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

async function noneCarries(text: string): Promise<void> {
  await until(`no process carries ${text}`, () => carriers(text).length === 0);
}

interface Supervisor {
  readonly child: ChildProcess;
  /** In the environment of every worker and of what a worker starts, and of nothing else. */
  readonly mark: string;
  /** Where functions leave a file with their pid as its name. */
  readonly notes: string;
}

async function supervise(functions: string, workers: number, ...call: string[]): Promise<Supervisor> {
  const notes = await makeFolder();
  folders.push(notes);
  const mark = randomBytes(8).toString("hex");
  marks.push(mark);
  const env = JSON.stringify({ GUARD_TEST_MARK: mark, NOTES: notes });
  const program = [join(fixtures, "guard/supervisor.mjs"), join(fixtures, "guard", functions), env];
  const child = spawn(process.execPath, [...program, String(workers), ...call], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  supervisors.add(child);
  return { child, mark: `GUARD_TEST_MARK=${mark}`, notes };
}

async function kill({ child }: Supervisor): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  supervisors.delete(child);
}

interface Serving {
  readonly pids: readonly number[];
  readonly serverId: string;
}

async function serving({ child }: Supervisor): Promise<Serving> {
  if (child.stdout === null) throw new Error("The supervisor has no stdout.");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return JSON.parse(line) as Serving;
}

describe("a supervisor that is killed leaves nobody behind", () => {
  test("idle workers (row 21)", async () => {
    const supervisor = await supervise("functions", 2);
    const { pids, serverId } = await serving(supervisor);
    expect(new Set(carriers(`SPLICE_INSTANCE=${serverId}`))).toEqual(new Set(pids));
    await kill(supervisor);
    await noneCarries(`SPLICE_INSTANCE=${serverId}`);
    await noneCarries(supervisor.mark);
  });

  test("workers in an endless loop, and what they started (row 22)", async () => {
    const supervisor = await supervise("functions", 2, "loops.adoptAndSpin");
    const { pids } = await serving(supervisor);
    const children = await until("both workers spin", async () => {
      const notes = await Promise.all(pids.map((pid) => readNote(supervisor, pid)));
      return notes.every((note) => note !== "") && notes.map(Number);
    });
    expect(new Set(carriers(supervisor.mark))).toEqual(new Set([...pids, ...children]));
    await kill(supervisor);
    await noneCarries(supervisor.mark);
  });

  test("workers whose functions are being imported, in a loop that never ends", async () => {
    const supervisor = await supervise("stuck-import", 1);
    const [pid = 0] = await until("the worker is there", () => atLeastOne(carriers(supervisor.mark)));
    await until("its import has begun", async () => (await readNote(supervisor, pid)) === "importing");
    await kill(supervisor);
    await noneCarries(supervisor.mark);
  });

  test("workers at 25 moments of their start (row 23)", async () => {
    const seen = async (): Promise<Supervisor> => {
      const supervisor = await supervise("stuck-import", 1);
      await until("the worker has been spawned", () => carriers(supervisor.mark).length > 0);
      return supervisor;
    };
    // How long a start takes here, until the import that never ends has begun.
    const first = await seen();
    const seenAtMs = performance.now();
    const [pid = 0] = carriers(first.mark);
    await until("its import has begun", async () => (await readNote(first, pid)) === "importing");
    const startMs = performance.now() - seenAtMs;
    await kill(first);
    await noneCarries(first.mark);
    for (let time = 0; time < 25; time++) {
      // One in each 20th of that time, and five behind its end.
      const momentMs = ((time + Math.random()) / 20) * startMs;
      const supervisor = await seen();
      // The moment is the fault itself; nothing is waited for.
      await sleep(momentMs);
      await kill(supervisor);
      await noneCarries(supervisor.mark).catch((error: unknown) => {
        throw new Error(`Killed ${String(momentMs)} ms after the worker was seen: ${String(error)}`);
      });
    }
  });
});

async function readNote({ notes }: Supervisor, pid: number): Promise<string> {
  return readFile(join(notes, String(pid)), "utf8").catch(() => "");
}

function atLeastOne(pids: readonly number[]): readonly number[] | null {
  return pids.length > 0 ? pids : null;
}
