// The configured `verify`: who may call is decided in the supervisor, for the embedding program and for hosts alike,
// and what is refused never reaches a worker.

import { afterEach, describe, expect, test } from "@jest/globals";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { encode } from "../../../src/protocol/index.js";
import type { AuthContext } from "../../../src/protocol/messages.js";
import { encodeParams } from "../../../src/protocol/values.js";
import { closeLeftovers, fixtures, startSystem, until, type TestSystem } from "../harness.js";
import { connectHost, noContext, startHosted } from "../host/raw-host.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const ada = { userId: "ada", roles: ["admin"] };
const bob = { userId: "bob", roles: ["author"] };
const as = (auth: AuthContext | null) => ({ context: { ...noContext, auth } });

/** How many functions have begun, in all processes of the system. */
async function executions(system: TestSystem): Promise<number> {
  const text = await readFile(system.records.executionLogPath, "utf8");
  return text.split("\n").filter((line) => line.includes(" start ")).length;
}

describe("calls of the embedding program", () => {
  test("run or are refused by user, roles, headers and function; a refused one never ran", async () => {
    const system = await startSystem({
      functions,
      verify: (auth, headers, functionName) =>
        functionName === "work.pid" ||
        auth?.roles.includes("admin") === true ||
        headers.some(([name, value]) => name === "x-key" && value === "open"),
    });
    const refused = await Promise.all([
      system.call("work.echo"),
      system.call("work.echo", {}, { auth: bob }),
      system.call("work.echo", {}, { auth: { userId: 'ada"\u0000', roles: [] }, headers: { "x-key": "no" } }),
    ]);
    expect(refused.map(({ message }) => message)).toEqual([
      'The verifier does not let a caller without auth call "work.echo".',
      'The verifier does not let the user "bob" call "work.echo".',
      'The verifier does not let the user "ada\\"\\u0000" call "work.echo".',
    ]);
    for (const { error } of refused)
      expect(error).toMatchObject({ code: 1003, name: "Unauthorized", kind: "User", retryable: false });
    expect(refused[1].error?.details).toEqual({ userId: "bob" });
    expect(await executions(system)).toBe(0);
    const allowed = await Promise.all([
      system.call("work.pid"),
      system.call("work.echo", {}, { auth: ada }),
      system.call("work.echo", {}, { headers: { "x-key": "open" } }),
    ]);
    expect(allowed.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await executions(system)).toBe(3);
    await system.end();
  });

  test("a verifier that throws or rejects refuses all; the log has why, the caller has not", async () => {
    let isAsync = false;
    const system = await startSystem({
      functions,
      verify: () => {
        const error = new Error("password hunter2 was refused by the directory");
        if (isAsync) return Promise.reject(error);
        throw error;
      },
    });
    const outcomes = [await system.call("work.echo", {}, { auth: ada })];
    isAsync = true;
    outcomes.push(await system.call("work.echo", {}, { auth: ada }));
    for (const { error } of outcomes) {
      expect(error).toMatchObject({ code: 1003, details: { userId: "ada", reason: "verifier-failed" } });
      expect(error?.message).toContain("the verifier itself failed");
      expect(JSON.stringify([error, error?.message, error?.stack, error?.cause])).not.toContain("hunter2");
    }
    const told = system.log.filter(({ message }) => message.includes("The verifier failed"));
    expect(told).toHaveLength(2);
    for (const { level, message } of told)
      expect([level, message]).toEqual(["warn", expect.stringContaining("hunter2")]);
    expect(await executions(system)).toBe(0);
    await system.end();
  });

  test("slow verifiers hold slots, deadlines and aborts end what waits for them, and nothing of it runs later", async () => {
    const words: ((word: boolean) => void)[] = [];
    const system = await startSystem({
      functions,
      limits: { maxInFlight: 3 },
      verify: () => new Promise<boolean>((resolve) => words.push(resolve)),
    });
    const abort = new AbortController();
    const impatient = system.call("work.echo", {}, { timeoutMs: 50 });
    const aborted = system.call("work.echo", {}, { signal: abort.signal });
    const patient = system.call("work.echo");
    expect((await system.splice.status()).calls.active).toBe(3);
    expect(await system.call("work.echo")).toMatchObject({ code: 3002 });
    expect(words).toHaveLength(3);
    abort.abort();
    expect(await aborted).toMatchObject({ code: 2002, message: expect.stringContaining("before it ran") });
    expect(await impatient).toMatchObject({ code: 2001, message: expect.stringContaining("never ran") });
    // A worker that gets ready takes no call that is still being verified.
    process.kill(await system.pid(), "SIGKILL");
    await system.readyAfter(2);
    expect(system.journal.of("dispatch")).toHaveLength(0);
    for (const say of words) say(true);
    expect((await patient).code).toBe(0);
    expect(system.journal.of("dispatch")).toHaveLength(1);
    expect(await executions(system)).toBe(1);
    await system.end();
  });

  test("close ends at its drain's end what the verifier never let through", async () => {
    const system = await startSystem({ functions, verify: () => new Promise<boolean>(() => undefined) });
    const calls = [system.call("work.echo"), system.call("work.echo", {}, { timeoutMs: Infinity })];
    await system.splice.close({ drainMs: 30 });
    for (const { code, error } of await Promise.all(calls))
      expect([code, error?.details]).toEqual([2002, { reason: "draining" }]);
    expect(system.journal.of("dispatch")).toHaveLength(0);
    expect(await executions(system)).toBe(0);
    await system.endClosed();
  });

  test("the supervisor's own functions are asked about by nobody", async () => {
    const system = await startSystem({ functions, verify: () => false });
    expect(await system.splice.call("splice.status")).toMatchObject({ state: "running" });
    await system.end();
  });
});

