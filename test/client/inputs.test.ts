// The inputs of calls over a link, in the hands of a test that plays the supervisor.

import { expect, test } from "@jest/globals";
import { ClientConnection } from "../../src/client/connection.js";
import { Decoder, encode, type Invoke, type Message } from "../../src/protocol/index.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { settle, supervisorTwin } from "./supervisor-twin.js";

const ack = {
  type: "HandshakeAck",
  protocolVersion: 0x1_0000,
  capabilities: 11,
  serverId: Array<number>(16).fill(1),
  exportCount: 0,
} as const;

async function connected(capabilities = 11) {
  const [left, right] = createMemoryPair();
  const received: Message[] = [];
  const decoder = new Decoder();
  right.attach({
    data: (chunk) => received.push(...decoder.push(chunk)),
    drain: () => undefined,
    end: () => undefined,
    close: () => undefined,
  });
  right.resume();
  const client = new ClientConnection(left, createVirtualClock());
  const send = (message: Message): void => {
    right.write(encode(message), () => undefined);
  };
  send({ ...ack, capabilities });
  await client.ready;
  return { client, received, send, peer: right, types: () => received.map(({ type }) => type) };
}

function numbers(count: number) {
  const seen = { returned: 0 };
  const source = async function* () {
    try {
      for (let item = 0; item < count; item++) yield await Promise.resolve(item);
    } finally {
      seen.returned += 1;
    }
  };
  return { input: source(), seen };
}

test("StreamStart is the next frame after the Invoke that announces it; chunks and the total follow", async () => {
  const { client, received, send } = await connected();
  const answer = client.call("f", {}, { input: numbers(2).input, headers: { a: "b" } });
  await settle();
  expect(received.slice(1)).toMatchObject([
    { type: "Invoke", context: { headers: [["a", "b"], ["splice-input", "1"]] } }, // prettier-ignore
    { type: "StreamStart", requestId: 1, window: 64 },
    { type: "StreamChunk", requestId: 1, sequence: 0 },
    { type: "StreamChunk", requestId: 1, sequence: 1 },
    { type: "StreamEnd", requestId: 1, totalChunks: 2 },
  ]);
  send({ type: "InvokeResult", requestId: 1, result: new Uint8Array(0), durationUs: 1 });
  await expect(answer).resolves.toBeUndefined();
});

test("a call without input announces none, and a caller cannot announce one by hand", async () => {
  const { client, received } = await connected();
  client.call("f", {}, { headers: { a: "b" } }).catch(() => undefined);
  await settle();
  expect((received[1] as Invoke).context.headers).toEqual([["a", "b"]]);
  await expect(client.call("f", {}, { headers: { "Splice-Input": "1" } })).rejects.toMatchObject({
    code: 1000,
    message: expect.stringContaining("is the runtime's own"),
  });
  expect(received).toHaveLength(2);
});

test("acknowledgements let it go on, and the result ends it: the source is returned, nothing more is sent", async () => {
  const { client, received, send } = await connected();
  const { input, seen } = numbers(1000);
  const answer = client.call("f", {}, { input });
  await settle();
  expect(received).toHaveLength(3 + 64);
  send({ type: "StreamAck", requestId: 1, ackSequence: 31, window: 64 });
  await settle();
  expect(received).toHaveLength(3 + 96);
  send({ type: "InvokeResult", requestId: 1, result: new Uint8Array(0), durationUs: 1 });
  await answer;
  await settle();
  expect(seen.returned).toBe(1);
  expect(received).toHaveLength(3 + 96);
});

test("an acknowledgement that is against the rules closes the link", async () => {
  const { client, send } = await connected();
  const { input, seen } = numbers(3);
  const answer = client.call("f", {}, { input });
  await settle();
  send({ type: "StreamAck", requestId: 1, ackSequence: 9, window: 64 });
  await expect(answer).rejects.toMatchObject({ code: 3003 });
  expect(client.isOpen).toBe(false);
  expect(seen.returned).toBe(1);
});

test("a lost link ends the input with the call", async () => {
  const { client, peer } = await connected();
  const { input, seen } = numbers(1000);
  const answer = client.call("f", {}, { input });
  await settle();
  peer.destroy();
  await expect(answer).rejects.toMatchObject({ code: 3003 });
  await settle();
  expect(seen.returned).toBe(1);
});

test("a supervisor that does not take inputs is sent none", async () => {
  const { client, types } = await connected(3);
  const { input } = numbers(3);
  await expect(client.call("f", {}, { input })).rejects.toMatchObject({ code: 1000 });
  await settle();
  expect(types()).toEqual(["Handshake"]);
});

test("with retry it is refused before anything is sent, and the source is returned", async () => {
  const { splice, start, accepted } = supervisorTwin();
  await start();
  let returned = 0;
  const next = () => new Promise<IteratorResult<unknown>>(() => undefined);
  const iterator = { next, return: () => Promise.resolve({ done: true, value: (returned += 1) }) };
  const input = { [Symbol.asyncIterator]: () => iterator } as AsyncIterable<unknown>;
  await expect(splice.call("f", {}, { input, retry: { attempts: 2 } })).rejects.toMatchObject({ code: 1000 });
  expect(accepted[0]?.invokes()).toEqual([]);
  expect(returned).toBe(1);
});

test("a call that is never sent ends its input as well", async () => {
  const { splice, state, start, accepted, clock } = supervisorTwin();
  await start();
  state.isUp = false;
  accepted[0]?.peer.destroy();
  await settle();
  const { input, seen } = numbers(3);
  await input.next();
  const answer = splice.call("f", {}, { input, timeoutMs: 500 });
  answer.catch(() => undefined);
  clock.advance(600);
  await expect(answer).rejects.toMatchObject({ code: 2001 });
  expect(seen.returned).toBe(1);
});
