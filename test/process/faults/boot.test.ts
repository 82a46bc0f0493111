// Workers that do not come up: at the start that is an error in a sentence, afterwards it is waited for, counted and
// tried again (rows 12, 13 and 14).

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeLeftovers, fixtures, refuseStart, startSystem, until, type TestSystem } from "../harness.js";

const functions = join(fixtures, "faults/functions");
const fakeWorker = join(fixtures, "faults/worker.mjs");
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "st-"));
});
afterEach(async () => {
  await closeLeftovers();
  await rm(folder, { recursive: true, force: true });
});

/** The argument of the fake worker: a mode, or a file that holds one. */
const fake = (argument: string) => [process.execPath, fakeWorker, argument];

const exits = (system: TestSystem) => system.events.filter(({ type }) => type === "worker.exited");

describe("a start whose worker", () => {
  test.each([
    [
      "exits before its handshake",
      "exit",
      /^Worker app:1 ended unasked with exit code 7\.\nleaving in mode exit$/,
    ],
    [
      "exits with 0 before its handshake",
      "exit-politely",
      /^Worker app:1 ended unasked with exit code 0\.\n/,
    ],
    ["exits after its handshake", "exit-after-handshake", /^Worker app:1 ended unasked with exit code 7\.\n/],
    ["speaks another version", "old-version", /The peer speaks protocol 1\.1 .*this side speaks 1\.0/],
    ["says that it is a host", "host", /The peer says that it is a Host/],
    ["exports a name of ours", "reserved", /exports "splice\.mine"/],
  ])("%s is refused with the reason (row 12)", async (_, mode, sentence) => {
    const { error, message, records } = await refuseStart({ pools: { app: { command: fake(mode) } } });
    expect(message).toMatch(sentence);
    expect(error).toMatchObject({ name: "StartError", pool: "app" });
    expect(records.journal.of("spawn")).toHaveLength(1);
  });

  test.each([
    ["before its handshake", "hang"],
    ["before its exports", "hang-after-handshake"],
  ])("hangs %s is refused at connectTimeoutMs (row 13)", async (_, mode) => {
    const { message } = await refuseStart({ pools: { app: { command: fake(mode) } }, connectTimeoutMs: 300 });
    expect(message).toBe(
      "Worker app:1 was ended because it did not become ready within 300 ms; if it needs longer, raise connectTimeoutMs.",
    );
  });

  test.each([
    ["is missing", "missing", /^Worker app:1 could not be started: ".*missing" was not found \(looked from/],
    ["may not be executed", "plain", /^Worker app:1 could not be started: ".*plain" may not be executed/],
    ["is an empty file", "empty", /^Worker app:1 (could not be started|ended unasked with exit code 0)/],
  ])("program %s is refused in a sentence (row 14)", async (_, name, sentence) => {
    await writeFile(join(folder, "plain"), "x", { mode: 0o600 });
    await writeFile(join(folder, "empty"), "", { mode: 0o700 });
    const { message } = await refuseStart({ pools: { app: { command: [join(folder, name)] } } });
    expect(message).toMatch(sentence);
  });

  test("fails beside a pool that comes up: the other's worker goes too", async () => {
    const { message, records } = await refuseStart({
      pools: { good: { functions }, bad: { command: fake("exit") } },
    });
    expect(message).toContain("bad:1");
    expect(records.journal.of("spawn")).toHaveLength(2);
  });
});

describe("a replacement that", () => {
  test("crashes before its handshake: waits between starts by the row of backoffs, then serves (row 12)", async () => {
    const mode = join(folder, "mode");
    await writeFile(mode, "serve");
    const backoffMs = [20, 60, 120];
    const jitter = 0.5;
    const system = await startSystem({
      pools: { app: { command: fake(mode) } },
      restart: { backoffMs, jitter, maxFailedStarts: 1000, maxRestarts: 400 },
    });
    await writeFile(mode, "exit");
    process.kill(await system.pid(), "SIGKILL");
    await until("it has crashed five times", () => system.journal.of("exit").length >= 6);
    const patient = system.call("fake.echo", { value: 1 });
    const impatient = await system.call("fake.echo", { value: 2 }, { timeoutMs: 30 });
    expect(impatient.code).toBe(2001);
    expect(impatient.message).toContain("never ran");
    await writeFile(mode, "serve");
    expect(await patient).toMatchObject({ code: 0, value: { value: 1 } });

    const { journal } = system;
    const ends = journal.of("exit");
    const waits = journal
      .of("spawn")
      .slice(1)
      .map((spawned, index) => spawned.atMs - (ends[index]?.atMs ?? 0));
    expect(waits.length).toBeGreaterThanOrEqual(6);
    waits.forEach((waitMs, turn) => {
      const floorMs = backoffMs[Math.min(turn, backoffMs.length - 1)] ?? 0;
      // Platform timers may be a millisecond early; the upper bound allows for the time a spawn takes here.
      expect(waitMs).toBeGreaterThanOrEqual(floorMs - 1.5);
      expect(waitMs).toBeLessThan(120 * (1 + jitter) + 5000);
    });
    expect(exits(system)).toHaveLength(ends.length);
    await system.end();
  });

  test("hangs: is killed at connectTimeoutMs, counted and tried again while other pools are served (row 13)", async () => {
    const mode = join(folder, "mode");
    await writeFile(mode, "serve");
    const system = await startSystem({
      pools: { fake: { command: fake(mode) }, app: { functions } },
      connectTimeoutMs: 2000,
      restart: { backoffMs: [10] },
    });
    await writeFile(mode, "hang");
    process.kill((await system.workers()).find(({ id }) => id === "fake:1")?.pid ?? 0, "SIGKILL");
    await until("the end is noticed", () => system.journal.of("exit").length === 1);
    const waiting = system.call("fake.echo", { value: 1 });
    await until("it hangs", () => system.journal.of("spawn").length === 3);
    for (let i = 0; i < 50; i++) expect((await system.call("work.echo", { value: i })).code).toBe(0);
    await until("it was killed for hanging", () => exits(system).length >= 2);
    expect(exits(system)[1]).toMatchObject({
      worker: "fake:1",
      reason:
        "was ended because it did not become ready within 2000 ms; if it needs longer, raise connectTimeoutMs",
    });
    await writeFile(mode, "serve");
    expect((await waiting).code).toBe(0);
    await system.end();
  });

  test("has lost its program: is tried again until the program is back (row 14)", async () => {
    const program = join(folder, "program");
    const write = async () => {
      // Under another name first: a file that is open for writing cannot be executed.
      await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${fakeWorker}" serve\n`);
      await chmod(program, 0o700);
    };
    await write();
    const system = await startSystem({
      pools: { app: { command: [program] } },
      restart: { backoffMs: [20] },
    });
    const pid = await system.pid();
    await rm(program);
    process.kill(pid, "SIGKILL");
    await until("it could not be started twice", () => exits(system).length >= 3);
    for (const event of exits(system).slice(1)) {
      expect(event.pid).toBeUndefined();
      expect(event.reason).toContain("was not found");
    }
    await write();
    expect((await system.call("fake.echo")).code).toBe(0);
    await system.end();
  });

  test("exports what it did not before: the newest exports hold", async () => {
    const mode = join(folder, "mode");
    await writeFile(mode, "serve");
    const system = await startSystem({
      pools: { app: { command: fake(mode) } },
      restart: { backoffMs: [10] },
    });
    await writeFile(mode, "reserved");
    process.kill(await system.pid(), "SIGKILL");
    await until("it was refused", () => exits(system).length >= 2);
    expect(exits(system)[1]?.reason).toContain('exports "splice.mine"');
    await writeFile(mode, "serve");
    expect((await system.call("fake.echo")).code).toBe(0);
    await system.end();
  });
});
