// The scripted worker and the scripted host, each with the other side of its link in the hands of the test, in memory.

import { describe, expect, test } from "@jest/globals";
import { encode } from "../../src/protocol/codec.js";
import type { Message } from "../../src/protocol/messages.js";
import { decodeValue, encodeParams, encodeValue } from "../../src/protocol/values.js";
import { ScriptedPeer } from "../../src/testing/peer.js";
import { scriptedHost } from "../../src/testing/scripted-host.js";
import { inheritedLink, scriptedWorker, type WorkerScript } from "../../src/testing/scripted-worker.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";

const context = { traceId: 0, spanId: 0, headers: [], auth: null };
const invoke = (requestId: number, functionName: string, params = {}): Message => ({
  type: "Invoke",
  requestId,
  functionName,
  params: encodeParams(params),
  deadlineMs: 500,
  context,
});

function startWorker(script: WorkerScript) {
  const [ours, its] = createMemoryPair();
  return { worker: scriptedWorker(its, script), supervisor: new ScriptedPeer(ours) };
}

describe("scriptedWorker", () => {
  test("shakes hands, names its functions and answers as it is told", async () => {
    const { supervisor, worker } = startWorker({
      functions: {
        "app.echo": ({ params, functionName, deadlineMs, result }) =>
          result({ params, functionName, deadlineMs }),
        "app.fail": ({ error }) => error("it is Monday"),
        "app.refuse": ({ error }) => error("not you", 1003),
        "app.silent": () => undefined,
      },
    });
    expect(await supervisor.next("Handshake")).toMatchObject({ role: "Worker", protocolVersion: 0x1_0000 });
    supervisor.send(
      { type: "ListExports" },
      { type: "HealthCheck" },
      invoke(1, "app.silent"),
      invoke(2, "app.nobody"),
    );
    supervisor.send(invoke(3, "app.fail"), invoke(4, "app.refuse"), invoke(5, "app.echo", { n: 2n ** 60n }));
    const { exports } = await supervisor.next("ListExportsResult");
    expect(exports.map(({ name }) => name)).toEqual(["app.echo", "app.fail", "app.refuse", "app.silent"]);
    const { requestId, result } = await supervisor.next("InvokeResult");
    expect([requestId, decodeValue(result)]).toEqual([
      5,
      { params: { n: 2n ** 60n }, functionName: "app.echo", deadlineMs: 500 },
    ]);
    const errors = supervisor.received.filter((message) => message.type === "InvokeError");
    expect(errors.map((error) => [error.requestId, error.code, error.kind, error.message])).toEqual([
      [3, 2000, "User", "it is Monday"],
      [4, 1003, expect.any(String), "not you"],
    ]);
    expect(supervisor.received.map(({ type }) => type)).toContain("HealthStatus");
    supervisor.send({ type: "Shutdown" });
    await supervisor.next("ShutdownAck");
    await Promise.all([supervisor.closed, worker.closed]);
  });

  test("leaves out what it is told to leave out, and says anything that the test has it say", async () => {
    const { supervisor, worker } = startWorker({
      functions: { "app.burst": (_, itself) => itself.sendBytes(new Uint8Array([1, 2, 3])) },
      isHealthy: false,
      obeysShutdown: false,
    });
    supervisor.send({ type: "HealthCheck" }, { type: "Shutdown" }, invoke(1, "app.burst"));
    await worker.next("Invoke");
    worker.send({ type: "CancelAck", requestId: 7 });
    worker.hangUp();
    await expect(supervisor.next("HealthStatus")).rejects.toThrow("No HealthStatus came before the end");
    expect(supervisor.received.map(({ type }) => type)).not.toContain("ShutdownAck");
  });

  test("is told when it is no worker's process", () => {
    expect(() => inheritedLink()).toThrow("SPLICE_FD names no descriptor");
  });
});

describe("scriptedHost", () => {
  const ack: Message = {
    type: "HandshakeAck",
    protocolVersion: 0x1_0000,
    capabilities: 2,
    serverId: Array.from({ length: 16 }, () => 0),
    exportCount: 0,
  };

  test("shakes hands, numbers its calls and collects their answers, in whatever order they come", async () => {
    const [ours, its] = createMemoryPair();
    const supervisor = new ScriptedPeer(ours);
    const connecting = scriptedHost(its);
    expect(await supervisor.next("Handshake")).toMatchObject({ role: "Host", capabilities: 2 });
    supervisor.send(ack);
    const host = await connecting;
    const [first, second] = [host.invoke("a.f", { n: 1 }), host.invoke("a.g", {}, { deadlineMs: 9 })];
    const third = expect(host.call("a.h")).rejects.toMatchObject({
      message: "The call of a.h failed with 2000: it threw",
      code: 2000,
    });
    const sent = await supervisor.next("Invoke", ({ functionName }) => functionName === "a.g");
    expect([sent.requestId, sent.deadlineMs]).toEqual([second, 9]);
    const failure = {
      type: "InvokeError",
      code: 2000,
      kind: "User",
      message: "it threw",
      details: null,
    } as const;
    supervisor.send({ ...failure, requestId: 3 });
    supervisor.send({ type: "InvokeResult", requestId: second, result: encodeValue("g"), durationUs: 1 });
    supervisor.send({ type: "InvokeResult", requestId: first, result: encodeValue("f"), durationUs: 1 });
    expect((await host.answer(second)).type).toBe("InvokeResult");
    expect((await host.answer(first)).requestId).toBe(first);
    await third;
  });

  test("rejects when it is not let in, with what it was told", async () => {
    const [ours, its] = createMemoryPair();
    const supervisor = new ScriptedPeer(ours);
    const connecting = scriptedHost(its, { capabilities: 0, maxFrameBytes: 1000 });
    expect(await supervisor.next("Handshake")).toMatchObject({ capabilities: 0, maxFrameSize: 1000 });
    supervisor.sendBytes(
      encode({
        type: "InvokeError",
        requestId: 0,
        code: 1004,
        kind: "System",
        message: "no",
        details: null,
      }),
    );
    supervisor.hangUp();
    await expect(connecting).rejects.toThrow(/^No HandshakeAck came before the end/);
    await expect(scriptedHost("/nowhere/at/all.sock")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
