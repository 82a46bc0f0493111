// A host that speaks frames on the real socket: handshake, many calls on one connection, what crosses unchanged, and
// how a connection ends.

import { afterEach, describe, expect, test } from "@jest/globals";
import { closeLeftovers, until } from "../harness.js";
import { connectHost, connectPeer, handshake, hostFixtures, startHosted } from "./raw-host.js";

afterEach(closeLeftovers);

describe("handshake", () => {
  test("every connection of one supervisor sees the same server_id and the number of exports", async () => {
    const system = await startHosted();
    const [first, second] = [await connectHost(system), await connectHost(system)];
    const ack = await first.next("HandshakeAck");
    expect(ack).toMatchObject({ protocolVersion: 0x1_0000, capabilities: 2 });
    expect(ack.serverId).toHaveLength(16);
    expect((await second.next("HandshakeAck")).serverId).toEqual(ack.serverId);
    const status = await system.splice.status();
    expect(Buffer.from(ack.serverId).toString("hex")).toBe(status.serverId);
    expect(ack.exportCount).toBe((await system.splice.exports()).length);
    await system.end();
  });

  test("capabilities are those that both sides have", async () => {
    const system = await startHosted();
    const host = await connectHost(system, { capabilities: 0xffff_ffff });
    expect((await host.next("HandshakeAck")).capabilities).toBe(11);
    const modest = await connectHost(system, { capabilities: 0 });
    expect((await modest.next("HandshakeAck")).capabilities).toBe(0);
    modest.send({ type: "Cancel", requestId: 1 });
    expect(await modest.fatal()).toMatchObject({
      code: 1000,
      message: expect.stringContaining("cancellation"),
    });
    await system.end();
  });

  test.each([
    ["another version", handshake({ protocolVersion: 0x2_0000 }), /2\.0 .*1\.0 /],
    ["the role of a worker", { ...handshake(), role: "Worker" } as const, /Worker/],
    ["anything but Handshake", { type: "HealthCheck" } as const, /must be Handshake, but was HealthCheck/],
  ])("refuses %s in words and closes", async (_, first, text) => {
    const system = await startHosted();
    const host = await connectPeer(system);
    host.send(first);
    const fatal = await host.fatal();
    expect(fatal.code).toBe(1000);
    expect(fatal.message).toMatch(text);
    await system.end();
  });

  test("a second Handshake is fatal", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.send(handshake());
    expect((await host.fatal()).message).toMatch(/second Handshake/);
    await system.end();
  });
});

describe("calls on one connection", () => {
  // Defect U3 of the predecessor: it awaited each call before it read the next frame.
  test("a slow call delays no other: answers come in the order in which functions end", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.invoke(1, "work.hold", { gate: "slow" });
    for (let id = 2; id <= 50; id++) host.invoke(id, "work.echo", { id });
    for (let id = 2; id <= 50; id++) expect(await host.value(id)).toMatchObject({ id });
    expect(host.terminals(1)).toEqual([]);
    host.invoke(51, "work.release", { gate: "slow" });
    expect(await host.value(1)).toHaveProperty("key");
    await system.end();
  });

  test("waiting calls are answered in whatever order they are released", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    const order = [3, 1, 5, 2, 4];
    for (const id of [1, 2, 3, 4, 5]) host.invoke(id, "work.hold", { gate: `g${String(id)}` });
    for (const [place, id] of order.entries()) {
      host.invoke(100 + place, "work.release", { gate: `g${String(id)}` });
      await host.terminal(id);
    }
    const answered = host.received.flatMap((message) =>
      message.type === "InvokeResult" && Number(message.requestId) < 100 ? [message.requestId] : [],
    );
    expect(answered).toEqual(order);
    await system.end();
  });

  test("two connections may use the same request ids at the same time", async () => {
    const system = await startHosted();
    const [left, right] = [await connectHost(system), await connectHost(system)];
    for (let id = 1; id <= 20; id++) {
      left.invoke(id, "work.echo", { from: "left", id });
      right.invoke(id, "work.echo", { from: "right", id });
    }
    for (let id = 1; id <= 20; id++) {
      expect(await left.value(id)).toMatchObject({ from: "left", id });
      expect(await right.value(id)).toMatchObject({ from: "right", id });
    }
    await system.end();
  });

  test("ids beyond 2^53 stay apart: 2^53 and 2^53 + 1 in flight together", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    const ids = [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n];
    for (const id of ids) host.invoke(id, "work.hold", { gate: String(id) });
    for (const [place, id] of ids.entries()) {
      host.invoke(place + 1, "work.release", { gate: String(id) });
      expect(await host.terminal(id)).toMatchObject({ type: "InvokeResult", requestId: id });
    }
    await system.end();
  });
});

