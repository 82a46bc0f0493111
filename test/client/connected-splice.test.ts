// A handle on a supervisor in another process, over links that come and go, on a clock that the test moves.

import { describe, expect, test } from "@jest/globals";
import { getEventListeners } from "node:events";
import { stubborn } from "../support/stubborn-signal.js";
import { settle, supervisorTwin } from "./supervisor-twin.js";

describe("a lost link", () => {
  test("ends the calls under way with 3003; later ones wait, and go out on the next link with the time left", async () => {
    const twin = supervisorTwin();
    await twin.start();
    const inFlight = [twin.call(), twin.call()];
    await settle();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    for (const call of inFlight) expect(await call).toMatchObject({ code: 3003, retryable: false });
    const later = [twin.call({ timeoutMs: 20_000 }), twin.call(), twin.call({ timeoutMs: Infinity })];
    twin.clock.advance(5000);
    await settle();
    expect(twin.accepted).toHaveLength(1);
    twin.state.isUp = true;
    while (twin.accepted.length < 2) {
      twin.clock.advance(100);
      await settle();
    }
    const waitedMs = twin.attemptsAtMs.at(-1) ?? 0;
    expect(twin.last.invokes().map(({ deadlineMs }) => deadlineMs)).toEqual([
      Math.ceil(20_000 - waitedMs),
      Math.ceil(30_000 - waitedMs),
      4_294_967_295,
    ]);
    for (const { requestId } of twin.last.invokes()) twin.last.answer(requestId, "late");
    for (const call of later) expect(await call).toEqual({ value: "late", code: 0 });
    expect(twin.accepted[0]?.invokes()).toHaveLength(2);
  });

  test("whoever hears of it and calls again at once waits for the next link", async () => {
    const twin = supervisorTwin();
    await twin.start();
    const first = twin.splice.call("f").catch(() => twin.splice.call("f"));
    await settle();
    twin.last.peer.destroy();
    await settle();
    twin.clock.advance(2000);
    await settle();
    expect(twin.accepted).toHaveLength(2);
    twin.last.answer(1, "again");
    expect(await first).toBe("again");
  });

  test("a call whose deadline passes while it waits is 2001, says that it was not sent and why, and leaves nothing", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    const { signal } = new AbortController();
    const call = twin.call({ timeoutMs: 1000, signal });
    const listing = twin.splice.exports().catch((error: unknown) => error);
    for (let step = 0; step < 310; step++) {
      twin.clock.advance(100);
      await settle();
    }
    expect(await call).toMatchObject({
      code: 2001,
      message: expect.stringMatching(/"f" was not sent.* 1000 ms/),
      cause: { code: 3001 },
    });
    expect(await listing).toMatchObject({ code: 2001 });
    expect([getEventListeners(signal, "abort").length, twin.link.waiting]).toEqual([0, 0]);
  });

  test("a call whose signal cannot be listened to is 1000 and does not wait; one that cannot be let go of is sent", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    const error = await twin.call({ signal: stubborn("addEventListener", new Error("not here")) });
    expect([error, twin.link.waiting]).toEqual([expect.objectContaining({ code: 1000 }), 0]);
    const waiting = twin.call({ signal: stubborn("removeEventListener", new Error("no")) });
    await settle();
    twin.state.isUp = true;
    for (let step = 0; step < 30; step++) {
      twin.clock.advance(100);
      await settle();
    }
    twin.last.answer(Number(twin.last.invokes()[0]?.requestId), "late");
    expect(await waiting).toEqual({ value: "late", code: 0 });
  });

  test("an abort ends a call that waits at once", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    const controller = new AbortController();
    const call = twin.call({ signal: controller.signal });
    controller.abort("enough");
    expect(await call).toMatchObject({ code: 2002, cause: "enough" });
    expect(twin.link.waiting).toBe(0);
  });

  test("no more than 10 000 calls wait for it: one more is 3002", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    const calls = Array.from({ length: 10_000 }, () => twin.call());
    expect(await twin.call()).toMatchObject({ code: 3002, details: { limit: "maxWaitingCalls" } });
    await twin.splice.close();
    for (const call of calls) expect(await call).toMatchObject({ code: 3001 });
  });
});

