// Code that is replaced while it is called: not one call is lost (row 52), what is under way ends where it began (row 57),
// and what takes longer than the drain is told so (row 54). The predecessor's reload cases among them.

import { afterEach, expect, test } from "@jest/globals";
import { setTimeout as sleep } from "node:timers/promises";
import { closeLeftovers, isAlive, until } from "../harness.js";
import { makeVersions, reload, source, startOn, versionOf } from "./versions.js";

afterEach(closeLeftovers);

test("twenty reloads under ten clients and 3000 calls: every call succeeds, on old code or on new (row 52)", async () => {
  const versions = await makeVersions(source(0));
  const system = await startOn(versions, { limits: { maxInFlight: 64 } });
  const hosts = 10;
  const perHost = 300;
  let made = 0;
  let reloads = 0;
  const seen = new Set<unknown>();
  const codes = new Map<number, number>();
  const client = async (): Promise<void> => {
    for (let n = 0; n < perHost; n++) {
      made += 1;
      const { code, value } = await system.call(n % 3 === 0 ? "app.slow" : "app.version", { ms: n % 7 });
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (code === 0) seen.add((value as { value: unknown }).value);
      // As long as there are reloads to come there are calls.
      if (reloads < 20) await sleep(2);
    }
  };
  const clients = Promise.all(Array.from({ length: hosts }, client));
  for (let n = 1; n <= 20; n++) {
    await versions.write(source(n));
    const report = await reload(system);
    expect(report).toMatchObject({
      ok: true,
      pools: [{ from: n, to: n + 1, verdict: "identical", error: null }],
    });
    reloads += 1;
  }
  await clients;
  expect(made).toBe(hosts * perHost);
  expect([...codes]).toEqual([[0, hosts * perHost]]);
  expect(seen.size).toBeGreaterThan(2);
  expect(await versionOf(system)).toBe(20);
  await system.end();
}, 120_000);

test("calls under way end where they began; the next is the new code's at once (row 57)", async () => {
  const versions = await makeVersions(source("old", "export const gone = () => 1;\n"));
  const system = await startOn(versions, { reload: { allowBreaking: true } }, { keyed: true });
  const slow = Array.from({ length: 5 }, () => system.call("app.slow", { ms: 300 }));
  await until("they are running", async () => (await system.splice.status()).calls.active === 5);
  await versions.write(source("new"));
  const report = await reload(system);
  expect(report).toMatchObject({ ok: true, pools: [{ verdict: "breaking" }] });
  expect(await versionOf(system)).toBe("new");
  expect((await system.call("app.gone")).code).toBe(1002);
  for (const { code, value } of await Promise.all(slow))
    expect({ code, value }).toMatchObject({ code: 0, value: { value: "old" } });
  await system.end();
});

test("a call that outlives the drain ends with 2002 when that is over, and the old worker goes (row 54)", async () => {
  const versions = await makeVersions(source("old"));
  const system = await startOn(versions, { shutdown: { drainMs: 100, shutdownMs: 100, terminateMs: 100 } });
  const pid = await system.pid();
  const endless = system.call("app.slow", { ms: 60_000 }, { timeoutMs: Infinity });
  await until("it is running", async () => (await system.splice.status()).calls.active === 1);
  await versions.write(source("new"));
  expect(await reload(system)).toMatchObject({ ok: true });
  const { code, error } = await endless;
  expect({ code, details: error?.details }).toMatchObject({ code: 2002, details: { reason: "draining" } });
  await until("the old worker is gone", () => !isAlive(pid));
  expect(await versionOf(system)).toBe("new");
  await system.end();
});

test("`wait` waits until no worker of the old generation is left", async () => {
  const versions = await makeVersions(source("old"));
  const system = await startOn(versions);
  const pid = await system.pid();
  const slow = system.call("app.slow", { ms: 200 });
  await until("it is running", async () => (await system.splice.status()).calls.active === 1);
  await versions.write(source("new"));
  await system.splice.call("splice.reload", { wait: true });
  expect(isAlive(pid)).toBe(false);
  expect((await slow).code).toBe(0);
  await system.end();
});

test("streams that are open go on where they began, to their end", async () => {
  const ticks = `export async function* ticks({ key: _ }: Keyed) { for (let n = 0; n < 20; n++) { await sleep(10); yield VERSION; } }`;
  const versions = await makeVersions(source("old", ticks.replace("VERSION", '"old"')));
  const system = await startOn(versions);
  const items: unknown[] = [];
  const reading = (async () => {
    for await (const item of system.splice.stream("app.ticks", { key: "k" })) items.push(item);
  })();
  await until("it flows", () => items.length > 2);
  await versions.write(source("new", ticks.replace("VERSION", '"new"')));
  expect(await reload(system)).toMatchObject({ ok: true });
  const next: unknown[] = [];
  for await (const item of system.splice.stream("app.ticks", { key: "l" })) next.push(item);
  await reading;
  expect([new Set(items), items.length, new Set(next)]).toEqual([new Set(["old"]), 20, new Set(["new"])]);
  await system.splice.close();
});
