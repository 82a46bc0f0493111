// Every state that Status can tell, and every event, is told of real processes (U16: the predecessor had states that were
// declared and never entered). Two states of a worker, killing and reaping, are over before anybody can ask; they are
// in test/machines/worker.

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { resolveConfig } from "../../src/config/resolve.js";
import type { BreakerStatus, LifecycleEvent, SupervisorState } from "../../src/contract/status.js";
import { Journal } from "../../src/dispatch/journal.js";
import type { Log } from "../../src/log.js";
import { prepareLaunches } from "../../src/system/launch.js";
import { System } from "../../src/system/system.js";
import { realClock } from "../../src/time.js";
import {
  closeLeftovers,
  fixtures,
  makeFolder,
  root,
  startSystem,
  until,
  type TestSystem,
} from "./harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const fake = (mode = "serve") => [process.execPath, join(fixtures, "faults/worker.mjs"), mode];
const noted = () => undefined;
const log: Log = { debug: noted, info: noted, warn: noted, error: noted };

async function construct(command: readonly string[], link?: "socket"): Promise<System> {
  const pool = { command, link, workers: 1 };
  const config = resolveConfig(
    { pools: { app: pool }, shutdown: { shutdownMs: 50, terminateMs: 50 } },
    { cwd: root, defaultWorkers: 1 },
  );
  const ports = { clock: realClock, random: Math.random, log, journal: new Journal() };
  return new System(config, await prepareLaunches(config, noted), ports);
}

test("supervisor: starting, running, draining, stopped, failed", async () => {
  const told: SupervisorState[] = [];
  const system = await construct(fake());
  const tell = () => told.push(system.status().state);
  tell();
  await system.started;
  tell();
  system.stop(0);
  tell();
  await system.ended;
  tell();
  const unlucky = await construct(fake("exit"));
  await expect(unlucky.started).rejects.toThrow("exit code 7");
  await unlucky.ended;
  told.push(unlucky.status().state);
  expect(told).toEqual(["starting", "running", "draining", "stopped", "failed"]);
});

describe("worker", () => {
  const stateOf = (system: System) => system.status().pools[0]?.workers[0]?.state;

  test("spawning, and handshaking for as long as it says nothing; on a socket of its own: connecting", async () => {
    for (const [link, state] of [
      [undefined, "handshaking"],
      ["socket", "connecting"],
    ] as const) {
      const system = await construct(fake("hang"), link);
      expect(stateOf(system)).toBe("spawning");
      await until(`it is ${state}`, () => stateOf(system) === state);
      system.stop(0);
      await expect(system.started).rejects.toThrow("stopped before");
      await system.ended;
    }
  });

  const workerState = async (system: TestSystem) => (await system.workers())[0]?.state;
  const becomes = (system: TestSystem, state: string) =>
    until(`a worker is ${state}`, async () =>
      (await system.workers()).some((worker) => worker.state === state),
    );

  test("ready; backingOff; exited, where none is started any more", async () => {
    const restart = { backoffMs: [100], maxRestarts: 1, cooldownMs: 60_000 };
    const system = await startSystem({ functions, restart });
    process.kill(await system.pid(), "SIGKILL");
    await becomes(system, "backingOff");
    process.kill(await system.pid(), "SIGKILL");
    await becomes(system, "exited");
    await system.end();
  });

  test("condemned, beside its successor", async () => {
    const system = await startSystem({ functions, health: { cancelGraceMs: 50 } });
    const file = join(system.folder, "go");
    const patient = system.call("work.hold", { file });
    expect((await system.call("work.hang", {}, { timeoutMs: 50 })).code).toBe(2001);
    await becomes(system, "condemned");
    await writeFile(file, "");
    expect((await patient).code).toBe(0);
    await system.end();
  });

  test("draining, when it has had its calls and has one yet", async () => {
    const system = await startSystem({ pools: { app: { functions, maxCalls: 2 } } });
    const file = join(system.folder, "go");
    const calls = [system.call("work.hold", { file }), system.call("work.echo")];
    await becomes(system, "draining");
    await writeFile(file, "");
    for (const { code } of await Promise.all(calls)) expect(code).toBe(0);
    await system.readyAfter(2);
    await system.end();
  });

  test("stopping, and then terminating, while it hears nothing", async () => {
    const shutdown = { shutdownMs: 150, terminateMs: 150 };
    const system = await startSystem({ pools: { app: { command: fake() } }, shutdown });
    process.kill(await system.pid(), "SIGSTOP");
    const closed = system.splice.close();
    for (const state of ["stopping", "terminating"]) await becomes(system, state);
    await closed;
    await system.endClosed();
  });

  test("disconnected, when it has closed its link and stays", async () => {
    const system = await startSystem({ pools: { app: { command: fake() } }, restart: { backoffMs: [0] } });
    const call = system.call("fake.hangUp");
    await becomes(system, "disconnected");
    expect((await call).code).toBe(2003);
    await until("it is replaced", async () => (await workerState(system)) === "ready");
    await system.end();
  });
});

