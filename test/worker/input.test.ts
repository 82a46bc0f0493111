// `ctx.input`: what the supervisor sends of an input, as a function reads it, over a real socket pair.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Context } from "../../src/contract/context-type.js";
import { messageOf } from "../../src/errors.js";
import type { Message } from "../../src/protocol/index.js";
import { encodeValue } from "../../src/protocol/values.js";
import { createLink } from "../../src/worker/link.js";
import { createRegistry } from "../../src/worker/registry.js";
import { createSession } from "../../src/worker/session.js";
import { emptyContext, invoke, Peer } from "./peer.js";

let folder: string;
let peer: Peer;
let supervisorSocket: Socket;
let faults: string[];

async function* echo(_: object, ctx: Context) {
  for await (const item of ctx.input) yield item;
}

const functions = {
  echo,
  collect: async (_: object, { input, headers }: Context) => {
    const items: unknown[] = [];
    try {
      for await (const item of input) items.push(item);
    } catch (error) {
      items.push(`${String((error as { code?: number }).code)} ${messageOf(error)}`);
    }
    return { items, headers };
  },
  first: async (_: object, { input }: Context) => {
    for await (const item of input) return item;
    return undefined;
  },
  hold: async (_: object, { signal }: Context) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    }),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-input-"));
  faults = [];
  const server = createServer().listen(join(folder, "s"));
  await once(server, "listening");
  const workerSocket = connect(join(folder, "s"));
  [supervisorSocket] = (await once(server, "connection")) as [Socket];
  server.close();
  peer = new Peer(supervisorSocket);
  const link = createLink(workerSocket, 4_000_000, {
    message: (message) => {
      session.receive(message);
    },
    fault: (error) => faults.push(messageOf(error)),
    gone: () => undefined,
  });
  const session = createSession({ link, dev: false, windowChunks: 4, finished: () => undefined });
  session.open();
  session.provide(createRegistry({ folder: "f", modules: [["index.ts", functions]] }));
  await peer.greet();
});

afterEach(async () => {
  supervisorSocket.destroy();
  await rm(folder, { recursive: true, force: true });
});

const withInput = {
  ...emptyContext,
  headers: [
    ["a", "1"],
    ["Splice-Input", "1"],
  ] as [string, string][],
};

const start = (requestId: number, window = 8): Message => ({ type: "StreamStart", requestId, window });
const chunk = (requestId: number, sequence: number, value: unknown = sequence): Message => ({
  type: "StreamChunk",
  requestId,
  sequence,
  data: encodeValue(value),
});
const end = (requestId: number, totalChunks: number): Message => ({
  type: "StreamEnd",
  requestId,
  totalChunks,
});

const failed: Message = { type: "StreamError", requestId: 1, code: 2000, message: "gone" };

function call(requestId: number, name: keyof typeof functions, ...frames: Message[]): void {
  peer.send(invoke(requestId, name, {}, { context: withInput }), ...frames);
}

async function fault(): Promise<string> {
  while (faults.length === 0) await new Promise(setImmediate);
  return faults[0] ?? "";
}

test("items come in order, and the runtime's own header is not among the caller's", async () => {
  call(1, "collect", start(1), chunk(1, 0, "a"), chunk(1, 1, { b: 1n }), end(1, 2));
  expect(await peer.result(1)).toEqual({ items: ["a", { b: 1 }], headers: [["a", "1"]] });
});

test("without an input it is empty", async () => {
  peer.invoke(1, "collect");
  expect(await peer.result(1)).toEqual({ items: [], headers: [] });
});

test("what was read is acknowledged, with the window that the start named", async () => {
  call(1, "collect", start(1, 2), chunk(1, 0));
  expect(await peer.next("StreamAck", 1)).toMatchObject({ ackSequence: 0, window: 2 });
  peer.send(chunk(1, 1));
  expect(await peer.next("StreamAck", 1)).toMatchObject({ ackSequence: 1, window: 2 });
  peer.send(end(1, 2));
  await peer.result(1);
});

test("what is not read is not acknowledged", async () => {
  call(1, "hold", start(1), chunk(1, 0), chunk(1, 1));
  peer.send({ type: "HealthCheck" });
  await peer.next("HealthStatus");
  peer.send({ type: "Cancel", requestId: 1 });
  await peer.error(1);
  expect(peer.received.some(({ type }) => type === "StreamAck")).toBe(false);
});

test("its error is thrown after the items before it, and the call goes on to its own end", async () => {
  const error: Message = { type: "StreamError", requestId: 1, code: 2000, message: "the disk is gone" };
  call(1, "collect", start(1), chunk(1, 0), error);
  expect(await peer.result(1)).toMatchObject({ items: [0, "2000 the disk is gone"] });
});

test("a function that reads when its call is cancelled waits no longer", async () => {
  call(1, "collect", start(1), chunk(1, 0));
  await peer.next("StreamAck", 1);
  peer.send({ type: "Cancel", requestId: 1 });
  expect(await peer.error(1)).toMatchObject({ code: 2002 });
});

test("what comes after the end of the call is dropped, and a function may leave its input unread", async () => {
  call(1, "first", start(1), chunk(1, 0, "only"));
  expect(await peer.result(1)).toBe("only");
  peer.send(chunk(1, 1), chunk(1, 2), end(1, 3), { type: "HealthCheck" });
  await peer.next("HealthStatus");
  expect(faults).toEqual([]);
});

test("both directions at once", async () => {
  call(1, "echo", start(1));
  for (let sequence = 0; sequence < 10; sequence++) {
    peer.send(chunk(1, sequence, `item ${String(sequence)}`));
    const out = await peer.next("StreamChunk", 1);
    expect(out.sequence).toBe(sequence);
    peer.send({ type: "StreamAck", requestId: 1, ackSequence: sequence, window: 4 });
  }
  peer.send(end(1, 10));
  expect(await peer.next("StreamEnd", 1)).toMatchObject({ totalChunks: 10 });
});

test.each<[string, Message[], RegExp]>([
  ["a chunk before the start", [chunk(1, 0)], /before its start/],
  ["a gap", [start(1), chunk(1, 1)], /chunk 1 came where 0 was due/],
  ["more than was granted", [start(1, 1), chunk(1, 0), chunk(1, 1)], /beyond the 0 that was granted/],
  ["a wrong total", [start(1), end(1, 1)], /total of 1 chunks after 0/],
  ["an error before the start", [failed], /failed before its start/],
  ["a chunk after the end", [start(1), end(1, 0), chunk(1, 0)], /came after the end of an input/],
  ["an error after the end", [start(1), end(1, 0), failed], /came after the end of an input/],
  ["a chunk after an error", [start(1), failed, chunk(1, 0)], /came after the end of an input/],
  ["a start of a call without input", [start(2)], /has no input/],
])("%s is a fault of the supervisor", async (_, frames, expected) => {
  peer.invoke(2, "hold");
  call(1, "hold", ...frames);
  expect(await fault()).toMatch(expected);
});
