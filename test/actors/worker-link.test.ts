import { describe, expect, test } from "@jest/globals";
import { ProcessRegistry } from "../../src/actors/process-registry.js";
import { createWorkerLinkActor } from "../../src/actors/worker-link.js";
import { Decoder, encode, type Message } from "../../src/protocol/index.js";
import { smallestMaxFrameBytes } from "../../src/protocol/limits.js";
import { protocolVersion } from "../../src/protocol/messages.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { instanceInput, playedEntry, runUnderParent } from "./under-parent.js";

const maxFrameBytes = 100_000;
const handshake = (change: Partial<Extract<Message, { type: "Handshake" }>> = {}): Message => ({
  type: "Handshake",
  protocolVersion,
  role: "Worker",
  capabilities: 0b10,
  maxFrameSize: 50_000,
  ...change,
});
const exportsList = (...names: string[]): Message => ({
  type: "ListExportsResult",
  exports: names.map((name) => ({
    name,
    isAsync: false,
    isStreaming: false,
    paramsSchema: "{}",
    returnSchema: "{}",
  })),
});
const result = (requestId: number, bytes = 0): Message => ({
  type: "InvokeResult",
  requestId,
  result: new Uint8Array(bytes),
  durationUs: 5,
});

/** A link actor and, at the other end of its duplex, a worker in the hands of the test. */
function connectLink(options: { isBusy?: boolean; onResult?: () => void } = {}) {
  const clock = createVirtualClock();
  const registry = new ProcessRegistry();
  const [ours, theirs] = createMemoryPair();
  const entry = playedEntry(registry, Promise.resolve(ours));
  const heard: string[] = [];
  const faults: unknown[] = [];
  const actor = runUnderParent(
    createWorkerLinkActor({
      clock,
      registry,
      maxFrameBytes,
      serverId: new Array<number>(16).fill(7),
      onResult: (instance, requestId) => {
        options.onResult?.();
        heard.push(`result ${String(requestId)} of ${String(instance)}`);
      },
      onError: (instance, error) => heard.push(`error ${String(error.requestId)} of ${String(instance)}`),
      onStream: (_, message) => heard.push(`${message.type} ${String(message.requestId)}`),
      onLog: (_entry, event) => heard.push(`log ${event.message}`),
      isBusy: () => options.isBusy ?? false,
      onFault: (error) => faults.push(error),
    }),
    instanceInput(),
  );
  const decoder = new Decoder();
  const received: Message[] = [];
  let onReceived: () => void = () => undefined;
  let isEnded = false;
  theirs.attach({
    data: (chunk) => {
      received.push(...decoder.push(chunk));
      onReceived();
    },
    drain: () => undefined,
    end: () => {
      isEnded = true;
      onReceived();
    },
    close: () => undefined,
  });
  theirs.resume();
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) await new Promise<void>((resolve) => (onReceived = resolve));
  };
  return {
    actor,
    clock,
    entry,
    faults,
    heard,
    received,
    worker: theirs,
    say: (...messages: Message[]) => {
      theirs.write(Buffer.concat(messages.map(encode)), () => undefined);
    },
    sayBytes: (bytes: Uint8Array) => {
      theirs.write(bytes, () => undefined);
    },
    gets: async (type: Message["type"]) => {
      await until(() => received.some((message) => message.type === type));
      return received.find((message) => message.type === type);
    },
    ended: () => until(() => isEnded),
  };
}

async function openLink(options: Parameters<typeof connectLink>[0] = {}) {
  const link = connectLink(options);
  link.say(handshake());
  await link.gets("ListExports");
  link.say(exportsList("f"));
  await link.actor.heard("exports.listed");
  return link;
}