test("breaker, of a pool and of a function: closed, open, halfOpen, forcedOpen", async () => {
  const system = await startSystem({
    functions,
    restart: { backoffMs: [0], maxRestarts: 0, cooldownMs: 150 },
    breaker: { minCalls: 1, openMs: 150, quarantineCrashes: 0 },
    health: { cancelGraceMs: 600_000 },
  });
  const file = join(system.folder, "go");
  const hold = () => system.call("work.hold", { file }, { timeoutMs: 20 });
  const states = async () => {
    const { pools, functions: all } = await system.splice.status();
    const ofHold = all.find(({ name }) => name === "work.hold");
    return { pool: pools[0]?.breaker.state, function: ofHold?.breaker?.state };
  };
  const become = (whose: "pool" | "function", state: BreakerStatus["state"]) =>
    until(`the breaker of the ${whose} is ${state}`, async () => (await states())[whose] === state);
  const command = (what: object, action: "trip" | "reset") =>
    system.splice.call("splice.breaker", { ...what, action });

  expect((await hold()).code).toBe(2001);
  for (const state of ["open", "halfOpen"] as const) await become("function", state);
  await writeFile(file, "");
  expect((await system.call("work.hold", { file })).code).toBe(0);
  await become("function", "closed");
  await command({ function: "work.hold" }, "trip");
  await become("function", "forcedOpen");
  await command({ function: "work.hold" }, "reset");

  process.kill(await system.pid(), "SIGKILL");
  for (const state of ["open", "halfOpen", "closed"] as const) await become("pool", state);
  await command({ pool: "app" }, "trip");
  await become("pool", "forcedOpen");
  await command({ pool: "app" }, "reset");
  await become("pool", "closed");
  await system.end();
});

test("every event is told: of workers, breakers, exports, the drain and the failure", async () => {
  // What a slow reader was not told is told to that reader alone: test/process/client/reserved-streams.test.ts.
  const types: Record<Exclude<LifecycleEvent["type"], "events.dropped">, true> = {
    "worker.ready": true,
    "worker.exited": true,
    "breaker.opened": true,
    "breaker.halfOpened": true,
    "breaker.closed": true,
    "generation.promoted": true,
    "reload.failed": true,
    "exports.changed": true,
    "supervisor.draining": true,
    "supervisor.failed": true,
  };
  const folder = await makeFolder();
  const mode = join(folder, "mode");
  await writeFile(mode, "serve");
  const system = await startSystem({
    pools: { app: { command: fake(mode) } },
    restart: { maxRestarts: 0, cooldownMs: 50 },
  });
  expect((await system.splice.reload()).ok).toBe(true);
  // The next one exports something else, which a reload is not to bring about.
  await writeFile(mode, "hijack");
  expect((await system.splice.reload()).ok).toBe(false);
  process.kill(await system.pid(), "SIGKILL");
  await until("its breaker closes", () => system.events.some(({ type }) => type === "breaker.closed"));
  await system.end();

  const unlucky = await construct(fake());
  const events = [...system.events];
  unlucky.events$.subscribe((event) => events.push(event));
  await unlucky.started;
  unlucky.fail(new Error("a fault of our own"));
  await unlucky.ended;
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(Object.keys(types)));
  await rm(folder, { recursive: true, force: true });
});
