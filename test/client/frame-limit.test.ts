// What a client knows of its supervisor's frame limit, against a supervisor that the test plays.

import { expect, test } from "@jest/globals";
import { ClientConnection } from "../../src/client/connection.js";
import { frameLimitIn } from "../../src/client/frame-limit.js";
import { Decoder, encode, type Invoke, type Message } from "../../src/protocol/index.js";
import { encodeValue } from "../../src/protocol/values.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { settle } from "./supervisor-twin.js";

const exported = { name: "f", isAsync: true, isStreaming: false, paramsSchema: "{}", returnSchema: "{}" };

/** `answer` is what the supervisor says to the question; null: nothing at all. */
async function connected(answer: ((question: Invoke) => Message) | null) {
  const [left, right] = createMemoryPair();
  const received: Message[] = [];
  const decoder = new Decoder();
  const send = (message: Message): void => {
    right.write(encode(message), () => undefined);
  };
  const answers: Record<string, (message: Message) => void> = {
    Handshake: () => {
      const serverId = Array<number>(16).fill(1);
      send({ type: "HandshakeAck", protocolVersion: 0x1_0000, capabilities: 11, serverId, exportCount: 1 });
    },
    ListExports: () => {
      send({ type: "ListExportsResult", exports: [exported] });
    },
    Invoke: (message) => {
      const invoke = message as Invoke;
      if (invoke.functionName !== "splice.status")
        send({
          type: "InvokeResult",
          requestId: invoke.requestId,
          result: encodeValue("done"),
          durationUs: 1,
        });
      else if (answer !== null) send(answer(invoke));
    },
  };
  right.attach({
    data: (chunk) => {
      for (const message of decoder.push(chunk)) {
        received.push(message);
        answers[message.type]?.(message);
      }
    },
    drain: () => undefined,
    end: () => undefined,
    close: () => undefined,
  });
  right.resume();
  const client = new ClientConnection(left, createVirtualClock());
  await client.ready;
  return { client, of: (type: string) => received.filter((message) => message.type === type) };
}

const status = (value: unknown) => (question: Invoke) =>
  ({
    type: "InvokeResult",
    requestId: question.requestId,
    result: encodeValue(value),
    durationUs: 1,
  }) as const;
const tellsLimit = status({ limits: { maxFrameBytes: 65_536 } });

test("is asked for once, with an id that no call has, and before the client is ready", async () => {
  const { client, of } = await connected(tellsLimit);
  await client.exports();
  expect(await client.call("f", {})).toBe("done");
  const ids = of("Invoke").map((message) => (message as Invoke).requestId);
  expect(ids).toEqual([Number.MAX_SAFE_INTEGER, 1]);
});

test("params above it are 1004 and are not sent; the link and its other calls go on", async () => {
  const { client, of } = await connected(tellsLimit);
  const all = await Promise.all([
    client.call("f", { bytes: new Uint8Array(65_000) }),
    client.call("f", { bytes: new Uint8Array(66_000) }).catch((error: unknown) => error),
    client.call("f", { bytes: new Uint8Array(1) }),
  ]);
  expect(all).toEqual(["done", expect.objectContaining({ code: 1004, functionName: "f" }), "done"]);
  expect([client.isOpen, of("Invoke").length]).toEqual([true, 3]);
});

test("an item of an input above it ends the input with 1004, and nothing else", async () => {
  const { client, of } = await connected(tellsLimit);
  const input = {
    async *[Symbol.asyncIterator]() {
      yield await Promise.resolve(new Uint8Array(66_000));
    },
  };
  const items = client.call("f", {}, { input });
  await settle();
  expect(of("StreamError")).toMatchObject([{ code: 1004 }]);
  expect(await items).toBe("done");
  expect(client.isOpen).toBe(true);
});

test.each([
  ["refuses the question", (question: Invoke): Message => refusal(question)],
  ["has a status without it", status({ state: "running" })],
  ["answers with no status at all", status("what?")],
  ["never answers", null],
])("of a supervisor that %s is the protocol's own", async (_, answer) => {
  const { client } = await connected(answer);
  const bytes = new Uint8Array(200_000);
  expect(await client.call("f", { bytes })).toBe("done");
  await expect(client.call("f", { bytes: new Uint8Array(104_857_600) })).rejects.toMatchObject({
    code: 1004,
  });
});

test("is read from what may be anything", () => {
  const whole = 104_857_600;
  const read = (maxFrameBytes: unknown) => frameLimitIn(encodeValue({ limits: { maxFrameBytes } }));
  expect([1024, whole + 1, 0, -1, 1.5, "1024", null].map(read)).toEqual([
    1024,
    ...Array<number>(6).fill(whole),
  ]);
  expect(frameLimitIn(Uint8Array.of(0xc1))).toBe(whole);
});

function refusal({ requestId }: Invoke): Message {
  return { type: "InvokeError", requestId, code: 1002, kind: "User", message: "no such", details: null };
}
