// What a worker's guard says of the main thread while that can say nothing: which function runs, and where in the
// user's source. The worker goes on as if nobody had looked.

import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleFunctions } from "../../../src/actors/bundle.js";
import type { WhereAnswer } from "../../../src/actors/guard-link.js";
import { fixtures as allFixtures, until } from "../harness.js";
import { createWorlds, type SpawnedWorker, type StartOptions, type Worlds } from "../spawned-worker.js";

jest.setTimeout(60_000);

const folder = join(allFixtures, "guard/functions");
const source = join(folder, "loops.ts");
let worlds: Worlds;
let bundle: string;

beforeAll(async () => {
  worlds = await createWorlds();
  bundle = (await bundleFunctions({ folder, outDir: worlds.scratch })).file;
});
afterAll(() => worlds.clean());

const idle: WhereAnswer = { function: null, file: null, line: null, lagMs: 0 };

/** The number of the line in the source that is marked so. */
function marked(mark: string): number {
  const lines = readFileSync(source, "utf8").split("\n");
  return lines.findIndex((line) => line.endsWith(`// marked: ${mark}`)) + 1;
}

async function start(options: StartOptions = {}): Promise<SpawnedWorker> {
  const worker = worlds.startBundle(bundle, { guarded: true, detached: true, ...options });
  await worker.peer.greet();
  return worker;
}

/** Asks until the guard finds the worker in that function. */
async function whereIn(worker: SpawnedWorker, name: string): Promise<WhereAnswer> {
  return until(`the guard finds ${name} running`, async () => {
    const answer = await worker.guard.where();
    return answer?.function === name && answer;
  });
}

describe("a main thread that stands still", () => {
  test.each([
    ["in a loop of a function's own helper", "loops.spin", "inner"],
    ["in a loop after an await", "loops.spinLater", "afterwards"],
  ])("%s is found at its line, in the call's function", async (_where, name, mark) => {
    const worker = await start();
    worker.peer.invoke(1, name);
    const { file, line, lagMs } = await whereIn(worker, name);
    expect([file, line]).toEqual([source, marked(mark)]);
    expect(lagMs).toBeGreaterThan(0);
    const later = await worker.guard.where();
    expect(later).toMatchObject({ function: name, file, line });
    expect(later?.lagMs).toBeGreaterThan(lagMs);
    worker.child.kill("SIGKILL");
    expect((await worker.ended).signal).toBe("SIGKILL");
    expect(worker.output()).toEqual({ stdout: "", stderr: "" });
  });

  test("in native code is known by its function alone, and goes on", async () => {
    const worker = await start();
    worker.peer.invoke(1, "loops.native", { seconds: 2 });
    expect(await whereIn(worker, "loops.native")).toMatchObject({ file: null, line: null });
    expect(await worker.peer.result(1)).toBe("woke");
    expect(await worker.guard.where()).toEqual(idle);
  });

  test("in native code between two items of a stream is known by its function", async () => {
    const worker = await start();
    worker.peer.invoke(1, "loops.nativeItems", { seconds: 2 });
    await worker.peer.next("StreamChunk", 1);
    expect(await whereIn(worker, "loops.nativeItems")).toMatchObject({ file: null, line: null });
    worker.peer.send({ type: "Cancel", requestId: 1 });
    expect(await worker.peer.error(1)).toMatchObject({ code: 2002 });
    expect(await worker.guard.where()).toEqual(idle);
  });

  test("in a stack that takes too long to read is known by its function alone, and goes on", async () => {
    const worker = await start();
    worker.peer.invoke(1, "loops.deep", { depth: 6000, ms: 2000 });
    await whereIn(worker, "loops.deep");
    expect(await worker.peer.result(1)).toBe(1);
    expect(await worker.guard.where()).toEqual(idle);
  });

  test("while its functions are imported is found there", async () => {
    const { file } = await bundleFunctions({
      folder: join(allFixtures, "guard/stuck-import"),
      outDir: worlds.scratch,
    });
    const env = { NOTES: worlds.scratch };
    const worker = worlds.startBundle(file, { guarded: true, detached: true, env });
    const found = await until("the guard finds it in the module", async () => {
      const answer = await worker.guard.where();
      return answer?.file != null && answer;
    });
    const stuck = join(allFixtures, "guard/stuck-import/stuck.ts");
    const line = readFileSync(stuck, "utf8").split("\n").indexOf("for (;;);") + 1;
    expect(found).toMatchObject({ function: null, file: stuck, line });
  });
});

