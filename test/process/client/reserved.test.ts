// The supervisor's own functions, through the embedded handle and over the host socket of a real system.

import { writeFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import { decodeValue } from "../../../src/protocol/values.js";
import { closeLeftovers, isAlive, makeFolder, RawHost, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

const functions = "test/fixtures/faults/functions";

async function serve(options: { workers?: number; limits?: { maxInFlight: number } } = {}) {
  const folder = await makeFolder();
  return startSystem({
    pools: { app: { functions, workers: options.workers ?? 1 } },
    limits: options.limits,
    socket: `${folder}/s`,
  });
}

describe.each(["embedded", "over the socket"] as const)("%s", (way) => {
  async function reach(options?: Parameters<typeof serve>[0]) {
    const system = await serve(options);
    // Not the system's own host: reserved calls are outside the journal, and so outside the history.
    const host = await RawHost.open((await system.splice.status()).socket ?? "");
    let lastId = 0;
    const call = async (name: string, params: Record<string, unknown> = {}): Promise<unknown> => {
      if (way === "embedded") return system.splice.call(name, params).catch((error: unknown) => error);
      const requestId = ++lastId;
      host.invoke(requestId, name, params);
      const answer = await host.answer(requestId);
      if (answer.type === "InvokeResult") return decodeValue(answer.result);
      if (answer.type !== "InvokeError") return answer;
      const { code, message, details } = answer;
      return { code, message, details: details === null ? undefined : decodeValue(details) };
    };
    const end = async (): Promise<void> => {
      host.destroy();
      await system.end();
    };
    return { system, call, end, host };
  }

  test("status is the same picture, and counts no call", async () => {
    const { system, call, end } = await reach();
    const { state, pid, calls, pools } = (await call("splice.status")) as Awaited<
      ReturnType<typeof system.splice.status>
    >;
    expect({ state, pid, total: calls.total }).toEqual({ state: "running", pid: process.pid, total: 0 });
    expect(pools[0]?.workers).toMatchObject([{ id: "app:1", state: "ready" }]);
    expect((await system.splice.exports()).some(({ name }) => name.startsWith("splice."))).toBe(false);
    await end();
  });

  test("what there is not is 1002 with the near names; what does not fit is 1001 by path", async () => {
    const { call, end } = await reach();
    expect(await call("splice.statos")).toMatchObject({
      code: 1002,
      details: { suggestions: ["splice.status", "splice.stop"] },
    });
    expect(await call("splice.toString")).toMatchObject({ code: 1002 });
    const misfits = [
      ["splice.stop", { drainMs: -1 }, "params.drainMs"],
      ["splice.stop", { drainMs: "1s" }, "params.drainMs"],
      ["splice.stop", { drain: 1 }, "params.drain"],
      ["splice.status", { all: true }, "params.all"],
      ["splice.breaker", { function: "work.echo" }, "params.action"],
      ["splice.breaker", { function: "work.echo", action: "open" }, "params.action"],
      ["splice.breaker", { action: "trip" }, "params.function"],
      ["splice.breaker", { function: "work.ech", action: "trip" }, "params.function"],
      ["splice.breaker", { pool: "ap", action: "trip" }, "params.pool"],
      ["splice.kill", {}, "params.worker"],
      ["splice.kill", { worker: "app:2" }, "params.worker"],
    ] as const;
    for (const [name, params, path] of misfits) {
      const error = (await call(name, params)) as { code: number; details: unknown; message: string };
      expect(error).toMatchObject({ code: 1001, details: { issues: [{ path }] } });
      expect(error.message).toContain(path);
    }
    await end();
  });

  test("a call or a stream that is given an input is 1000, and the input is ended unread", async () => {
    const { system, end } = await reach();
    const { socket } = await system.splice.status();
    const splice = way === "embedded" ? system.splice : await connect({ socket: socket ?? "" });
    const seen: string[] = [];
    const input = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<unknown>>(() => undefined),
        return: () => {
          seen.push("returned");
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    const refusal = { code: 1000, message: expect.stringContaining("read none") };
    await expect(splice.call("splice.status", {}, { input })).rejects.toMatchObject(refusal);
    for (const name of ["splice.events", "splice.status"]) {
      const items = splice.stream(name, {}, { input })[Symbol.asyncIterator]();
      await expect(items.next()).rejects.toMatchObject(refusal);
    }
    expect(seen).toEqual(["returned", "returned", "returned"]);
    expect(await splice.call("splice.status")).toMatchObject({ state: "running" });
    if (splice !== system.splice) await splice.close();
    await end();
  });

  test("kill ends the named worker alone, and another takes its place", async () => {
    const { system, call, end } = await reach({ workers: 2 });
    const [first, second] = await system.ready();
    expect(await call("splice.kill", { worker: "app:2" })).toBeUndefined();
    const workers = await system.ready([second?.pid ?? 0]);
    expect(workers[0]?.pid).toBe(first?.pid);
    expect(isAlive(second?.pid ?? 0)).toBe(false);
    await end();
  });

  test("breaker refuses a function until it is reset, and no other", async () => {
    const { system, call, end } = await reach();
    expect(await call("splice.breaker", { function: "work.echo", action: "trip" })).toBeUndefined();
    expect(await system.call("work.echo")).toMatchObject({
      code: 3001,
      error: { details: { reason: "breaker-open", state: "forcedOpen", retryAfterMs: null } },
    });
    expect(await system.call("work.pid")).toMatchObject({ code: 0 });
    const { functions: drawn } = (await call("splice.status")) as Awaited<
      ReturnType<typeof system.splice.status>
    >;
    expect(drawn.flatMap(({ name, breaker }) => (breaker === null ? [] : [[name, breaker]]))).toEqual([
      ["work.echo", { state: "forcedOpen", retryAfterMs: null }],
    ]);
    expect(await call("splice.breaker", { function: "work.echo", action: "reset" })).toBeUndefined();
    expect(await system.call("work.echo")).toMatchObject({ code: 0 });
    await end();
  });

  test("outside the limits, drain refuses new calls, lets those under way end, and keeps the workers", async () => {
    const { system, call, end } = await reach({ limits: { maxInFlight: 1 } });
    const file = `${system.folder}/go`;
    const running = system.call("work.hold", { file });
    expect(await call("splice.drain")).toBeUndefined();
    expect(await system.call("work.pid")).toMatchObject({
      code: 3001,
      error: { details: { reason: "draining" } },
    });
    expect(await call("splice.status")).toMatchObject({ state: "draining", calls: { active: 1 } });
    await writeFile(file, "");
    expect(await running).toMatchObject({ code: 0 });
    await system.atRest();
    expect(await call("splice.status")).toMatchObject({ state: "draining" });
    expect((await system.workers()).map(({ state }) => state)).toEqual(["ready"]);
    await end();
  });

  test("stop is answered as the drain begins, and ends the supervisor when the drain is over", async () => {
    const { system, call, host } = await reach();
    const file = `${system.folder}/go`;
    const running = system.call("work.hold", { file });
    expect(await call("splice.stop", { drainMs: 20_000 })).toBeUndefined();
    expect((await system.splice.status()).state).toBe("draining");
    await writeFile(file, "");
    expect(await running).toMatchObject({ code: 0 });
    await until("it is stopped", async () => (await system.splice.status()).state === "stopped");
    await system.splice.close();
    host.destroy();
    if (way === "embedded")
      expect(await call("splice.status")).toMatchObject({ code: 3001, details: { reason: "closed" } });
    await system.endClosed();
  });
});