describe("calls of hosts", () => {
  const onlyAdmins = (auth: AuthContext | null): boolean => auth?.roles.includes("admin") === true;

  test("each host's call is judged by what that host says of it", async () => {
    const system = await startHosted({ verify: (auth) => Promise.resolve(onlyAdmins(auth)) });
    const [first, second] = [await connectHost(system), await connectHost(system)];
    first.invoke(1, "work.echo", {}, as(ada));
    second.invoke(1, "work.echo", {}, as(bob));
    second.invoke(2, "work.echo");
    expect(await first.value(1)).toHaveProperty("key");
    expect(await second.failure(1)).toEqual({
      code: 1003,
      kind: "User",
      message: 'The verifier does not let the user "bob" call "work.echo".',
      details: { userId: "bob" },
    });
    expect((await second.failure(2)).code).toBe(1003);
    expect(await executions(system)).toBe(1);
    await system.end();
  });

  test("a host that cancels, or vanishes, while it is verified has nothing run", async () => {
    const words: ((word: boolean) => void)[] = [];
    const system = await startHosted({
      verify: () => new Promise<boolean>((resolve) => words.push(resolve)),
    });
    const [first, second] = [await connectHost(system), await connectHost(system)];
    first.invoke(1, "work.echo");
    second.invoke(1, "work.echo");
    await until("both are asked about", () => words.length === 2);
    first.cancel(1);
    second.destroy();
    expect((await first.failure(1)).code).toBe(2002);
    await system.atRest();
    for (const say of words) say(true);
    await system.end();
    expect(system.journal.of("dispatch")).toHaveLength(0);
  });

  test("a function that gives its caller a role gives it for that one call, in its own process alone", async () => {
    const isLetIn = (auth: AuthContext | null, name: string) => name === "work.promote" || onlyAdmins(auth);
    const system = await startHosted({ verify: (auth, _, name) => isLetIn(auth, name) });
    const host = await connectHost(system);
    host.invoke(1, "work.promote", {}, as(bob));
    expect(await host.value(1)).toMatchObject({ roles: ["author", "admin"] });
    host.invoke(2, "work.echo", {}, as(bob));
    expect(await host.failure(2)).toMatchObject({ code: 1003, details: { userId: "bob" } });
    await system.end();
  });
});

test("a worker that makes a call of its own, in an admin's name, is replaced, and nobody is asked", async () => {
  const asked: string[] = [];
  const system = await startSystem({
    pools: {
      app: { functions },
      forger: { command: [process.execPath, join(fixtures, "faults/worker.mjs")] },
    },
    restart: { backoffMs: [0] },
    verify: (auth, _, name) => asked.push(`${auth?.userId ?? "nobody"} ${name}`) > 0,
  });
  const bytes = encode({
    type: "Invoke",
    requestId: 1,
    functionName: "work.echo",
    params: encodeParams({ key: "forged" }),
    deadlineMs: 0,
    context: { ...noContext, auth: ada },
  });
  expect((await system.call("fake.raw", { bytes }, { auth: bob })).code).toBe(2003);
  expect(asked).toEqual(["bob fake.raw"]);
  expect(await executions(system)).toBe(1);
  await system.end();
});
