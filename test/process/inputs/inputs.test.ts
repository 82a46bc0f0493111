// Inputs down to real functions, from the program that has the supervisor and from one that is connected to it.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import type { SpliceConfig } from "../../../src/config/types.js";
import { closeLeftovers, fixtures, makeFolder, startSystem, type TestSystem, until } from "../harness.js";
import { RecordedSplice } from "../recorded-splice.js";

const functions = join(fixtures, "inputs/functions");

interface World {
  readonly system: TestSystem;
  readonly splice: RecordedSplice;
  /** Judges the history of what happened. */
  end(): Promise<void>;
}

const ways: [string, (config?: SpliceConfig) => Promise<World>][] = [
  [
    "embedded",
    async (config) => {
      const system = await startSystem({ functions, ...config }, { keyed: false });
      const splice = new RecordedSplice(system.splice, 0, system.records.host);
      const end = async (): Promise<void> => {
        await system.end();
      };
      return { system, splice, end };
    },
  ],
  [
    "through a socket",
    async (config) => {
      const folder = await makeFolder();
      const socket = join(folder, "s");
      const system = await startSystem({ functions, socket, ...config }, { keyed: false });
      const connected = await connect({ socket });
      const splice = new RecordedSplice(connected, 1, system.records.host);
      const end = async (): Promise<void> => {
        await system.atRest();
        await connected.close();
        await system.end();
        await rm(folder, { recursive: true, force: true });
      };
      return { system, splice, end };
    },
  ],
];

afterEach(closeLeftovers);

/** 0, 1, 2, …, and how often it was asked and returned. */
function numbers(count: number) {
  const seen = { asked: 0, returned: 0 };
  const source = async function* () {
    try {
      for (let item = 0; item < count; item++) {
        seen.asked += 1;
        yield await Promise.resolve(item);
      }
    } finally {
      seen.returned += 1;
    }
  };
  return { input: source(), seen };
}

