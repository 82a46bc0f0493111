// Functions that take their worker down: each call in that process hears 2003, with the reason, and the next works
// (rows 4, 5, 6, 7 and 11).

import { afterEach, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeLeftovers, fixtures, gone, isAlive, startSystem, until, type TestSystem } from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const quick = { restart: { backoffMs: [0] } };

/** Runs `name` beside a neighbour in one process: both hear 2003, the next call works, the history is good. */
async function crash(system: TestSystem, name: string, params: Record<string, unknown> = {}) {
  const neighbour = system.call("work.hang");
  const culprit = await system.call(name, params);
  expect(culprit.code).toBe(2003);
  expect((await neighbour).code).toBe(2003);
  const next = await system.call("work.echo", { value: 1 });
  expect(next).toMatchObject({ code: 0, value: { value: 1 } });
  return culprit;
}

describe("a function that ends its process", () => {
  test("process.exit(0) inside a call is unexpected all the same (row 4)", async () => {
    const system = await startSystem({ functions, ...quick });
    const { error, message } = await crash(system, "harm.exit", { code: 0 });
    expect(message).toContain("ended unasked with exit code 0");
    expect(error?.details).toMatchObject({ exitCode: 0, signal: null });
    await system.end();
  });

  test.each([
    ["an uncaught exception", "harm.throwOutside"],
    ["an unhandled rejection", "harm.rejectOutside"],
  ])(
    "%s: 2003 for its call and its neighbours, with what it printed when developing (row 5)",
    async (_, name) => {
      const system = await startSystem({ functions, dev: true, ...quick });
      const { error, message } = await crash(system, name, { message: "thrown outside of the call" });
      expect(message).toContain("ended unasked with exit code 1");
      expect(error?.details).toMatchObject({
        stderrTail: expect.stringContaining("thrown outside of the call"),
      });
      expect(system.log).toContainEqual(
        expect.objectContaining({
          level: "warn",
          message: expect.stringContaining("thrown outside of the call"),
        }),
      );
      await system.end();
    },
  );

  // The pipe holds less than that, and the supervisor is too busy to read it.
  test("what it printed last is kept though nobody read meanwhile", async () => {
    const system = await startSystem({ functions, dev: true, ...quick });
    const crashing = crash(system, "harm.complainAndThrow", { lines: 1000 });
    await until("it complains", () => system.log.some(({ message }) => message.startsWith("complaint")));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    const { error } = await crashing;
    expect(error?.details).toMatchObject({ stderrTail: expect.stringContaining("the last straw") });
    await system.end();
  });

  test("what it printed last is kept up to 8 KiB, and stays away from callers outside of development (row 5)", async () => {
    const developing = await startSystem({ functions, dev: true, ...quick });
    const { error } = await crash(developing, "harm.complainAndThrow", { lines: 400 });
    const { stderrTail } = error?.details as { stderrTail: string };
    expect(stderrTail.length).toBeLessThanOrEqual(8192);
    expect(stderrTail).toContain("the last straw");
    expect(stderrTail).not.toContain("complaint 0 ");
    await developing.end();

    const serving = await startSystem({ functions, ...quick });
    const outside = await crash(serving, "harm.complainAndThrow", { lines: 1 });
    expect(JSON.stringify([outside.message, outside.error?.details])).not.toContain("straw");
    await serving.end();
  });

  test("abort is a death like another, and a stack overflow only an error of its call (row 6)", async () => {
    const system = await startSystem({ functions, ...quick });
    const { message } = await crash(system, "harm.abort");
    expect(message).toContain("SIGABRT");
    const neighbour = system.call("work.pid");
    const overflow = await system.call("harm.overflow");
    expect(overflow).toMatchObject({ code: 2000, error: { details: { name: "RangeError" } } });
    expect((await neighbour).code).toBe(0);
    expect(system.journal.of("spawn")).toHaveLength(2);
    await system.end();
  });

  test("heap exhausted: 2003 that names the memory and what to do; the supervisor's own stays (row 7)", async () => {
    const system = await startSystem({
      pools: { app: { functions, execArgv: ["--max-old-space-size=24"] } },
      ...quick,
    });
    const rssBefore = process.memoryUsage().rss;
    const { message } = await crash(system, "harm.eatMemory");
    expect(message).toContain("ran out of heap memory");
    expect(message).toContain("--max-old-space-size");
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(128 * 1024 * 1024);
    await system.end();
  }, 20_000);

  test("one after the other, ten times: all are replaced and none is left", async () => {
    const system = await startSystem({ functions, ...quick, breaker: { quarantineCrashes: 0 } });
    for (let round = 0; round < 10; round++) expect((await system.call("harm.kill")).code).toBe(2003);
    await system.readyAfter(11);
    expect(system.journal.of("spawn")).toHaveLength(11);
    await system.end();
  });
});

describe("a worker that started another process (row 11)", () => {
  test("dies: its calls end although the grandchild still holds its stdout, and the grandchild goes with it", async () => {
    const system = await startSystem({ functions, ...quick });
    const { value } = await system.call("harm.adopt");
    const grandchild = (value as { value: number }).value;
    expect(isAlive(grandchild)).toBe(true);
    const call = system.call("work.hang");
    process.kill(await system.pid(), "SIGKILL");
    expect((await call).code).toBe(2003);
    await gone(grandchild);
    expect((await system.call("work.echo")).code).toBe(0);
    await system.end();
  });

  test("is stopped in order: the grandchild goes with it", async () => {
    const system = await startSystem({ functions });
    const { value } = await system.call("harm.adopt");
    const grandchild = (value as { value: number }).value;
    await system.end();
    await gone(grandchild);
  });
});

describe("a worker that does not want to end", () => {
  test("deaf to SIGTERM with a call that never ends: SIGKILL follows, and close returns", async () => {
    const folder = await mkdtemp(join(tmpdir(), "st-"));
    const system = await startSystem({
      functions,
      shutdown: { drainMs: 20, shutdownMs: 20, terminateMs: 20 },
    });
    const call = system.call("harm.deaf", { file: join(folder, "pid") });
    await until("the function runs", () => system.journal.of("dispatch").length === 1);
    const pid = await system.pid();
    await system.splice.close();
    expect((await call).code).toBe(2002);
    expect(isAlive(pid)).toBe(false);
    await system.endClosed();
    await rm(folder, { recursive: true });
  });

  test("in a busy loop: close returns and nothing is left", async () => {
    const system = await startSystem({
      functions,
      shutdown: { drainMs: 20, shutdownMs: 20, terminateMs: 20 },
    });
    const call = system.call("harm.spin");
    await system.splice.close();
    expect((await call).code).toBe(2002);
    await system.endClosed();
  });
});