describe("backoff", () => {
  test("has full jitter under a bound that doubles up to 2 s", async () => {
    const twin = supervisorTwin(() => 0.999);
    await twin.start();
    twin.clock.advance(60_000);
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    for (let step = 0; step < 200; step++) {
      twin.clock.advance(50);
      await settle();
    }
    const waits = twin.attemptsAtMs.slice(1).map((atMs, place, all) => atMs - (all[place - 1] ?? 60_000));
    // An attempt fails in a later turn, when the clock is up to one step further.
    for (const [place, boundMs] of [50, 100, 200, 400, 800, 1600, 2000, 2000].entries()) {
      expect(waits[place]).toBeGreaterThanOrEqual(0.998 * boundMs);
      expect(waits[place]).toBeLessThanOrEqual(boundMs + 50);
    }
    const eager = supervisorTwin(() => 0);
    await eager.start();
    eager.last.peer.destroy();
    await settle();
    eager.clock.advance(0);
    await settle();
    expect(eager.accepted).toHaveLength(2);
  });

  test("grows for a supervisor that takes connections and drops them", async () => {
    const twin = supervisorTwin(() => 0.999);
    await twin.start();
    for (let round = 0; round < 6; round++) {
      const { length } = twin.accepted;
      twin.last.peer.destroy();
      await settle();
      while (twin.accepted.length === length) {
        twin.clock.advance(50);
        await settle();
      }
    }
    const waits = twin.attemptsAtMs.slice(1).map((atMs, place, all) => atMs - (all[place - 1] ?? 0));
    expect(waits.at(-1)).toBeGreaterThan(1500);
  });
});

describe("a supervisor that stands still", () => {
  test("holds a call no longer than a little beyond its deadline", async () => {
    const twin = supervisorTwin();
    await twin.start();
    const calls = [twin.call({ timeoutMs: 5000 }), twin.call({ timeoutMs: 100 })];
    twin.clock.advance(600);
    expect(await calls[1]).toMatchObject({ code: 2001, functionName: "f" });
    twin.clock.advance(4900);
    expect(await calls[0]).toMatchObject({ code: 2001 });
    expect(twin.clock.timerCount).toBe(1);
  });

  test("is asked after 10 s when a call has no deadline of its own, and given up after another 20", async () => {
    const twin = supervisorTwin();
    await twin.start();
    const call = twin.call();
    await settle();
    twin.clock.advance(10_000);
    await settle();
    expect(twin.last.received.at(-1)).toMatchObject({ type: "HealthCheck" });
    twin.clock.advance(20_000);
    twin.clock.advance(1000);
    await settle();
    expect(await call).toMatchObject({ code: 3003, cause: { message: expect.stringContaining("30 s") } });
  });

  test("one that answers the question keeps its call for as long as it takes", async () => {
    const twin = supervisorTwin();
    await twin.start();
    const call = twin.call();
    await settle();
    for (let second = 0; second < 120; second++) {
      twin.clock.advance(1000);
      await settle();
      if (twin.last.received.at(-1)?.type === "HealthCheck")
        twin.last.send({ type: "HealthStatus", uptimeMs: 1, activeRequests: 1, totalRequests: 1 });
      await settle();
    }
    twin.last.answer(1, "at last");
    expect(await call).toEqual({ value: "at last", code: 0 });
    twin.clock.advance(60_000);
    expect(twin.clock.timerCount).toBe(0);
    expect(twin.accepted).toHaveLength(1);
  });
});

