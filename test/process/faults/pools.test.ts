// Pools: several workers, workers by command, workers on a socket of their own; which worker gets which call.

import { afterEach, describe, expect, test } from "@jest/globals";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  closeLeftovers,
  fixtures,
  isAlive,
  refuseStart,
  startSystem,
  until,
  type TestSystem,
} from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const command = [process.execPath, join(fixtures, "faults/worker.mjs")];

async function inFlight(system: TestSystem): Promise<readonly number[]> {
  return (await system.workers()).map((worker) => worker.inFlight);
}

describe("a pool of three workers", () => {
  test("shares calls so that no worker has two more than another", async () => {
    const system = await startSystem({ pools: { app: { functions, workers: 3 } } });
    await system.ready();
    const file = join(system.folder, "go");
    const calls = [];
    for (let made = 1; made <= 9; made++) {
      calls.push(system.call("work.hold", { file }));
      const counts = await inFlight(system);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(await inFlight(system)).toEqual([3, 3, 3]);
    await writeFile(file, "");
    const pids = (await Promise.all(calls)).map(({ value }) => (value as { value: number }).value);
    expect(new Set(pids).size).toBe(3);
    await system.end();
  });

  test("one that is busy gets nothing while others are free", async () => {
    const system = await startSystem({ pools: { app: { functions, workers: 2 } } });
    await system.ready();
    const file = join(system.folder, "go");
    const busy = [system.call("work.hold", { file })];
    const free = new Set<unknown>();
    for (let i = 0; i < 20; i++) free.add(((await system.call("work.pid")).value as { value: number }).value);
    await writeFile(file, "");
    const [held] = await Promise.all(busy);
    expect(free.size).toBe(1);
    expect(free).not.toContain((held?.value as { value: number }).value);
    await system.end();
  });

  test("one dies: its calls end, the others' go on", async () => {
    const system = await startSystem({
      pools: { app: { functions, workers: 3 } },
      restart: { backoffMs: [0] },
    });
    await system.ready();
    const file = join(system.folder, "go");
    const calls = Array.from({ length: 9 }, () => system.call("work.hold", { file }));
    await until("all run", () => system.journal.of("dispatch").length === 9);
    process.kill((await system.workers())[1]?.pid ?? 0, "SIGKILL");
    await until("the end is noticed", () => system.journal.of("exit").length === 1);
    await writeFile(file, "");
    const codes = (await Promise.all(calls)).map(({ code }) => code).sort();
    expect(codes).toEqual([0, 0, 0, 0, 0, 0, 2003, 2003, 2003]);
    await system.end();
  });
});

describe("a pool of a command", () => {
  test("is called like any other, beside a pool of functions", async () => {
    const system = await startSystem({ pools: { fake: { command, workers: 2 }, app: { functions } } });
    await system.ready();
    const pids = new Set<unknown>();
    for (let i = 0; i < 10; i++) {
      expect(await system.call("fake.echo", { value: i })).toMatchObject({ code: 0, value: { value: i } });
      // Two in a row, since workers that are free take turns.
      for (const _ of [1, 2]) pids.add(((await system.call("fake.pid")).value as { value: unknown }).value);
      expect((await system.call("work.echo", { value: i })).code).toBe(0);
    }
    expect(pids.size).toBe(2);
    const { pools } = await system.splice.status();
    expect(pools.map(({ name, workers }) => [name, workers.length])).toEqual([
      ["fake", 2],
      ["app", 1],
    ]);
    await system.end();
  });

  test("has its link and its name in the environment, and nothing else of ours", async () => {
    process.env["SPLICE_STRANGER"] = "1";
    try {
      const system = await startSystem({ pools: { app: { command } } });
      const { serverId } = await system.splice.status();
      const { value } = await system.call("fake.environment");
      expect((value as { value: object }).value).toEqual({
        SPLICE_FD: "3",
        SPLICE_INSTANCE: serverId,
        SPLICE_WORKER: "app:1",
        SPLICE_GENERATION: "1",
      });
      await system.end();
    } finally {
      delete process.env["SPLICE_STRANGER"];
    }
  });
});

test("a worker that comes back with another pool's name gets no call of it: it is ended, and the log says why", async () => {
  const folder = await mkdtemp(join(tmpdir(), "st-"));
  const mode = join(folder, "mode");
  await writeFile(mode, "serve");
  const system = await startSystem({
    pools: { fake: { command: [...command, mode] }, app: { functions } },
    restart: { backoffMs: [0] },
  });
  await system.ready();
  await writeFile(mode, "hijack");
  const [fake] = (await system.splice.status()).pools.flatMap(({ workers }) => workers);
  process.kill(fake?.pid ?? 0, "SIGKILL");
  await until("the impostor is ended, twice", () => {
    const told = system.events.filter(({ reason = "" }) => reason.includes("exports work.echo"));
    return told.length >= 2;
  });
  expect(await system.call("work.echo", { value: 1 })).toMatchObject({ code: 0, value: { value: 1 } });
  expect(system.log.filter(({ level }) => level === "warn").map(({ message }) => message)).toContain(
    "worker fake:1 was ended because it exports work.echo, which the pool app has already; " +
      "rename it in one of them, since a name has one home",
  );
  await writeFile(mode, "serve");
  expect((await system.call("fake.echo", { value: 2 })).code).toBe(0);
  await system.end();
  await rm(folder, { recursive: true });
});

describe("a pool whose workers connect to a socket", () => {
  test.each([
    ["functions", { functions }, "work.echo"],
    ["a command", { command }, "fake.echo"],
  ])("of %s: calls work, in several workers, and after a death", async (_, source, name) => {
    const system = await startSystem({
      pools: { app: { ...source, link: "socket", workers: 2 } },
      restart: { backoffMs: [0] },
    });
    await system.ready();
    for (let i = 0; i < 20; i++) {
      expect(await system.call(name, { value: i })).toMatchObject({ code: 0, value: { value: i } });
    }
    process.kill((await system.workers())[0]?.pid ?? 0, "SIGKILL");
    await until("the end is noticed", () => system.journal.of("exit").length === 1);
    await system.readyAfter(3);
    for (let i = 0; i < 20; i++) expect((await system.call(name, { value: i })).code).toBe(0);
    await system.end();
  });

  test("accepts one connection, in a directory of its own user alone; a second finds nobody (the predecessor took the first comer)", async () => {
    const system = await startSystem({ pools: { app: { command, link: "socket" } } });
    const { value } = await system.call("fake.knockAgain");
    expect(value).toMatchObject({ value: { directoryMode: "700" } });
    expect((value as { value: { second: string } }).value.second).toMatch(/^(ENOENT|ECONNREFUSED)$/);
    expect((await system.call("fake.echo")).code).toBe(0);
    await system.end();
  });

  test("a worker that never connects is ended at connectTimeoutMs, and one that dies first leaves no socket", async () => {
    const hang = {
      pools: { app: { command: [...command, "hang"], link: "socket" as const } },
      connectTimeoutMs: 200,
    };
    expect((await refuseStart(hang)).message).toContain("connectTimeoutMs");
    const exit = { pools: { app: { command: [...command, "exit"], link: "socket" as const } } };
    expect((await refuseStart(exit)).message).toContain("exit code 7");
  });
});

test("six systems in one process: the oldest can still start its workers anew", async () => {
  const folder = await mkdtemp(join(tmpdir(), "st-"));
  await writeFile(join(folder, "package.json"), "{}");
  const systems: TestSystem[] = [];
  for (let i = 0; i < 6; i++) {
    const copy = join(folder, `functions${String(i)}`);
    await cp(functions, copy, { recursive: true });
    systems.push(await startSystem({ functions: copy, restart: { backoffMs: [0] } }));
  }
  const [oldest, ...others] = systems;
  if (oldest === undefined) throw new Error("There is no system.");
  const pid = await oldest.pid();
  process.kill(pid, "SIGKILL");
  await until("the end is noticed", () => oldest.journal.of("exit").length === 1);
  expect((await oldest.call("work.echo", {}, { timeoutMs: 5000 })).code).toBe(0);
  // Each counts descriptors from its own start, so the newest goes first.
  for (const system of others.reverse()) await system.end();
  await oldest.end();
  expect(isAlive(pid)).toBe(false);
  await rm(folder, { recursive: true });
});