describe("handshake", () => {
  test("is answered with the common capabilities and our id; then the exports are asked for", async () => {
    const link = connectLink();
    link.say(handshake({ capabilities: 0xffff }));
    await link.gets("ListExports");
    expect(link.received).toMatchObject([
      { type: "HandshakeAck", protocolVersion, capabilities: link.entry.capabilities, exportCount: 0 },
      { type: "ListExports" },
    ]);
    link.say(exportsList("f", "g"));
    await link.actor.heard("exports.listed");
    expect(link.actor.types).toEqual(["link.opened", "exports.listed"]);
    expect(link.entry.outbox?.maxFrameBytes).toBe(50_000);
  });

  test.each([
    ["another version", { protocolVersion: 0x20000 }, /both have to speak the same version/],
    ["a host's role", { role: "Host" as const }, /says that it is a Host/],
  ])("with %s is refused in words, on the link and to the machine", async (_what, change, reason) => {
    const link = connectLink();
    link.say(handshake(change));
    const refusal = await link.actor.heard("handshake.refused");
    expect(refusal["reason"]).toMatch(reason);
    expect(await link.gets("InvokeError")).toMatchObject({ requestId: 0, code: 1000 });
    expect(link.actor.types).not.toContain("exports.listed");
  });

  test.each(["splice", "splice.status"])("a worker that exports %s is refused", async (name) => {
    const link = connectLink();
    link.say(handshake());
    await link.gets("ListExports");
    link.say(exportsList("f", name));
    const refusal = await link.actor.heard("handshake.refused");
    expect(refusal["reason"]).toContain(JSON.stringify(name));
  });

  test("a name that only begins like the reserved one is nobody's", async () => {
    const link = connectLink();
    link.say(handshake());
    await link.gets("ListExports");
    link.say(exportsList("splicer.f"));
    await link.actor.heard("exports.listed");
  });

  test("a frame of a stranger may have 64 KiB; after the handshake the configured limit holds at once", async () => {
    const stranger = connectLink();
    const header = Buffer.alloc(5);
    header.writeUInt32BE(65_537);
    header[4] = 0x01;
    stranger.sayBytes(header);
    await stranger.actor.heard("link.breached");
    const link = await openLink();
    link.say(result(1, 90_000));
    link.say({ type: "LogEvent", level: "info", message: "after", fields: [] });
    await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
    expect(link.actor.types).not.toContain("link.breached");
    expect(link.heard[0]).toBe("result 1 of 1");
  });
});

describe("an open link", () => {
  test("parts what comes: calls to dispatch, logs to the log, health to whoever asked", async () => {
    const link = await openLink();
    const seen: string[] = [];
    const answered = new Promise<void>((resolve) => {
      link.entry.onHealthStatus = (status) => {
        seen.push(status.type);
        resolve();
      };
    });
    link.say(
      result(1),
      { type: "InvokeError", requestId: 2, code: 2000, kind: "User", message: "no", details: null },
      { type: "LogEvent", level: "info", message: "hello", fields: [] } as unknown as Message,
      { type: "CancelAck", requestId: 1 },
      { type: "HealthStatus", uptimeMs: 1, activeRequests: 0, totalRequests: 0 },
    );
    await answered;
    expect(link.heard.slice(0, 2)).toEqual(["result 1 of 1", "error 2 of 1"]);
    expect(link.heard[2]).toBe("log hello");
    expect(seen).toEqual(["HealthStatus"]);
    expect(link.actor.types.slice(3)).toEqual([]);
  });

  test("says Shutdown when it is told to", async () => {
    const link = await openLink();
    link.actor.send({ type: "link.shutdown" });
    await link.gets("Shutdown");
  });

  test("reports its clean end, and what was said before it is heard first", async () => {
    const link = await openLink();
    link.say(result(3));
    link.worker.end();
    expect(await link.actor.heard("link.closed")).toMatchObject({ reason: "it closed its link" });
    expect(link.heard).toEqual(["result 3 of 1"]);
  });

  test("reports an end inside a frame, and delivers the whole frames before it", async () => {
    const link = await openLink();
    link.sayBytes(Buffer.concat([encode(result(1)), encode(result(2)).subarray(0, 9)]));
    link.worker.end();
    await link.actor.heard("link.closed");
    expect(link.heard).toEqual(["result 1 of 1"]);
  });

  test("a frame that does not end in its time is a breach of an idle worker, not of a busy one", async () => {
    for (const isBusy of [false, true]) {
      const link = await openLink({ isBusy });
      link.sayBytes(encode(result(1)).subarray(0, 9));
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      link.clock.advance(60_000);
      expect(link.actor.types.includes("link.breached")).toBe(!isBusy);
      link.actor.stop();
    }
  });

  test("a fault of our own while a message is handled is ours, not the worker's", async () => {
    const link = await openLink({
      onResult: () => {
        throw new Error("our mistake");
      },
    });
    link.say(result(1));
    link.worker.end();
    await link.actor.heard("link.closed");
    expect(link.faults).toMatchObject([{ message: "our mistake" }]);
    expect(link.actor.types).not.toContain("link.breached");
  });

  test("is destroyed with its actor, and reports nothing after that", async () => {
    const link = await openLink();
    const before = link.actor.types.length;
    link.actor.stop();
    await link.ended();
    expect([link.entry.outbox, link.actor.types.length, link.clock.timerCount]).toEqual([null, before, 0]);
  });

  test("that comes up after its actor has gone is destroyed", async () => {
    const link = connectLink();
    link.actor.stop();
    await link.ended();
    expect(link.actor.types).toEqual([]);
  });
});

