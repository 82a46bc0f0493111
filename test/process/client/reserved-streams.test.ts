// The supervisor's own streams, through the embedded handle and over the host socket of a real system.

import { writeFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import type { LogLine } from "../../../src/contract/reserved-streams.js";
import type { Splice, StreamOptions } from "../../../src/contract/splice.js";
import type { LifecycleEvent } from "../../../src/contract/status.js";
import { decodeValue } from "../../../src/protocol/values.js";
import { closeLeftovers, makeFolder, RawHost, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

async function serve(limits: { maxInFlight?: number } = {}) {
  const folder = await makeFolder();
  const pools = { app: { functions: "test/fixtures/faults/functions", workers: 1 } };
  const system = await startSystem({ pools, limits, socket: `${folder}/s` });
  return { system, socket: `${folder}/s` };
}

/** Reads a stream into `items`; `end` is how it ended: "done", or the code of its error. */
function reading(splice: Splice, name: string, params?: unknown, options?: StreamOptions) {
  const state: { items: unknown[]; end: string | undefined } = { items: [], end: undefined };
  const stream = splice.stream(name, params, options);
  void (async () => {
    for await (const item of stream) state.items.push(item);
  })().then(
    () => (state.end = "done"),
    (error: unknown) => (state.end = String((error as { code?: unknown }).code)),
  );
  return state;
}

const typesOf = (items: readonly unknown[]) => items.map((item) => (item as LifecycleEvent).type);

describe.each(["embedded", "over a connection"] as const)("%s", (way) => {
  async function reach(limits?: { maxInFlight?: number }) {
    const { system, socket } = await serve(limits);
    const splice = way === "embedded" ? system.splice : await connect({ socket });
    const end = async (): Promise<void> => {
      if (way !== "embedded") await splice.close();
      await system.end();
    };
    /** Resolves when a stream that is open now hears of it. */
    const answered = (): Promise<unknown> => splice.status();
    return { system, splice, end, answered };
  }

  test("splice.events tells what happens, counts as no call, and ends with the drain's end", async () => {
    const { system, splice, answered } = await reach({ maxInFlight: 1 });
    const events = reading(splice, "splice.events");
    const second = reading(splice, "splice.events");
    await answered();
    const [worker] = await system.ready();
    await splice.call("splice.kill", { worker: "app:1" });
    await system.ready([worker?.pid ?? 0]);
    await until("the events are there", () => events.items.length >= 2);
    expect(events.items).toMatchObject([
      { type: "worker.exited", worker: "app:1", pid: worker?.pid, atMs: expect.any(Number) },
      { type: "worker.ready", worker: "app:1" },
    ]);
    expect(await system.call("work.pid")).toMatchObject({ code: 0 });
    expect((await splice.status()).calls).toMatchObject({ total: 1, active: 0 });
    await splice.call("splice.stop", {});
    await until("both have ended", () => events.end !== undefined && second.end !== undefined);
    expect([events.end, second.end]).toEqual(["done", "done"]);
    expect(typesOf(events.items).slice(2)).toEqual(["supervisor.draining", "worker.exited"]);
    expect(second.items).toEqual(events.items);
    if (way !== "embedded") await splice.close();
    await system.splice.close();
    await system.endClosed();
  });

  test("a drain waits for a call and not for a stream, which hears of it to the end", async () => {
    const { system, splice, answered } = await reach();
    const file = `${system.folder}/go`;
    const running = system.call("work.hold", { file });
    const logs = reading(splice, "splice.logs", { follow: true });
    const events = reading(splice, "splice.events");
    await answered();
    await splice.call("splice.stop", { drainMs: 20_000 });
    await until("the drain is told", () => typesOf(events.items).includes("supervisor.draining"));
    expect([logs.end, events.end]).toEqual([undefined, undefined]);
    await writeFile(file, "");
    expect(await running).toMatchObject({ code: 0 });
    await until("both have ended", () => logs.end !== undefined && events.end !== undefined);
    expect([logs.end, events.end]).toEqual(["done", "done"]);
    if (way !== "embedded") await splice.close();
    await system.splice.close();
    await system.endClosed();
  });

  test("splice.logs gives the tail, and goes on with what is logged; a cancel and a deadline end it", async () => {
    const { system, splice, end, answered } = await reach();
    for (let n = 0; n < 5; n++) system.splice.log.info(`line ${String(n)}`, { n });
    system.splice.log.debug("not kept");
    const tail = reading(splice, "splice.logs", { tail: 2 });
    await until("it ends", () => tail.end === "done");
    expect(tail.items).toMatchObject([
      { level: "info", worker: null, message: "line 3", fields: { n: 3 } },
      { level: "info", worker: null, message: "line 4", fields: { n: 4 }, atMs: expect.any(Number) },
    ]);
    const controller = new AbortController();
    const followed = reading(splice, "splice.logs", { follow: true, tail: 1 }, controller);
    const timed = reading(splice, "splice.logs", { follow: true, tail: 0 }, { timeoutMs: 300 });
    await until("the last line is there", () => followed.items.length === 1);
    await answered();
    system.splice.log.warn("odd", { worker: "app:1" });
    await until("the next line is there", () => followed.items.length === 2);
    expect(followed.items[1]).toMatchObject({ level: "warn", worker: "app:1", message: "odd", fields: {} });
    controller.abort();
    await until("both have ended", () => followed.end !== undefined && timed.end !== undefined);
    expect([followed.end, timed.end]).toEqual(["2002", "2001"]);
    expect(timed.items).toHaveLength(1);
    await end();
  });

  test("a slow reader loses the oldest lines and is told how many", async () => {
    const { system, splice, end, answered } = await reach();
    const stream = splice.stream("splice.logs", { follow: true, tail: 0 });
    const items = stream[Symbol.asyncIterator]();
    const first = items.next();
    await answered();
    for (let n = 0; n < 3000; n++) system.splice.log.info("line", { n });
    const lines = [(await first).value as LogLine];
    while (lines.at(-1)?.fields["n"] !== 2999) lines.push((await items.next()).value as LogLine);
    const [lost, ...more] = lines.filter(({ fields }) => "dropped" in fields);
    expect(more).toEqual([]);
    const dropped = Number(lost?.fields["dropped"]);
    expect(lost).toMatchObject({
      level: "warn",
      worker: null,
      message: expect.stringContaining(`${String(dropped)} lines dropped`),
    });
    expect(dropped).toBeGreaterThan(1000);
    expect(lines.length - 1 + dropped).toBe(3000);
    const numbers = lines.flatMap(({ fields }) => (typeof fields["n"] === "number" ? [fields["n"]] : []));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    await items.return?.();
    await end();
  });

  test("what does not fit is refused by path, and a plain call by what to do instead", async () => {
    const { splice, end } = await reach();
    const misfits = [
      ["splice.logs", { tail: -1 }, "params.tail"],
      ["splice.logs", { tail: 1.5 }, "params.tail"],
      ["splice.logs", { tail: "5" }, "params.tail"],
      ["splice.logs", { follow: 1 }, "params.follow"],
      ["splice.logs", { level: "info" }, "params.level"],
      ["splice.events", { all: true }, "params.all"],
    ] as const;
    for (const [name, params, path] of misfits) {
      await expect(splice.stream(name, params)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        code: 1001,
        message: expect.stringContaining(path),
      });
    }
    await expect(splice.call("splice.events")).rejects.toMatchObject({
      code: 1001,
      message: expect.stringContaining("stream()"),
    });
    await end();
  });
});

describe("a host on its own", () => {
  async function host(capabilities = 3) {
    const { system, socket } = await serve();
    // Not the system's own host: reserved calls are outside the journal, and so outside the history.
    const raw = await RawHost.open(socket, { capabilities });
    const of = (type: string) => raw.received.filter((message) => message.type === type);
    const end = async (): Promise<void> => {
      raw.destroy();
      await system.end();
    };
    return { system, raw, of, end };
  }

  test("that does not stream gets 1000 for that call alone", async () => {
    const { raw, end } = await host(2);
    raw.invoke(1, "splice.events");
    expect(await raw.answer(1)).toMatchObject({ type: "InvokeError", code: 1000 });
    raw.invoke(2, "splice.status");
    expect(await raw.answer(2)).toMatchObject({ type: "InvokeResult" });
    await end();
  });

  test("gets as many as it acknowledges; its Shutdown ends its streams, and then the connection", async () => {
    const { system, raw, of, end } = await host();
    for (let n = 0; n < 200; n++) system.splice.log.info("line", { n });
    raw.invoke(1, "splice.logs", { follow: true, tail: 200 });
    raw.invoke(2, "splice.events");
    await until("the window is full", () => of("StreamChunk").length === 64);
    raw.send({ type: "StreamAck", requestId: 1, ackSequence: 63, window: 10 });
    await until("what it allowed is there", () => of("StreamChunk").length === 74);
    const data = raw.received.flatMap((each) =>
      each.type === "StreamChunk" ? [decodeValue(each.data)] : [],
    );
    expect(data.map((line) => (line as LogLine).fields["n"])).toEqual(
      Array.from({ length: 74 }, (_, n) => n),
    );
    raw.send({ type: "Shutdown" });
    await until("it is closed", () => raw.isClosed);
    expect(raw.received.slice(-3)).toEqual([
      { type: "StreamEnd", requestId: 1, totalChunks: 74 },
      { type: "StreamEnd", requestId: 2, totalChunks: 0 },
      { type: "ShutdownAck" },
    ]);
    await end();
  });

  test("may cancel one as any call, use its id again, and not use it twice at once", async () => {
    const { raw, of, end } = await host();
    raw.invoke(1, "splice.events");
    await until("it has begun", () => of("StreamStart").length === 1);
    raw.send({ type: "Cancel", requestId: 1 });
    await until("it is over", () => of("StreamError").length === 1);
    expect(raw.received.slice(-2)).toMatchObject([
      { type: "CancelAck", requestId: 1 },
      { type: "StreamError", requestId: 1, code: 2002 },
    ]);
    raw.invoke(1, "splice.events");
    await until("it has begun again", () => of("StreamStart").length === 2);
    raw.invoke(1, "splice.events");
    await until("it is closed", () => raw.isClosed);
    expect(raw.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
    await end();
  });

  test("that acknowledges what it was never sent is closed", async () => {
    const { raw, of, end } = await host();
    raw.invoke(1, "splice.events");
    await until("it has begun", () => of("StreamStart").length === 1);
    raw.send({ type: "StreamAck", requestId: 1, ackSequence: 3, window: 10 });
    await until("it is closed", () => raw.isClosed);
    expect(raw.received.at(-1)).toMatchObject({ type: "InvokeError", requestId: 0, code: 1000 });
    await end();
  });
});