describe("a worker that is asked", () => {
  let worker: SpawnedWorker;
  let lastId = 0;
  beforeAll(async () => {
    worker = await start({ execArgv: ["--max-old-space-size=64"] });
  });
  beforeEach(() => {
    lastId += 1;
  });

  test("while idle, and while its function waits, runs nothing", async () => {
    expect(await worker.guard.where()).toEqual(idle);
    worker.peer.invoke(lastId, "loops.rest");
    expect(await worker.guard.where()).toEqual(idle);
    worker.peer.invoke(++lastId, "loops.nothing");
    expect(await worker.peer.result(lastId)).toBe("nothing");
    expect(await worker.guard.where()).toEqual(idle);
  });

  test("20 times during a long loop ends the loop and answers", async () => {
    worker.peer.invoke(lastId, "loops.count", { ms: 2500 });
    await whereIn(worker, "loops.count");
    const answers = [];
    for (let time = 0; time < 20; time++) answers.push(await worker.guard.where());
    expect(answers.map((answer) => answer?.file)).toContain(source);
    expect(answers).not.toContain(null);
    expect(await worker.peer.result(lastId)).toBe(true);
    expect(await worker.guard.where()).toEqual(idle);
  });

  test("has nothing of it in its environment, and hands the descriptor to no child", async () => {
    worker.peer.invoke(lastId, "loops.environment");
    expect(await worker.peer.result(lastId)).toEqual([]);
    worker.peer.invoke(++lastId, "loops.childDescriptors");
    expect(await worker.peer.result(lastId)).not.toMatch(/\/[34]:socket/);
  });

  test("and that debugs and profiles itself goes on doing so", async () => {
    worker.peer.invoke(lastId, "loops.debugSelf");
    await worker.peer.result(lastId);
    worker.peer.invoke(++lastId, "loops.profiled", { ms: 2000 });
    expect(await whereIn(worker, "loops.profiled")).toMatchObject({ file: source });
    await worker.guard.where();
    expect(await worker.peer.result(lastId)).toBe(true);
    expect(await worker.guard.where()).toEqual(idle);
  });
});

describe("the guard thread", () => {
  test("does not keep a worker from ending when it is told to", async () => {
    const worker = await start();
    await worker.guard.where();
    worker.peer.send({ type: "Shutdown" });
    await worker.peer.next("ShutdownAck");
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    expect(worker.output()).toEqual({ stdout: "", stderr: "" });
    expect(await worker.guard.where()).toBeNull();
  });

  test("ends the worker with its link, whatever the main thread does", async () => {
    const worker = await start();
    worker.peer.invoke(1, "loops.spin");
    await whereIn(worker, "loops.spin");
    worker.child.stdio[4]?.destroy();
    expect((await worker.ended).signal).toBe("SIGKILL");
  });

  test("runs no file that the pool has Node load first", async () => {
    const file = join(worlds.scratch, "first.mjs");
    await writeFile(file, `import { threadId } from "node:worker_threads"; console.log("first", threadId);`);
    const worker = await start({ execArgv: ["--import", file], env: { NODE_OPTIONS: `--import=${file}` } });
    expect(await worker.guard.where()).toEqual(idle);
    worker.peer.send({ type: "Shutdown" });
    await worker.ended;
    expect(worker.output()).toEqual({ stdout: "first 0\n", stderr: "" });
  });

  test("that cannot be started ends the start, with the reason", async () => {
    const worker = worlds.startBundle(bundle, { env: { SPLICE_GUARD_FD: "77" } });
    expect((await worker.ended).code).toBe(1);
    expect(worker.output().stderr).toMatch(/^The worker's guard thread did not start: Unsupported fd type/);
  });
});