describe("breaches: told on the link, reported once, and nothing said after them is heard", () => {
  const cases: [string, Message, RegExp][] = [
    ["a second Handshake", handshake(), /second Handshake/],
    ["exports nobody asked for", exportsList("x"), /listed exports unasked/],
    ["a message of the other role", { type: "HealthCheck" }, /sent HealthCheck/],
    ["an Invoke", { type: "Shutdown" }, /sent Shutdown/],
  ];
  test.each(cases)("%s", async (_what, message, reason) => {
    const link = await openLink();
    link.say(message, result(9), message);
    expect((await link.actor.heard("link.breached"))["reason"]).toMatch(reason);
    expect(await link.gets("InvokeError")).toMatchObject({ requestId: 0, code: 1000, kind: "System" });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(link.actor.types.filter((type) => type === "link.breached")).toHaveLength(1);
    expect(link.heard).toEqual([]);
  });

  test.each<[string, Message]>([
    ["LogEvent", { type: "LogEvent", level: "info", message: "early", fields: [] } as unknown as Message],
    ["HealthStatus", { type: "HealthStatus", uptimeMs: 1, activeRequests: 0, totalRequests: 0 }],
    ["CancelAck", { type: "CancelAck", requestId: 1 }],
    ["ShutdownAck", { type: "ShutdownAck" }],
    ["InvokeResult", result(1)],
  ])("%s before the Handshake", async (type, message) => {
    const link = connectLink();
    link.say(message, handshake());
    expect((await link.actor.heard("link.breached"))["reason"]).toBe(
      `its first message was ${type}, not Handshake`,
    );
    await link.gets("InvokeError");
    expect([link.heard, link.received.map((each) => each.type)]).toEqual([[], ["InvokeError"]]);
  });

  const tooLarge = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0x21);
  test("bytes over the limit, of a worker whose own limit is too small for the reason: it gets the start of it", async () => {
    const link = connectLink();
    link.say(handshake({ maxFrameSize: smallestMaxFrameBytes }));
    await link.gets("ListExports");
    link.say(exportsList("f"));
    await link.actor.heard("exports.listed");
    link.sayBytes(tooLarge);
    await link.actor.heard("link.breached");
    expect(await link.gets("InvokeError")).toMatchObject({ code: 1000, message: "The supervisor c" });
    expect(link.faults).toEqual([]);
  });

  test.each([
    ["bytes over the limit", tooLarge],
    ["a message of the other role", encode({ type: "HealthCheck" })],
  ])("%s, when nothing at all can be told: reported all the same", async (_what, bytes) => {
    const link = await openLink();
    if (link.entry.outbox !== null) link.entry.outbox.maxFrameBytes = 1;
    link.sayBytes(bytes);
    await link.actor.heard("link.breached");
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect([link.faults, link.received.filter(({ type }) => type === "InvokeError")]).toEqual([[], []]);
  });

  test("an answer before it was ready", async () => {
    const link = connectLink();
    link.say(handshake(), result(1));
    expect((await link.actor.heard("link.breached"))["reason"]).toContain("before it was ready");
    expect(link.heard).toEqual([]);
  });

  test("bytes that are no message; what came whole before them is heard", async () => {
    const link = await openLink();
    link.sayBytes(Buffer.concat([encode(result(1)), Uint8Array.of(0, 0, 0, 1, 0x42, 0xc1)]));
    expect((await link.actor.heard("link.breached"))["reason"]).toContain("broke the protocol");
    expect(link.heard).toEqual(["result 1 of 1"]);
    expect(await link.gets("InvokeError")).toMatchObject({ requestId: 0 });
  });
});
