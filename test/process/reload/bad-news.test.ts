// What cannot become the next generation leaves the one that serves as it is, and says why: it does not compile, ends at
// its start, never answers, is half written, breaks callers or clashes (rows 53, 56, 57; U8).

import { afterEach, describe, expect, test } from "@jest/globals";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { closeLeftovers, until, type TestSystem } from "../harness.js";
import { makeVersions, reload, source, startOn, versionOf } from "./versions.js";

afterEach(closeLeftovers);

const bad: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ["does not compile", "export const version = () => {", /app\.ts:1:31[\s\S]*> 1 \|/],
  ["throws as it is imported", source(2, 'throw new Error("no database");'), /no database[\s\S]*app\.ts:7/],
  ["ends as it is imported", source(2, "process.exit(7);"), /exit code 7/],
  ["exports something else", "export const other = () => 1;", /would break callers: app\.\w+ is gone/],
];

describe("a version that cannot be had (row 53)", () => {
  test.each(bad)("%s: the old one serves on without a gap", async (_, text, says) => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions);
    const pid = await system.pid();
    const failed: number[] = [];
    let isOver = false as boolean;
    const load = (async () => {
      while (!isOver) {
        const { code } = await system.call("app.version");
        if (code !== 0) failed.push(code);
        await sleep(1);
      }
    })();
    await versions.write(text);
    const report = await reload(system);
    isOver = true;
    await load;
    expect(report).toMatchObject({ ok: false, pools: [{ name: "app", from: 1, to: 1 }] });
    expect(report.pools[0]?.error).toMatch(says);
    expect(failed).toEqual([]);
    const status = await system.splice.status();
    expect(status.pools).toMatchObject([
      { generation: 1, workers: [{ pid, generation: 1, state: "ready" }] },
    ]);
    expect(status.reload).toEqual({ state: "watching", lastError: report.pools[0]?.error });
    expect(system.events.findLast(({ type }) => type === "reload.failed")).toMatchObject({
      pool: "app",
      reason: expect.stringMatching(says),
    });
    // And mended it goes live.
    await versions.write(source(3));
    expect(await reload(system)).toMatchObject({ ok: true, pools: [{ from: 1, error: null }] });
    expect(await versionOf(system)).toBe(3);
    expect((await system.splice.status()).reload.lastError).toBeNull();
    await system.end();
  });

  test("never becomes ready: ended after connectTimeoutMs", async () => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions, { connectTimeoutMs: 1500 });
    await versions.write(source(2, "await new Promise(() => setInterval(() => undefined, 1000));"));
    const report = await reload(system);
    expect(report.pools[0]?.error).toMatch(/did not become ready within 1500 ms/);
    expect(await versionOf(system)).toBe(1);
    await system.end();
  });

  test("no reload of it counts against the pool: its breaker stays closed", async () => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions, { restart: { maxFailedStarts: 1, maxRestarts: 0 } });
    await versions.write(source(2, "process.exit(7);"));
    for (let n = 0; n < 3; n++) expect((await reload(system)).ok).toBe(false);
    expect((await system.splice.status()).pools).toMatchObject([{ breaker: { state: "closed" } }]);
    await system.end();
  });
});

test("what breaks callers is refused, and said why; with allowBreaking it is promoted and said so", async () => {
  const versions = await makeVersions(source(1, "export const old = () => 1;"));
  const refusing = await startOn(versions);
  await versions.write(source(2, "export async function* version2() { yield 1; }"));
  const report = await reload(refusing);
  expect(report.pools).toMatchObject([{ verdict: "breaking", to: 1 }]);
  expect(report.pools[0]?.error).toMatch(/app\.old is gone.*--allow-breaking/);
  expect(await versionOf(refusing)).toBe(1);
  await refusing.end();
});

describe("a file that is being written (row 56)", () => {
  test("emptied, and filled 300 ms later: nothing is started from the empty one", async () => {
    const versions = await makeVersions(source(1));
    const system = await startOn(versions, { dev: true }, { isWatching: true });
    await settled(system);
    await versions.write("");
    await sleep(300);
    await versions.write(source(2));
    await until("version 2 serves", async () => (await versionOf(system)) === 2);
    expect(system.events.filter(({ type }) => type === "reload.failed")).toEqual([]);
    expect(system.events.filter(({ type }) => type === "generation.promoted")).toHaveLength(1);
    await system.end();
  });

  test("saved by a rename: it is taken as it is", async () => {
    const versions = await makeVersions(source(1, "export const x = () => 'a long tail';"));
    const system = await startOn(versions, { dev: true }, { isWatching: true });
    await settled(system);
    const draft = join(dirname(dirname(versions.file)), "draft.ts");
    await writeFile(draft, source(2));
    await rename(draft, versions.file);
    await until("version 2 serves", async () => (await versionOf(system)) === 2);
    await system.end();
  });
});

test("a module outside the folder that does not compile, imported for the first time: its mending is noticed", async () => {
  const versions = await makeVersions(source(1));
  const system = await startOn(versions, { dev: true }, { isWatching: true });
  await settled(system);
  const beside = join(dirname(versions.functions), "beside.ts");
  await writeFile(beside, "export const x = (;\n");
  await versions.write(source(2, 'export { x } from "../beside.js";'));
  await until("it is told", () => system.events.some(({ type }) => type === "reload.failed"));
  await writeFile(beside, "export const x = () => 1;\n");
  await until("version 2 serves", async () => (await versionOf(system)) === 2);
  await system.end();
});

test("a folder that disappears while it is watched: what runs goes on, and its return is noticed", async () => {
  const versions = await makeVersions(source(1));
  const system = await startOn(versions, { dev: true }, { isWatching: true });
  await settled(system);
  const away = `${versions.functions}-away`;
  await rename(versions.functions, away);
  await until("it is told", () => system.events.some(({ type }) => type === "reload.failed"));
  expect(system.events.find(({ type }) => type === "reload.failed")?.reason).toContain("does not exist");
  expect(await versionOf(system)).toBe(1);
  await rename(away, versions.functions);
  await versions.write(source(2));
  await until("version 2 serves", async () => (await versionOf(system)) === 2);
  await rm(versions.functions, { recursive: true });
  await mkdir(versions.functions);
  await system.end();
});

/** The watcher needs a moment to look at everything once; a file it has not seen yet is no change. */
async function settled(system: TestSystem): Promise<void> {
  await system.ready();
  await sleep(300);
}
