// The composition root with real processes that are no workers: what happens when nothing comes of a start, and when
// the supervisor itself fails.

import { tmpdir } from "node:os";
import { describe, expect, test } from "@jest/globals";
import { resolveConfig } from "../../src/config/resolve.js";
import type { LifecycleEvent } from "../../src/contract/status.js";
import { Journal } from "../../src/dispatch/journal.js";
import type { Log } from "../../src/log.js";
import { EmbeddedSplice } from "../../src/system/embedded-splice.js";
import { System } from "../../src/system/system.js";
import { realClock } from "../../src/time.js";

function start(script: string, workers = 1) {
  const config = resolveConfig(
    {
      pools: { app: { command: ["/bin/sh", "-c", script], workers } },
      shutdown: { shutdownMs: 50, terminateMs: 50 },
    },
    { cwd: tmpdir(), defaultWorkers: 1 },
  );
  const errors: string[] = [];
  const noted = (): void => undefined;
  const log: Log = { debug: noted, info: noted, warn: noted, error: (message) => errors.push(message) };
  const launches = new Map(
    config.pools.map((pool) => [pool.name, { pool, program: "/bin/sh", args: ["-c", script] }] as const),
  );
  const journal = new Journal();
  const system = new System(config, launches, { clock: realClock, random: Math.random, log, journal });
  const events: LifecycleEvent[] = [];
  let isComplete = false;
  system.events$.subscribe({ next: (event) => events.push(event), complete: () => (isComplete = true) });
  const kinds = () => [...journal.entries()].map((entry) => entry.kind);
  const pids = () => system.status().pools.flatMap((pool) => pool.workers.map((worker) => worker.pid ?? 0));
  return { system, config, events, errors, kinds, pids, isComplete: () => isComplete };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await new Promise((resolve) => setImmediate(resolve));
}

describe("a start that comes to nothing", () => {
  test("rejects with the pool, a sentence and the worker's last words, and leaves nothing", async () => {
    const { system, events, kinds, isComplete } = start("echo boom >&2; exit 3");
    await expect(system.started).rejects.toMatchObject({
      name: "StartError",
      pool: "app",
      message: "Worker app:1 ended unasked with exit code 3.\nboom",
    });
    await system.ended;
    expect(events).toMatchObject([
      { type: "worker.exited", worker: "app:1", reason: "ended unasked with exit code 3" },
    ]);
    expect([system.status().state, kinds(), isComplete()]).toEqual(["failed", ["spawn", "exit"], true]);
  });

  test("a stop during it rejects, ends every process, and is harmless afterwards", async () => {
    const { system, pids } = start("sleep 300", 2);
    const before = pids();
    system.stop(1000);
    await expect(system.started).rejects.toThrow("was stopped before it had started");
    await system.ended;
    system.stop(0);
    await untilGone(before);
    expect([before.length, system.status().state]).toEqual([2, "stopped"]);
  });
});

describe("a supervisor that fails", () => {
  test("kills every process, ends the start, is told once, and refuses later calls with 3001 failed", async () => {
    const { system, config, events, errors, pids } = start("sleep 300", 2);
    const before = pids();
    expect(before.every(isAlive)).toBe(true);
    system.fail(new Error("a fault of our own"));
    system.fail(new Error("another"));
    await expect(system.started).rejects.toThrow("The supervisor failed: a fault of our own");
    await system.ended;
    await untilGone(before);
    expect(errors).toEqual(["The supervisor failed: a fault of our own"]);
    expect(events).toMatchObject([{ type: "supervisor.failed", reason: "a fault of our own" }]);
    expect(system.status().state).toBe("failed");
    const splice = new EmbeddedSplice(system, config, {});
    await expect(splice.call("f")).rejects.toMatchObject({ code: 3001, details: { reason: "failed" } });
    await splice.close();
  });
});

describe("close", () => {
  test("says when the drain begins and when no worker is left, once, however often it is called", async () => {
    const { system, config, pids } = start("sleep 300");
    system.started.catch(() => undefined);
    const before = pids();
    const told: string[] = [];
    const splice = new EmbeddedSplice(system, config, {
      onDraining: () => {
        told.push("draining");
        return Promise.resolve();
      },
      onEnded: () => told.push("ended"),
    });
    const closing = splice.close();
    expect(splice.close()).toBe(closing);
    await closing;
    await splice[Symbol.asyncDispose]();
    expect([told, before.some(isAlive)]).toEqual([["draining", "ended"], false]);
    await expect(splice.call("f")).rejects.toMatchObject({ code: 3001, details: { reason: "closed" } });
  });
});