describe("what crosses unchanged", () => {
  // Defect U6 of the predecessor; here the supervisor's own request id once leaked into the host's InvokeError.
  test("a worker's error keeps code, kind, message and details, and carries the host's request id", async () => {
    const command = [process.execPath, `${hostFixtures}/raw-worker.mjs`];
    const system = await startHosted({ pools: { raw: { command } } });
    const host = await connectHost(system);
    host.invoke(1, "raw.echo", { warm: "up" });
    await host.terminal(1);
    host.invoke(4711, "raw.fail");
    expect(await host.terminal(4711)).toEqual({
      type: "InvokeError",
      requestId: 4711,
      code: 2003,
      kind: "User",
      message: "panicked at 'index out of bounds', src/lib.rs:7:13",
      details: Uint8Array.of(0xdd, 0, 0, 0, 2, 0xcd, 0, 1, 0xc1),
    });
    await system.end();
  });

  test("a result keeps its bytes and the worker's own duration", async () => {
    const command = [process.execPath, `${hostFixtures}/raw-worker.mjs`];
    const system = await startHosted({ pools: { raw: { command } } });
    const host = await connectHost(system);
    // Longer headers than needed, which a supervisor that decoded them would shorten.
    const params = Uint8Array.of(0xdf, 0, 0, 0, 1, 0xd9, 1, 0x61, 0xcf, 0, 0, 0, 0, 0, 0, 0, 7);
    host.invoke(9, "raw.echo", {}, { params });
    expect(await host.terminal(9)).toEqual({
      type: "InvokeResult",
      requestId: 9,
      result: params,
      durationUs: 12_345,
    });
    await system.end();
  });

  test("a thrown error arrives with its own name, message and data", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.invoke(7, "work.refuse");
    const failure = await host.failure(7);
    expect(failure).toMatchObject({
      code: 2000,
      kind: "User",
      message: "Bread is out of stock; try again tomorrow.",
    });
    expect(failure.details).toMatchObject({ name: "TypeError", data: { left: 0 } });
    expect(failure.details).not.toHaveProperty("stack");
    await system.end();
  });

  // Defect U24 of the predecessor: trace, span, headers and auth never left the host.
  test("the context: 64-bit ids, repeated headers in order, who calls", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.invoke(
      1,
      "work.context",
      {},
      {
        deadlineMs: 5000,
        context: {
          traceId: 2n ** 64n - 1n,
          spanId: 2n ** 53n + 1n,
          headers: [
            ["X-Tag", "one"],
            ["traceparent", "00-ab-cd-01"],
            ["x-tag", "two"],
            ["X-Tag", ""],
          ],
          auth: { userId: "ada", roles: ["admin", "author"] },
        },
      },
    );
    const seen = await host.value(1);
    expect(seen).toMatchObject({
      traceId: 2n ** 64n - 1n,
      spanId: 2n ** 53n + 1n,
      headers: ["X-Tag=one", "traceparent=00-ab-cd-01", "x-tag=two", "X-Tag="],
      first: "one",
      auth: { userId: "ada", roles: ["admin", "author"] },
      isAdmin: true,
    });
    const { remainingMs } = seen as { remainingMs: number };
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(5000);
    await system.end();
  });

  test("ListExports gives every export with its metadata", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.send({ type: "ListExports" });
    const { exports } = await host.next("ListExportsResult");
    expect(exports).toEqual(await system.splice.exports());
    expect(exports.map(({ name }) => name)).toContain("work.echo");
    await system.end();
  });

  test("HealthCheck is answered with the supervisor's own counts, also while calls run", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.invoke(1, "work.echo");
    await host.terminal(1);
    host.invoke(2, "work.hold", { gate: "g" });
    await until("the call holds its slot", async () => (await system.splice.status()).calls.active === 1);
    host.send({ type: "HealthCheck" });
    const health = await host.next("HealthStatus");
    expect(health).toMatchObject({ activeRequests: 1, totalRequests: 2 });
    expect(Number(health.uptimeMs)).toBeGreaterThan(0);
    host.invoke(3, "work.release", { gate: "g" });
    await host.terminal(2);
    await system.end();
  });
});

