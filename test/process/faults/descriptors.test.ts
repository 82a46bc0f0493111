// Descriptors: what a worker leaves behind holds none of ours, and having none free ends nobody.

import { afterEach, describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  closeLeftovers,
  descriptors,
  fixtures,
  isAlive,
  makeFolder,
  startSystem,
  until,
} from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const quick = { restart: { backoffMs: [0] } };

describe("a daemon that a function started and that holds the worker's output", () => {
  const daemons: number[] = [];
  afterEach(() => {
    for (const pid of daemons.splice(0)) process.kill(pid, "SIGKILL");
  });

  const foster = async (system: Awaited<ReturnType<typeof startSystem>>): Promise<void> => {
    const { value } = await system.call("harm.fosterOut");
    daemons.push((value as { value: number }).value);
  };

  test("keeps no descriptor of ours open, however many workers die", async () => {
    const system = await startSystem({ functions, ...quick, breaker: { quarantineCrashes: 0 } });
    const before = descriptors().length;
    for (let died = 1; died <= 5; died++) {
      await foster(system);
      await system.call("harm.kill");
      await system.readyAfter(died + 1);
    }
    await until("the pipes of the dead are closed", () => descriptors().length <= before);
    expect(daemons.map(isAlive)).toEqual([true, true, true, true, true]);
    await system.end();
  });

  test("does not keep a program from ending after close()", async () => {
    const system = await startSystem({ functions, ...quick });
    await foster(system);
    // `end` waits until what this program has open is what it had before.
    await system.end();
    expect(daemons.map(isAlive)).toEqual([true]);
  });
});

test.each(["inherit", "socket"])(
  "no descriptor is free when a worker is to be started (link: %s): a failed start, and the next one serves",
  async (link) => {
    const folder = await makeFolder();
    const program = [process.execPath, join(fixtures, "faults/crowded.mjs"), functions, link];
    const { stdout } = await promisify(execFile)(
      "/bin/sh",
      ["-c", 'ulimit -n 64; exec "$@"', "sh", ...program],
      {
        env: { ...process.env, TMPDIR: folder },
      },
    );
    const { reason, value } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(reason).toMatch(/^could not be started: too many open files; /);
    expect(value).toBe(7);
    expect(readdirSync(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  },
);
