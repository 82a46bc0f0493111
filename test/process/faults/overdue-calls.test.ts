// Workers that do not answer a call in time: what its caller is told, and what becomes of the worker (rows 8 and 9).

import { afterEach, describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closeLeftovers, fixtures, startSystem, until, type Outcome, type TestSystem } from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const health = { cancelGraceMs: 100 };
const reasons = (events: readonly { readonly type: string; readonly reason?: string }[]) =>
  events.filter(({ type }) => type === "worker.exited").map(({ reason }) => reason);

/** From 1, of the line in the fixture that stands still. */
const spinLine =
  readFileSync(join(functions, "harm.ts"), "utf8")
    .split("\n")
    .findIndex((line) => line.trim() === "for (;;);") + 1;

/** On a loaded machine a guard may need longer to say where it is than a caller is made to wait for that: then again. */
async function spunOut(system: TestSystem, times = 1): Promise<readonly [last: Outcome, times: number]> {
  const outcome = await system.call("harm.spin", {}, { timeoutMs: 300 });
  await system.readyAfter(times + 1);
  return outcome.error?.details !== undefined || times === 5 ? [outcome, times] : spunOut(system, times + 1);
}

describe("an endless loop", () => {
  test("is named in the 2001 by function, file and line; its worker is killed and followed by another", async () => {
    const system = await startSystem({ functions, health, breaker: { quarantineCrashes: 0 } });
    const [{ code, error, message }, times] = await spunOut(system);
    expect(code).toBe(2001);
    expect(error?.details).toMatchObject({
      function: "harm.spin",
      file: join(functions, "harm.ts"),
      line: spinLine,
    });
    expect(message).toContain(`busy in "harm.spin" at ${join(functions, "harm.ts")}:${String(spinLine)}`);
    expect((await system.call("work.echo", { value: 1 })).code).toBe(0);
    await until("it is gone", () => reasons(system.events).length === times);
    expect(reasons(system.events).at(-1)).toMatch(
      /^was ended because it had not answered a call of "harm.spin" 100 ms after its deadline or its cancellation, and is stuck in it at /,
    );
    await system.end();
  });

  test("takes its neighbours with it at once: nobody waits for a worker that cannot answer", async () => {
    const system = await startSystem({ functions, health, breaker: { quarantineCrashes: 0 } });
    const neighbour = system.call("work.hang", {}, { timeoutMs: 20_000 });
    await until("it runs", async () => (await system.workers())[0]?.inFlight === 1);
    const spinning = system.call("harm.spin", {}, { timeoutMs: 200 });
    expect((await spinning).code).toBe(2001);
    const { code, endedAtMs } = await neighbour;
    expect(code).toBe(2003);
    // Long before its own deadline.
    expect(endedAtMs - (await spinning).endedAtMs).toBeLessThan(15_000);
    await system.end();
  });

  test("of a program that has no guard is found out by its silence", async () => {
    const command = [process.execPath, join(fixtures, "faults/worker.mjs")];
    const system = await startSystem({ pools: { app: { command } }, health });
    expect((await system.call("fake.spin", {}, { timeoutMs: 200 })).code).toBe(2001);
    await system.readyAfter(2);
    await until("it is gone", () => reasons(system.events).length > 0);
    expect(reasons(system.events)[0]).toMatch(/and answers nothing else either$/);
    await system.end();
  });

  test("counts in the pool's window, unlike a call that just never ends", async () => {
    const restart = { maxRestarts: 0, backoffMs: [0] };
    const spins = await startSystem({ functions, health, restart, breaker: { quarantineCrashes: 0 } });
    await spins.call("harm.spin", {}, { timeoutMs: 100 });
    await until("the breaker opens", () => spins.events.some(({ type }) => type === "breaker.opened"));
    await spins.end();
    const hangs = await startSystem({ functions, health, restart });
    await hangs.call("work.hang", {}, { timeoutMs: 100 });
    await hangs.readyAfter(2);
    await until("the first is gone", () => reasons(hangs.events).length > 0);
    expect(hangs.events.some(({ type }) => type === "breaker.opened")).toBe(false);
    await hangs.end();
  });
});

describe("a call that never ends in a worker that answers", () => {
  test("does not hold its slot for ever: its worker gets no more calls, is replaced at once, and goes", async () => {
    const system = await startSystem({ functions, health, limits: { maxInFlight: 2 } });
    const first = await system.pid();
    expect((await system.call("work.hang", {}, { timeoutMs: 100 })).code).toBe(2001);
    await system.readyAfter(2);
    expect((await system.call("work.pid")).value).not.toMatchObject({ value: first });
    await system.atRest();
    expect(reasons(system.events)).toEqual([
      'was ended because it had not answered a call of "work.hang" 100 ms after its deadline or its cancellation',
    ]);
    await system.end();
  });

  test("leaves the worker's other calls their time", async () => {
    const system = await startSystem({ functions, health });
    const file = join(system.folder, "go");
    const patient = system.call("work.hold", { file });
    await system.call("work.hang", {}, { timeoutMs: 100 });
    await system.readyAfter(2);
    const states = (await system.workers()).map(({ id, state }) => [id, state]);
    expect(states).toContainEqual(["app:1", "condemned"]);
    await import("node:fs/promises").then(({ writeFile }) => writeFile(file, ""));
    expect((await patient).code).toBe(0);
    await system.end();
  });

  test("is cut short when the drain of its worker is over: 2002", async () => {
    const system = await startSystem({ functions, health, shutdown: { drainMs: 300 } });
    const patient = system.call("work.hang", {}, { timeoutMs: 20_000 });
    await system.call("work.hang", {}, { timeoutMs: 100 });
    expect(await patient).toMatchObject({ code: 2002, error: { details: { reason: "draining" } } });
    await system.end();
  });

  test("in several workers, one after the other: at most one condemned for each place", async () => {
    const system = await startSystem({ functions, health });
    const hold = system.call("work.hold", { file: join(system.folder, "never") }, { timeoutMs: 10_000 });
    for (let n = 1; n <= 3; n++) {
      await system.readyAfter(n);
      await system.call("work.hang", {}, { timeoutMs: 100 });
    }
    await system.readyAfter(4);
    const condemned = (await system.workers()).filter(({ state }) => state === "condemned");
    expect(condemned.length).toBeLessThanOrEqual(1);
    expect((await hold).code).toBe(2003);
    await system.end();
  });
});

test("a worker that is stopped by a signal is ended, and nothing of it is heard when it goes on (row 9)", async () => {
  const system = await startSystem({ functions, health });
  const pid = await system.pid();
  process.kill(pid, "SIGSTOP");
  expect((await system.call("work.echo", {}, { timeoutMs: 200 })).code).toBe(2001);
  await system.readyAfter(2);
  expect((await system.call("work.echo")).code).toBe(0);
  await system.end();
});