describe.each(ways)("%s", (_, start) => {
  test("every kind of input is read to its end, and a call without one reads nothing", async () => {
    const { splice, end } = await start();
    const headers = { tenant: "a" };
    const expected = { total: 499_500, headers: [["tenant", "a"]] };
    expect(await splice.call("read.sum", {}, { input: numbers(1000).input, headers })).toEqual(expected);
    const list = Array.from({ length: 1000 }, (_item, at) => at);
    expect(await splice.call("read.sum", {}, { input: Readable.from(list), headers })).toEqual(expected);
    expect(await splice.call("read.sum", {}, { input: ReadableStream.from(list), headers })).toEqual(
      expected,
    );
    expect(await splice.call("read.sum")).toEqual({ total: 0, headers: [] });
    await end();
  });

  test("items go in and come out at the same time", async () => {
    const { splice, end } = await start();
    const { input, seen } = numbers(5000);
    const got: unknown[] = [];
    for await (const item of splice.stream("read.echo", {}, { input })) got.push(item);
    expect(got).toEqual(Array.from({ length: 5000 }, (_item, at) => at));
    expect(seen).toEqual({ asked: 5000, returned: 1 });
    await end();
  });

  test("an answer depends on the item before: neither side waits for the other's window", async () => {
    const { splice, end } = await start();
    let next: (value: number) => void = () => undefined;
    const source = async function* () {
      for (let turn = 0; turn < 300; turn++) {
        const answer = new Promise<number>((resolve) => (next = resolve));
        yield turn;
        expect(await answer).toBe(turn);
      }
    };
    let count = 0;
    for await (const item of splice.stream("read.echo", {}, { input: source() })) {
      count += 1;
      next(item as number);
    }
    expect(count).toBe(300);
    await end();
  });

  test("64 calls with chunks of 1 MiB in both directions at once do not hold each other up", async () => {
    const { splice, end } = await start({ pools: { app: { workers: 2 } } });
    const item = new Uint8Array(1_048_576 - 16).fill(7);
    const source = async function* () {
      for (let turn = 0; turn < 3; turn++) yield await Promise.resolve(item);
    };
    const lengths = await Promise.all(
      Array.from({ length: 64 }, async () => {
        let bytes = 0;
        for await (const each of splice.stream("read.echo", {}, { input: source() }))
          bytes += (each as Uint8Array).length;
        return bytes;
      }),
    );
    expect(lengths).toEqual(Array<number>(64).fill(3 * item.length));
    await end();
  });

  test("an input that throws is thrown in the function, and the caller gets what the function makes of it", async () => {
    const { splice, end } = await start();
    const source = async function* () {
      yield await Promise.resolve(1);
      throw new RangeError("the disk is gone");
    };
    expect(await splice.call("read.outcome", {}, { input: source() })).toEqual({
      count: 1,
      ended: "error",
      code: 2000,
      name: "ExecutionFailed",
      message: "the disk is gone",
    });
    const unreadable = Readable.from([new Map()]);
    expect(await splice.call("read.outcome", {}, { input: unreadable })).toMatchObject({
      count: 0,
      code: 1001,
    });
    await expect(splice.call("read.sum", {}, { input: source() })).rejects.toMatchObject({
      code: 2000,
      message: "the disk is gone",
    });
    await end();
  });

  test("a function that does not read makes the source wait; one that ends first has it returned", async () => {
    const { splice, end } = await start();
    const { input, seen } = numbers(1_000_000_000);
    const held = splice.call("read.hold", {}, { input });
    await until("the source has no credit left", () => seen.asked === 64);
    // Whatever could still be asked for would be by the time that another call has come back.
    await splice.call("read.pid");
    expect(seen.asked).toBe(64);
    await splice.call("read.first", {}, numbers(5));
    const other = numbers(1_000_000_000);
    expect(await splice.call("read.first", {}, other)).toBe(0);
    await until("the source is returned", () => other.seen.returned === 1);
    held.catch(() => undefined);
    await splice.call("read.release");
    await until("it reads on", () => seen.asked > 1000);
    await input.return(undefined);
    expect(await held).toBeGreaterThan(1000);
    await end();
  });

  test("a call that is aborted ends its input on both sides", async () => {
    const { system, splice, end } = await start();
    const gone = new AbortController();
    const idle = new Readable({ read: () => undefined, objectMode: true });
    const answer = splice.call("read.outcome", {}, { input: idle, signal: gone.signal });
    answer.catch(() => undefined);
    await until("it is dispatched", () => system.journal.of("dispatch").length === 1);
    gone.abort();
    await expect(answer).rejects.toMatchObject({ code: 2002 });
    await until("the source is destroyed", () => idle.destroyed);
    // The function waited for an item that is not to come: it has ended nevertheless.
    await system.atRest();
    await end();
  });

  test("a worker that dies ends the input with the call", async () => {
    const { system, splice, end } = await start();
    const { input, seen } = numbers(1_000_000_000);
    const answer = splice.call("read.hold", {}, { input });
    await until("the source has no credit left", () => seen.asked === 64);
    process.kill(await system.pid(), "SIGKILL");
    await expect(answer).rejects.toMatchObject({ code: 2003 });
    await until("the source is returned", () => seen.returned === 1);
    await end();
  });

  test("the input of a call that waits for a worker is read when there is one", async () => {
    const { system, splice, end } = await start({ restart: { backoffMs: [200] } });
    process.kill(await system.pid(), "SIGKILL");
    await until("the worker is gone", async () => (await system.workers())[0]?.pid === null);
    const { input, seen } = numbers(1000);
    const answer = splice.call("read.sum", {}, { input });
    await until("the first window is sent", () => seen.asked === 64);
    expect(await answer).toMatchObject({ total: 499_500 });
    await end();
  });

  test("params, and an item, over the supervisor's own frame limit are 1004 for that call alone", async () => {
    const { splice, end } = await start({ limits: { maxFrameBytes: 65_536 } });
    const large = new Uint8Array(70_000);
    const held = splice.call("read.hold");
    await expect(splice.call("read.outcome", { large })).rejects.toMatchObject({ code: 1004 });
    const input = Readable.from([1, large, 3]);
    expect(await splice.call("read.outcome", {}, { input })).toMatchObject({ count: 1, code: 1004 });
    await until("it is held", () => splice.call("read.release"));
    expect(await held).toBe(0);
    await end();
  });

  test("an input of the supervisor's own functions is refused with 1000, and is ended", async () => {
    const { splice, end } = await start();
    const input = new Readable({ read: () => undefined });
    await expect(splice.splice.call("splice.status", undefined, { input })).rejects.toMatchObject({
      code: 1000,
    });
    await until("it is destroyed", () => input.destroyed);
    await end();
  });
});