describe("close", () => {
  test("says Shutdown, waits for the calls under way, and refuses later ones with 3001 closed", async () => {
    const twin = supervisorTwin();
    await twin.start();
    const call = twin.call();
    let isClosed = false;
    const closing = twin.splice.close().then(() => (isClosed = true));
    expect(await twin.call()).toMatchObject({ code: 3001, details: { reason: "closed" } });
    await settle();
    expect(twin.last.received.at(-1)).toEqual({ type: "Shutdown" });
    expect(isClosed).toBe(false);
    twin.last.answer(1, "done");
    expect(await call).toEqual({ value: "done", code: 0 });
    await closing;
    await twin.splice[Symbol.asyncDispose]();
    await expect(twin.splice.status()).rejects.toMatchObject({ code: 3001 });
    await expect(twin.splice.exports()).rejects.toMatchObject({ code: 3001 });
    twin.clock.advance(60_000);
    await settle();
    expect([twin.accepted.length, twin.clock.timerCount]).toEqual([1, 0]);
  });

  test("cancels what is not done within drainMs", async () => {
    const twin = supervisorTwin();
    await twin.start();
    const call = twin.call();
    const closing = twin.splice.close({ drainMs: 700 });
    await settle();
    twin.clock.advance(700);
    expect(await call).toMatchObject({ code: 2002, details: { reason: "draining" } });
    await settle();
    expect(twin.last.received.at(-1)).toEqual({ type: "Cancel", requestId: 1 });
    await closing;
  });

  test("while the link is down ends those who wait with 3001, and connects no more", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    const call = twin.call();
    await twin.splice.close();
    expect(await call).toMatchObject({ code: 3001, details: { reason: "closed" } });
    twin.state.isUp = true;
    twin.clock.advance(60_000);
    await settle();
    expect([twin.accepted.length, twin.clock.timerCount]).toEqual([1, 0]);
  });

  test("during an attempt drops the connection that comes of it", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.last.peer.destroy();
    await settle();
    twin.clock.advance(100);
    await twin.splice.close();
    await settle();
    expect(twin.link.connection).toBeNull();
    expect(twin.last.invokes()).toEqual([]);
  });
});

describe("start", () => {
  test("without patience fails with the first attempt", async () => {
    const twin = supervisorTwin();
    twin.state.isUp = false;
    await expect(twin.link.start(0)).rejects.toMatchObject({ code: 3001 });
    expect([twin.attemptsAtMs, twin.clock.timerCount]).toEqual([[0], 0]);
  });

  test("with patience tries until somebody is there", async () => {
    const twin = supervisorTwin();
    twin.state.isUp = false;
    const starting = twin.link.start(60_000);
    for (let step = 0; step < 20; step++) {
      twin.clock.advance(100);
      await settle();
    }
    twin.state.isUp = true;
    twin.clock.advance(2000);
    await settle();
    await starting;
    expect([twin.attemptsAtMs.length > 3, twin.clock.timerCount]).toEqual([true, 0]);
  });

  test("with patience gives up in the end, with the last failure", async () => {
    const twin = supervisorTwin();
    twin.state.isUp = false;
    const starting = twin.link.start(3000).catch((error: unknown) => error);
    for (let step = 0; step < 30; step++) {
      twin.clock.advance(100);
      await settle();
    }
    expect(await starting).toMatchObject({ code: 3001, message: "Nobody is there." });
    expect(twin.clock.timerCount).toBe(0);
  });
});

test("what cannot be sent at all fails in the same way with and without a link", async () => {
  const twin = supervisorTwin();
  await twin.start();
  const wrong = async (): Promise<unknown[]> =>
    Promise.all(
      [
        twin.splice.call(7 as never),
        twin.splice.call("f", [1]),
        twin.splice.call("f", {}, { timeoutMs: 0 }),
        twin.splice.call("f", {}, { timeoutMs: Number.NaN }),
        twin.splice.call("f", {}, { signal: AbortSignal.abort() }),
      ].map((call) => call.catch((error: unknown) => (error as { code: number }).code)),
    );
  expect(await wrong()).toEqual([1000, 1001, 2001, 1000, 2002]);
  twin.state.isUp = false;
  twin.last.peer.destroy();
  await settle();
  expect(await wrong()).toEqual([1000, 1001, 2001, 1000, 2002]);
});
