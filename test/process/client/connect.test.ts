// connect() against real supervisors in processes of their own, which are killed, stopped and started again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import type { Splice } from "../../../src/contract/splice.js";
import type { SpliceError } from "../../../src/errors.js";
import { parseExecutionLog } from "../../../src/testing/history/expect-history.js";
import { fixtures, gone, makeFolder, root, until } from "../harness.js";

let folder = "";
let socket = "";
const children = new Set<ChildProcess>();
const handles = new Set<Splice>();

beforeEach(async () => {
  folder = await makeFolder();
  socket = join(folder, "s");
  await mkdir(join(folder, "functions"));
  const code = `export * from ${JSON.stringify(join(fixtures, "faults/functions/work.ts"))};\n`;
  await writeFile(join(folder, "functions/work.ts"), code);
});

afterEach(async () => {
  for (const handle of handles) await handle.close({ drainMs: 0 });
  handles.clear();
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await rm(folder, { recursive: true, force: true });
});

/** Starts `splice serve`; resolves when it is ready. */
async function serve(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), "serve", "--socket", socket], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", EXECUTION_LOG: join(folder, "execution.log") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.add(child);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until(`it serves (${said})`, () => {
    if (child.exitCode !== null) throw new Error(`splice serve ended: ${said}`);
    return said.includes("serving");
  });
  return child;
}

async function reach(options: { waitMs?: number } = {}): Promise<Splice> {
  const splice = await connect({ socket, ...options });
  handles.add(splice);
  return splice;
}

const outcome = (call: Promise<unknown>): Promise<SpliceError | { code: 0; value: unknown }> =>
  call.then(
    (value) => ({ code: 0 as const, value }),
    (error: unknown) => error as SpliceError,
  );

/** What work.echo was given. */
function valueOf(ended: SpliceError | { code: 0; value: unknown }): unknown {
  return "value" in ended ? (ended.value as { value: unknown }).value : undefined;
}

async function executions(): Promise<Map<string, number>> {
  const text = await readFile(join(folder, "execution.log"), "utf8").catch(() => "");
  const counts = new Map<string, number>();
  for (const event of parseExecutionLog(text))
    if (event.kind === "start") counts.set(event.key, (counts.get(event.key) ?? 0) + 1);
  return counts;
}

describe("nobody there", () => {
  test("is 3001 no-supervisor at once, naming the path", async () => {
    await expect(connect({ socket })).rejects.toMatchObject({
      code: 3001,
      name: "Unavailable",
      details: { reason: "no-supervisor" },
      message: expect.stringContaining(socket),
    });
  });

  test("waitMs keeps trying until there is somebody", async () => {
    const connecting = reach({ waitMs: 20_000 });
    await serve();
    expect(await (await connecting).call("work.echo", { key: "a", value: 1 })).toEqual({
      key: "a",
      value: 1,
    });
  });

  test("options that make no sense are named by path", async () => {
    const wrong: [unknown, string][] = [
      [{ sockets: socket }, "sockets"],
      [{ socket: "" }, "socket"],
      [{ socket: 7 }, "socket"],
      [{ socket: `/${"x".repeat(120)}` }, "socket"],
      [{ waitMs: -1 }, "waitMs"],
      [{ waitMs: "1s" }, "waitMs"],
    ];
    for (const [options, path] of wrong)
      await expect(connect(options as never)).rejects.toMatchObject({ name: "ConfigError", path });
  });

  test("a socket path that is a file or a directory is refused in a sentence", async () => {
    await writeFile(join(folder, "file"), "");
    for (const path of [join(folder, "file"), folder])
      await expect(connect({ socket: path })).rejects.toMatchObject({
        code: 3001,
        message: expect.stringContaining(path),
      });
  });
});

