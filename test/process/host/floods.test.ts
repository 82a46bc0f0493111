// Hosts that ask without measure on the real socket: calls opened and cancelled as fast as it takes them, control
// frames by the hundred thousand, answers that nobody reads. Rows 33, 64 and 65.

import { afterEach, describe, expect, test } from "@jest/globals";
import { encode, type Message } from "../../../src/protocol/index.js";
import { closeLeftovers, type TestSystem, until } from "../harness.js";
import { connectHost, hostFixtures, type HostPeer, startHosted } from "./raw-host.js";

afterEach(closeLeftovers);

const mebibyte = 1_048_576;

/** Calls one after the other until it is told to stop; the number of answers, all of them results. */
function keepCalling(host: HostPeer, functionName: string): () => Promise<number> {
  const state = { isOver: false };
  const calling = (async () => {
    let answers = 0;
    for (let id = 1; !state.isOver; id++, answers++) {
      host.invoke(id, functionName);
      await host.value(id);
      host.received.length = 0;
    }
    return answers;
  })();
  return () => {
    state.isOver = true;
    return calling;
  };
}

/** How many answers each call has got. */
function terminalCounts(host: HostPeer): Map<number | bigint, number> {
  const counts = new Map<number | bigint, number>();
  for (const message of host.received) {
    if (message.type !== "InvokeResult" && message.type !== "InvokeError") continue;
    if (message.requestId !== 0) counts.set(message.requestId, (counts.get(message.requestId) ?? 0) + 1);
  }
  return counts;
}

function closedHosts(system: TestSystem): readonly string[] {
  return system.log.map(({ message }) => message).filter((message) => message.includes("was closed"));
}

describe("calls that are opened and cancelled at once", () => {
  const limit = 100;
  const pairs = 50_000;

  async function startCounting(): Promise<TestSystem> {
    const command = [process.execPath, `${hostFixtures}/counting-worker.mjs`];
    // One slot is left for the neighbour, one for the question how many there were.
    return startHosted({
      pools: { count: { command } },
      limits: { maxInFlight: limit + 2, maxInFlightPerFunction: limit },
    });
  }

  /** `count` Invokes, each with its Cancel right behind it, in one write. */
  function writePairs(host: HostPeer, first: number, count: number): void {
    const frames: Uint8Array[] = [];
    for (let id = first; id < first + count; id++) {
      frames.push(encode(host.invocation(id, "count.linger")));
      host.history.push({ kind: "cancel", callerId: host.callerId, requestId: id, atMs: performance.now() });
      frames.push(encode({ type: "Cancel", requestId: id }));
    }
    host.write(Buffer.concat(frames));
  }

  async function peakOf(system: TestSystem): Promise<number> {
    const asking = await connectHost(system);
    asking.invoke(1, "count.peak");
    return (await asking.value(1)) as number;
  }

  test("50 000 of them: the worker never has more than the limit, each has one answer, a neighbour is served", async () => {
    const system = await startCounting();
    const [host, neighbour] = [await connectHost(system), await connectHost(system)];
    const stop = keepCalling(neighbour, "count.echo");
    for (let sent = 0; sent < pairs; sent += limit) {
      writePairs(host, sent + 1, limit);
      const received = 1 + 2 * (sent + limit);
      await until("all of them are answered", () => host.received.length >= received);
    }
    expect(await stop()).toBeGreaterThan(100);
    const counts = terminalCounts(host);
    expect(counts.size).toBe(pairs);
    expect(new Set(counts.values())).toEqual(new Set([1]));
    expect(host.received.every((message) => message.type !== "InvokeError" || message.code === 2002)).toBe(
      true,
    );
    const peak = await peakOf(system);
    expect(peak).toBeGreaterThanOrEqual(limit);
    expect(peak).toBeLessThanOrEqual(limit + 1);
    expect(system.journal.of("late")).toEqual([]);
    expect(closedHosts(system)).toEqual([]);
    await system.end();
  }, 60_000);

  test("the same without waiting for any answer: above the limit they are refused, and for Cancels of these it is closed", async () => {
    const system = await startCounting();
    const [host, neighbour] = [await connectHost(system), await connectHost(system)];
    const stop = keepCalling(neighbour, "count.echo");
    for (let sent = 0; sent < pairs; sent += 1000) writePairs(host, sent + 1, 1000);
    expect(await host.fatal()).toMatchObject({
      code: 1000,
      message: expect.stringMatching(/More than 1000 control frames/),
    });
    await system.atRest();
    expect(await stop()).toBeGreaterThan(0);
    const counts = terminalCounts(host);
    expect(new Set(counts.values())).toEqual(new Set([1]));
    expect(await peakOf(system)).toBeLessThanOrEqual(limit + 1);
    expect(closedHosts(system)).toHaveLength(1);
    await system.end();
  }, 60_000);
});

