// Reloads upon reloads: the last version wins, a crash in the middle changes nothing but who crashed, and never more than
// two generations live, with one before them that is ending (row 55; U9, U34, U35).

import { afterEach, describe, expect, test } from "@jest/globals";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { closeLeftovers, until, type TestSystem } from "../harness.js";
import { makeVersions, mostGenerations, reload, source, startOn, versionOf } from "./versions.js";

afterEach(closeLeftovers);

/** The generations that have a process, looked at again and again. */
function watchGenerations(system: TestSystem): { readonly seen: number[][]; stop(): Promise<void> } {
  const seen: number[][] = [];
  let isOver = false as boolean;
  const looking = (async () => {
    while (!isOver) {
      seen.push(
        (await system.workers()).filter(({ pid }) => pid !== null).map(({ generation }) => generation),
      );
      await sleep(2);
    }
  })();
  return {
    seen,
    stop: async () => {
      isOver = true;
      await looking;
    },
  };
}

test("edits in quick succession: the last one serves in the end (predecessor: rapid rebuilds)", async () => {
  const versions = await makeVersions(source(1));
  const system = await startOn(versions, { dev: true }, { isWatching: true });
  await system.ready();
  await sleep(300);
  const generations = watchGenerations(system);
  for (let n = 2; n <= 12; n++) {
    await versions.write(source(n));
    await sleep(n % 3 === 0 ? 120 : 15);
  }
  await until("the last serves", async () => (await versionOf(system)) === 12);
  await until("nothing is under way", async () => (await system.splice.status()).reload.state === "watching");
  await generations.stop();
  expect(mostGenerations(generations.seen)).toBeLessThanOrEqual(3);
  expect((await system.workers()).map(({ state }) => state)).toEqual(["ready"]);
  await system.end();
});

test("asked for again while it is under way: each who asked is answered, and the latest serves", async () => {
  const versions = await makeVersions(source(1));
  const system = await startOn(versions);
  const reports: Promise<unknown>[] = [];
  for (let n = 2; n <= 6; n++) {
    await versions.write(source(n));
    reports.push(reload(system));
    await sleep(20);
  }
  for (const report of await Promise.all(reports)) expect(report).toMatchObject({ ok: true });
  expect(await versionOf(system)).toBe(6);
  await system.end();
});

test("what did not change restarts nothing, and says so", async () => {
  const versions = await makeVersions(source(1));
  const system = await startOn(versions);
  const pid = await system.pid();
  expect(await reload(system)).toMatchObject({ ok: true, pools: [{ from: 1, to: 1, verdict: "unchanged" }] });
  await versions.write(source(1));
  expect(await reload(system)).toMatchObject({ ok: true, pools: [{ verdict: "unchanged" }] });
  expect(await system.pid()).toBe(pid);
  expect(system.journal.of("spawn")).toHaveLength(1);
  await system.end();
});

describe("a crash in the middle (row 55, U35)", () => {
  test("of the old worker, while the new one starts: the old code is started again, and then replaced", async () => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions, { restart: { backoffMs: [0] } });
    const pid = await system.pid();
    await versions.write(source(2, "await sleep(400);"));
    const reloading = reload(system);
    await until("the new one starts", () => system.journal.of("spawn").length === 2);
    process.kill(pid, "SIGKILL");
    await until("the old one is back", async () =>
      (await system.workers()).some(
        ({ generation, state, pid: other }) => generation === 1 && state === "ready" && other !== pid,
      ),
    );
    expect(await versionOf(system)).toBe(1);
    expect(await reloading).toMatchObject({ ok: true, pools: [{ from: 1, to: 2 }] });
    expect(await versionOf(system)).toBe(2);
    await system.end();
  });

  test("of the new worker, as it starts: it is told, and the old one serves on", async () => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions);
    await versions.write(source(2, "await sleep(2000);"));
    const reloading = reload(system);
    await until("the new one starts", () => system.journal.of("spawn").length === 2);
    process.kill(system.records.pids[1] ?? 0, "SIGKILL");
    expect((await reloading).pools[0]?.error).toMatch(/was killed by SIGKILL/);
    expect(await versionOf(system)).toBe(1);
    await system.end();
  });

  test("of the old worker, while it drains: its calls end with 2003, and the new one does not notice", async () => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions);
    const pid = await system.pid();
    const slow = system.call("app.slow", { ms: 30_000 });
    await until("it is running", async () => (await system.splice.status()).calls.active === 1);
    await versions.write(source(2));
    expect(await reload(system)).toMatchObject({ ok: true });
    process.kill(pid, "SIGKILL");
    expect((await slow).code).toBe(2003);
    expect(await versionOf(system)).toBe(2);
    expect((await system.splice.status()).pools).toMatchObject([{ breaker: { state: "closed" } }]);
    await system.end();
  });

  test("of the new worker, once it serves: it is started again from the new code", async () => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions, { restart: { backoffMs: [0] } });
    await versions.write(source(2));
    await reload(system);
    const pid = await until("the new one is alone", async () => {
      const workers = await system.workers();
      return workers.length === 1 ? workers[0]?.pid : null;
    });
    process.kill(pid, "SIGKILL");
    await system.readyAfter(3);
    expect(await versionOf(system)).toBe(2);
    await system.end();
  });
});

test("a promotion closes the breakers of the pool and of its functions (U34)", async () => {
  const failing = "export const bad = () => { process.exit(1); };";
  const versions = await makeVersions(source(1, failing));
  const system = await startOn(
    versions,
    { breaker: { quarantineCrashes: 1 }, restart: { maxRestarts: 0, backoffMs: [0], cooldownMs: 60_000 } },
    { keyed: false },
  );
  expect((await system.call("app.bad")).code).toBe(2003);
  await until("it is in quarantine", async () => (await system.call("app.bad")).code === 3001);
  await versions.write(source(2, "export const bad = () => 1;"));
  expect(await reload(system)).toMatchObject({ ok: true });
  expect((await system.call("app.bad")).code).toBe(0);
  const status = await system.splice.status();
  expect(status.pools).toMatchObject([{ breaker: { state: "closed" } }]);
  await system.end();
});

test("a module beside the folder that a function imports is watched too (U36)", async () => {
  const versions = await makeVersions(
    source(
      1,
      'import { text } from "../shared.js";\nexport const shared = (params: Keyed) => logged(params, () => text);',
    ),
  ).catch(() => null);
  if (versions === null) throw new Error("No folder.");
  const shared = join(versions.functions, "../shared.ts");
  await writeFile(shared, 'export const text = "one";\n');
  const system = await startOn(versions, { dev: true }, { isWatching: true });
  await system.ready();
  await sleep(300);
  await writeFile(shared, 'export const text = "two";\n');
  await until("it is seen", async () => {
    const { value } = await system.call("app.shared");
    return (value as { value?: unknown } | undefined)?.value === "two";
  });
  await system.end();
});