describe("one supervisor", () => {
  test("many calls on one connection, each with its own answer; status and exports as embedded", async () => {
    await serve();
    const splice = await reach();
    const calls = Array.from({ length: 500 }, (_, value) =>
      splice.call("work.echo", { key: `k${String(value)}`, value }),
    ).map((call) => outcome(call));
    const answers = await Promise.all(calls);
    // More than fit at once are refused by name; those that were taken have each their own answer.
    const answered = answers.filter((answer, at) => valueOf(answer) === at);
    expect(answers.filter(({ code }) => code === 3002)).toHaveLength(500 - answered.length);
    expect((await splice.exports()).map(({ name }) => name)).toContain("work.echo");
    const status = await splice.status();
    expect(status).toMatchObject({ state: "running", socket, calls: { ok: answered.length } });
    await splice.close();
    await expect(splice.call("work.echo")).rejects.toMatchObject({ details: { reason: "closed" } });
    expect(children.values().next().value?.exitCode).toBeNull();
  });

  test("an abort rejects at once; the function gets its cancel; close() waits for the calls under way", async () => {
    await serve();
    const splice = await reach();
    const controller = new AbortController();
    const hanging = outcome(splice.call("work.hang", { key: "h" }, { signal: controller.signal }));
    controller.abort("enough");
    expect(await hanging).toMatchObject({ code: 2002, cause: "enough" });
    const file = join(folder, "go");
    const holding = outcome(splice.call("work.hold", { key: "w", file }));
    await until("it runs", async () => (await executions()).has("w"));
    const closing = splice.close();
    await writeFile(file, "");
    expect(await holding).toMatchObject({ code: 0 });
    await closing;
  });

  test("splice.stop over a connection ends `splice serve` with exit 0, after the calls under way", async () => {
    const child = await serve();
    const splice = await reach();
    const file = join(folder, "go");
    const holding = outcome(splice.call("work.hold", { key: "w", file }));
    await until("it runs", async () => (await executions()).has("w"));
    const exited = once(child, "exit");
    expect(await splice.call("splice.stop", { drainMs: 20_000 })).toBeUndefined();
    expect(await outcome(splice.call("work.echo", { key: "x" }))).toMatchObject({
      code: 3001,
      details: { reason: "draining" },
    });
    await writeFile(file, "");
    expect(await holding).toMatchObject({ code: 0 });
    expect(await exited).toEqual([0, null]);
    expect((await executions()).get("x")).toBeUndefined();
  });

  test("a supervisor that stands still holds no call beyond its deadline", async () => {
    const child = await serve();
    const splice = await reach();
    child.kill("SIGSTOP");
    try {
      expect(await outcome(splice.call("work.echo", { key: "s" }, { timeoutMs: 200 }))).toMatchObject({
        code: 2001,
        functionName: "work.echo",
      });
    } finally {
      child.kill("SIGCONT");
    }
    expect(await splice.call("work.echo", { key: "t", value: 2 })).toEqual({ key: "t", value: 2 });
  });
});

describe("a supervisor that dies", () => {
  test("ends the calls under way with 3003, once each; later ones reach its successor, and none runs twice", async () => {
    const first = await serve();
    const splice = await reach();
    const before = await splice.status();
    const inFlight = Array.from({ length: 100 }, (_, n) =>
      outcome(splice.call("work.hang", { key: `a${String(n)}` })),
    );
    await until("they run", async () => (await executions()).size === 100);
    first.kill("SIGKILL");
    expect(new Set((await Promise.all(inFlight)).map(({ code }) => code))).toEqual(new Set([3003]));
    const later = Array.from({ length: 20 }, (_, n) =>
      outcome(splice.call("work.echo", { key: `b${String(n)}`, value: n })),
    );
    const hopeless = outcome(splice.call("work.echo", { key: "never" }, { timeoutMs: 20 }));
    expect(await hopeless).toMatchObject({ code: 2001, message: expect.stringContaining("not sent") });
    await serve();
    expect(await Promise.all(later)).toEqual(
      later.map((_, n) => ({ code: 0, value: { key: `b${String(n)}`, value: n } })),
    );
    const runs = await executions();
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    expect([runs.size, runs.has("never")]).toEqual([120, false]);
    expect((await splice.status()).serverId).not.toBe(before.serverId);
    for (const pool of before.pools) for (const { pid } of pool.workers) await gone(pid ?? 0);
  });

  test("200 clients that are cut off at once all come back, and each gets its answer", async () => {
    const first = await serve();
    const clients = await Promise.all(Array.from({ length: 200 }, () => reach({ waitMs: 10_000 })));
    first.kill("SIGKILL");
    await once(first, "exit");
    const calls = clients.map((splice, n) =>
      outcome(splice.call("work.echo", { key: `c${String(n)}`, value: n })),
    );
    await serve();
    const answers = await Promise.all(calls);
    const odd = answers.filter((answer, n) => valueOf(answer) !== n);
    expect(odd.every(({ code }) => code === 3003)).toBe(true);
    expect(odd.length).toBeLessThan(answers.length / 10);
    const runs = await executions();
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
  });
});
