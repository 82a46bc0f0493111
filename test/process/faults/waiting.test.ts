// Calls between two workers, and calls at the end: those wait within their deadline, these get their time.

import { afterEach, describe, expect, test } from "@jest/globals";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { closeLeftovers, fixtures, isAlive, startSystem, until, type TestSystem } from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");

async function killNoticed(system: TestSystem): Promise<void> {
  process.kill(await system.pid(), "SIGKILL");
  await until("the end is noticed", () => system.journal.of("exit").length === 1);
}

describe("while no worker is up", () => {
  test("calls wait for the next worker and are answered by it, in the order they came", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [300] } });
    await killNoticed(system);
    const calls = Array.from({ length: 20 }, (_, value) => system.call("work.echo", { value }));
    expect(system.journal.of("dispatch")).toHaveLength(0);
    expect((await system.splice.status()).calls.active).toBe(20);
    for (const [value, call] of (await Promise.all(calls)).entries()) {
      expect(call).toMatchObject({ code: 0, value: { value } });
    }
    const dispatched = system.journal.of("dispatch");
    expect(dispatched.map(({ callId }) => callId)).toEqual(dispatched.map((_, index) => index + 1));
    expect(dispatched[0]?.atMs).toBeGreaterThanOrEqual(system.journal.of("ready")[1]?.atMs ?? Infinity);
    await system.end();
  });

  test("a call whose time runs out meanwhile is 2001 and never runs", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [300] } });
    await killNoticed(system);
    const impatient = await system.call("work.echo", {}, { timeoutMs: 50 });
    expect(impatient.code).toBe(2001);
    expect(impatient.message).toContain("never ran");
    const abort = new AbortController();
    const aborted = system.call("work.echo", {}, { signal: abort.signal });
    abort.abort(new Error("no longer wanted"));
    expect(await aborted).toMatchObject({ code: 2002, message: expect.stringContaining("before it ran") });
    expect((await system.call("work.echo")).code).toBe(0);
    expect(system.journal.of("dispatch")).toHaveLength(1);
    await system.end();
  });

  test("close ends those that wait when the drain does, and they never run", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [60_000], withinMs: 1_000_000 } });
    await killNoticed(system);
    const calls = [1, 2, 3].map(() => system.call("work.echo"));
    await system.splice.close({ drainMs: 30 });
    for (const { code } of await Promise.all(calls)) expect(code).toBe(2002);
    expect(system.journal.of("dispatch")).toHaveLength(0);
    expect(system.journal.of("spawn")).toHaveLength(1);
    await system.endClosed();
  });
});

describe("close()", () => {
  test("while calls run: they end, new ones are 3001, then the workers leave", async () => {
    const system = await startSystem({ pools: { app: { functions, workers: 2 } } });
    const workers = await system.ready();
    const file = join(system.folder, "go");
    const calls = Array.from({ length: 6 }, () => system.call("work.hold", { file }));
    let isClosed = false;
    const closed = system.splice.close().then(() => (isClosed = true));
    const refused = await system.call("work.echo");
    expect(refused).toMatchObject({
      code: 3001,
      error: { retryable: true, details: { reason: "draining" } },
    });
    expect((await system.splice.status()).state).toBe("draining");
    expect(isClosed).toBe(false);
    for (const { pid } of workers) expect(isAlive(pid ?? 0)).toBe(true);
    await writeFile(file, "");
    for (const { code } of await Promise.all(calls)) expect(code).toBe(0);
    await closed;
    for (const { pid } of workers) expect(isAlive(pid ?? 0)).toBe(false);
    expect(await system.call("work.echo")).toMatchObject({
      code: 3001,
      error: { details: { reason: "closed" } },
    });
    expect((await system.splice.status()).state).toBe("stopped");
    expect(system.events.filter(({ type }) => type === "worker.exited").map(({ reason }) => reason)).toEqual([
      "stopped when it was told to",
      "stopped when it was told to",
    ]);
    await system.endClosed();
  });

  test("with drainMs over: 2002 with the reason draining, and nothing is left", async () => {
    const system = await startSystem({ functions, shutdown: { shutdownMs: 50, terminateMs: 50 } });
    const pid = await system.pid();
    const call = system.call("work.hang");
    await system.splice.close({ drainMs: 50 });
    const { code, error, message } = await call;
    expect(code).toBe(2002);
    expect(error?.details).toMatchObject({ reason: "draining" });
    expect(message).toContain("drain");
    expect(isAlive(pid)).toBe(false);
    expect((await system.splice.status()).calls.active).toBe(0);
    await system.endClosed();
  });

  test("a worker that dies during the drain: its calls are 2003, and close goes on", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [0] } });
    const calls = [1, 2, 3].map(() => system.call("work.hang"));
    const pid = await system.pid();
    const closed = system.splice.close();
    process.kill(pid, "SIGKILL");
    for (const { code } of await Promise.all(calls)) expect(code).toBe(2003);
    await closed;
    await system.endClosed();
  });

  test("of an idle system while its worker is in backoff, starting, or gone at that moment", async () => {
    const backingOff = await startSystem({
      functions,
      restart: { backoffMs: [60_000], withinMs: 1_000_000 },
    });
    await killNoticed(backingOff);
    await backingOff.splice.close();
    await backingOff.endClosed();

    const starting = await startSystem({ functions, restart: { backoffMs: [0] } });
    await killNoticed(starting);
    await until("the next is spawned", () => starting.journal.of("spawn").length === 2);
    await starting.splice.close();
    await starting.endClosed();

    const dying = await startSystem({ functions, restart: { backoffMs: [0] } });
    process.kill(await dying.pid(), "SIGKILL");
    await dying.splice.close();
    await dying.endClosed();
  });

  test("twice gives one promise, and await using closes", async () => {
    const system = await startSystem({ functions });
    {
      await using splice = system.splice;
      expect(await splice.exports()).not.toHaveLength(0);
    }
    expect(system.splice.close()).toBe(system.splice.close());
    await system.endClosed();
  });
});