describe("the end of a connection", () => {
  test("Shutdown: its calls end first, new ones get 3001 draining, then ShutdownAck and the end; others go on", async () => {
    const system = await startHosted();
    const [leaver, other] = [await connectHost(system), await connectHost(system)];
    leaver.invoke(1, "work.hold", { gate: "last" });
    leaver.invoke(2, "work.untilCancelled");
    leaver.send({ type: "Shutdown" });
    leaver.invoke(3, "work.echo");
    expect(await leaver.failure(3)).toMatchObject({ code: 3001, details: { reason: "draining" } });
    leaver.cancel(2);
    expect((await leaver.failure(2)).code).toBe(2002);
    leaver.send({ type: "HealthCheck" });
    await leaver.next("HealthStatus");
    expect(leaver.received.some(({ type }) => type === "ShutdownAck")).toBe(false);
    other.invoke(1, "work.release", { gate: "last" });
    await leaver.terminal(1);
    await leaver.next("ShutdownAck");
    await leaver.closed;
    expect(leaver.received.at(-1)).toEqual({ type: "ShutdownAck" });
    other.invoke(2, "work.echo");
    await other.value(2);
    await system.end();
  });

  test("Shutdown without calls is answered at once", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.send({ type: "Shutdown" });
    await host.next("ShutdownAck");
    await host.closed;
    await system.end();
  });

  test.each(["vanishes", "half-closes"])(
    "a host that %s with calls in flight: they are cancelled in the worker, and no slot stays taken",
    async (how) => {
      const system = await startHosted();
      const [host, other] = [await connectHost(system), await connectHost(system)];
      for (let id = 1; id <= 100; id++) host.invoke(id, "work.untilCancelled");
      let probe = 0;
      const waiting = async (): Promise<unknown> => {
        other.invoke(++probe, "work.waiting");
        return other.value(probe);
      };
      await until("all of them run", async () => (await waiting()) === 100);
      if (how === "vanishes") host.destroy();
      else host.socket.end();
      await host.closed;
      await until("all of them have heard of it", async () => (await waiting()) === 0);
      await system.atRest();
      expect((await system.splice.status()).calls).toMatchObject({ active: 0, cancelled: 100 });
      if (how === "half-closes")
        expect(host.received.filter(({ type }) => type === "InvokeError")).toHaveLength(100);
      await system.end();
    },
  );

  test("when the supervisor closes, hosts get the answers of the calls under way, and then the end", async () => {
    const system = await startHosted();
    const host = await connectHost(system);
    host.invoke(2, "work.sleeping", { ms: 50 });
    await until("it holds its slot", async () => (await system.splice.status()).calls.active === 1);
    const closing = system.splice.close();
    expect(await host.terminal(2)).toMatchObject({ type: "InvokeResult" });
    await closing;
    await host.closed;
    await system.endClosed();
  });
});