describe("control frames that nobody reads the replies of", () => {
  const floods: readonly (readonly [string, Message])[] = [
    ["HealthCheck", { type: "HealthCheck" }],
    ["ListExports", { type: "ListExports" }],
    ["Cancel", { type: "Cancel", requestId: 4_294_967_296 }],
  ];

  test.each(floods)("100 000 of %s: closed, without memory for them", async (_, message) => {
    const system = await startHosted();
    const [host, neighbour] = [await connectHost(system), await connectHost(system)];
    const one = encode(message);
    const flood = Buffer.alloc(100_000 * one.length);
    for (let at = 0; at < flood.length; at += one.length) flood.set(one, at);
    host.socket.pause();
    const before = process.memoryUsage().rss;
    let peak = 0;
    const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
    const stop = keepCalling(neighbour, "work.echo");
    host.write(flood);
    await until("it is sent away", () => closedHosts(system).length > 0);
    host.socket.resume();
    await host.closed;
    clearInterval(sampler);
    expect(await stop()).toBeGreaterThan(0);
    expect(closedHosts(system)).toEqual([expect.stringContaining("More than 1000 control frames")]);
    expect(peak - before).toBeLessThan(64 * mebibyte);
    await system.end();
  });

  test("fewer than 1 000 too, once 256 replies lie behind what the kernel takes for that host", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.socket.pause();
    host.invoke(1, "work.bytes", { count: 600_000 });
    await until("its answer lies there", () => system.journal.of("settle").length === 1);
    for (let round = 0; round < 30 && closedHosts(system).length === 0; round++) {
      host.send(...Array.from({ length: 33 }, () => ({ type: "HealthCheck" }) as const));
      // The supervisor lives in this process: after a turn or two of the loop it has read what was written.
      for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
    }
    expect(closedHosts(system)).toEqual([expect.stringContaining("256 replies")]);
    host.socket.resume();
    expect((await host.fatal()).code).toBe(1000);
    await system.end();
  });
});

test("50 000 calls that are refused, unread: only so many are looked at, and each gets its one refusal when it reads", async () => {
  const system = await startHosted();
  const [host, neighbour] = [await connectHost(system), await connectHost(system)];
  host.socket.pause();
  const calls = 50_000;
  const frames: Uint8Array[] = [];
  for (let id = 1; id <= calls; id++)
    frames.push(encode(host.invocation(id, "no.such", {}, { params: new Uint8Array(0) })));
  host.write(Buffer.concat(frames));
  const refusals = (): number => system.journal.of("reject").length;
  let last = 0;
  let id = 0;
  await until("no more of them are looked at", async () => {
    neighbour.invoke(++id, "work.echo");
    await neighbour.value(id);
    const isStill = refusals() === last && last > 0;
    last = refusals();
    return isStill;
  });
  expect(last).toBeLessThan(calls / 2);
  host.socket.resume();
  await until("all are refused", () => host.received.length === 1 + calls);
  const counts = terminalCounts(host);
  expect(counts.size).toBe(calls);
  await system.end();
});
