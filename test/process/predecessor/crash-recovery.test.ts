// The predecessor's end-to-end cases for recovery from crashes, which it skipped: it never started a worker again, and
// had no other measure of its waits than to log them.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import { closeLeftovers, fixtures, makeFolder, startSystem, until, type TestSystem } from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "functions/nine");
const notKeyed = { keyed: false };
const panic = { should_panic: true };

/** For each process but the first: how long after the end of the one before it it was started. */
function delaysMs({ journal }: TestSystem): readonly number[] {
  const exits = journal.of("exit");
  return journal
    .of("spawn")
    .slice(1)
    .map(({ atMs }, index) => atMs - (exits[index]?.atMs ?? NaN));
}

/** A platform's timer counts in whole milliseconds and may be one early by a finer clock. */
const timerMs = 1;

describe("crash recovery", () => {
  test("a panic, and then it goes on", async () => {
    const system = await startSystem({ functions }, notKeyed);
    expect(await system.call("hello_world")).toMatchObject({ code: 0, value: "Hello from Splice!" });
    const pid = await system.pid();
    expect((await system.call("panic_function", panic)).code).toBe(2003);
    // No wait: the call itself waits for the next worker.
    const next = await system.call("hello_world", {}, { timeoutMs: 10_000 });
    expect(next).toMatchObject({ code: 0, value: "Hello from Splice!" });
    expect(await system.pid()).not.toBe(pid);
    expect(system.journal.of("spawn")).toHaveLength(2);
    await system.end();
  });

  test("several crashes: each worker is started after the wait of its turn, in order, and none before it", async () => {
    const backoffMs = [0, 50, 120, 200, 300];
    const system = await startSystem(
      { functions, restart: { backoffMs, jitter: 0.2 }, breaker: { quarantineCrashes: 0 } },
      notKeyed,
    );
    for (let crash = 1; crash <= 6; crash++) {
      expect((await system.call("panic_function", panic)).code).toBe(2003);
      expect(await system.call("hello_world")).toMatchObject({ code: 0 });
    }
    const delays = delaysMs(system);
    const floors = [...backoffMs, 300];
    expect(delays).toHaveLength(floors.length);
    delays.forEach((delayMs, turn) => {
      expect([turn, delayMs >= (floors[turn] ?? NaN) - timerMs]).toEqual([turn, true]);
    });
    // One process at a time: each was ready, and ended, before the next was started.
    const order = system.journal.all.filter(({ kind }) => ["spawn", "ready", "exit"].includes(kind));
    const turn = ["spawn", "ready", "exit"];
    expect(order.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 6 }, () => turn).flat(),
      "spawn",
      "ready",
    ]);
    expect(order.map(({ instance }) => instance)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].flatMap((instance) =>
        instance < 7 ? [instance, instance, instance] : [instance, instance],
      ),
    );
    const exited = system.events.filter(({ type }) => type === "worker.exited");
    expect(exited.map(({ worker }) => worker)).toEqual(Array(6).fill("app:1"));
    await system.end();
  });

  test("plain errors crash nobody", async () => {
    const system = await startSystem({ functions }, notKeyed);
    const pid = await system.pid();
    const user = { name: "Tim", age: 15, email: "tim@example.com" };
    for (let n = 0; n < 3; n++) {
      expect(await system.call("process_user", { user })).toMatchObject({
        code: 2000,
        message: expect.stringContaining("must be 18"),
      });
    }
    const grown = await system.call("process_user", { user: { ...user, age: 18 } });
    expect(grown).toMatchObject({ code: 0, value: expect.stringContaining("Tim") });
    expect(await system.pid()).toBe(pid);
    expect([system.journal.of("spawn").length, system.journal.of("exit").length]).toEqual([1, 0]);
    await system.end();
  });

  test("it is running: before a crash, while its only worker is away, and after it; also for who is connected", async () => {
    const folder = await makeFolder();
    const socket = join(folder, "s");
    const restart = { backoffMs: [150], jitter: 0 };
    const system = await startSystem({ functions, socket, restart }, notKeyed);
    const connected = await connect({ socket });
    const states = async () => [(await system.splice.status()).state, (await connected.status()).state];
    expect(await states()).toEqual(["running", "running"]);
    process.kill(await system.pid(), "SIGKILL");
    await until("its worker is away", async () => (await system.workers())[0]?.state === "backingOff");
    expect(await states()).toEqual(["running", "running"]);
    expect((await system.call("get_version")).code).toBe(0);
    expect(await states()).toEqual(["running", "running"]);
    await connected.close();
    await system.end();
    await rm(folder, { recursive: true, force: true });
  });
});
