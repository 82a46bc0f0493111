// events$ of a handle on a supervisor in another process, over links that come and go, on a clock that the test moves.

import { describe, expect, test } from "@jest/globals";
import { encodeValue } from "../../src/protocol/values.js";
import { settle, supervisorTwin, type Accepted } from "./supervisor-twin.js";

/** Answers the newest Invoke of that supervisor with a stream, and hands over how to feed it. */
function feed(supervisor: Accepted) {
  const invoke = supervisor.invokes().at(-1);
  if (invoke === undefined) throw new Error("Nobody has asked for a stream.");
  const { requestId } = invoke;
  let sequence = 0;
  supervisor.send({ type: "StreamStart", requestId, window: 64 });
  return {
    requestId,
    tell: (type: string) => {
      const data = encodeValue({ type, atMs: 1 });
      supervisor.send({ type: "StreamChunk", requestId, sequence: sequence++, data });
    },
    end: () => {
      supervisor.send({ type: "StreamEnd", requestId, totalChunks: sequence });
    },
    fail: (code: number) => {
      supervisor.send({ type: "StreamError", requestId, code, message: "No." });
    },
  };
}

async function watched() {
  const twin = supervisorTwin();
  await twin.start();
  const seen: unknown[] = [];
  const subscribe = () =>
    twin.splice.events$.subscribe({
      next: ({ type }) => seen.push(type),
      error: (error) => seen.push(error),
      complete: () => seen.push("complete"),
    });
  const subscription = subscribe();
  await settle();
  /** Moves the clock until that many connections have come. */
  const reconnected = async (count: number): Promise<void> => {
    while (twin.accepted.length < count) {
      twin.clock.advance(100);
      await settle();
    }
  };
  return { twin, seen, subscribe, subscription, reconnected };
}

describe("events$ over a connection", () => {
  test("is one stream of splice.events without a deadline, however many subscribe; the last one ends it", async () => {
    const { twin, seen, subscribe, subscription } = await watched();
    const second = subscribe();
    await settle();
    expect(twin.last.invokes()).toMatchObject([{ functionName: "splice.events", deadlineMs: 0 }]);
    const stream = feed(twin.last);
    stream.tell("worker.ready");
    await settle();
    expect(seen).toEqual(["worker.ready", "worker.ready"]);
    subscription.unsubscribe();
    await settle();
    expect(twin.last.received.some(({ type }) => type === "Cancel")).toBe(false);
    second.unsubscribe();
    await settle();
    expect(twin.last.received.at(-1)).toEqual({ type: "Cancel", requestId: stream.requestId });
    twin.clock.advance(60_000);
    expect([twin.link.waiting, twin.clock.timerCount]).toEqual([0, 0]);
  });

  test("goes on with the next link; what happened meanwhile is lost", async () => {
    const { twin, seen, reconnected } = await watched();
    feed(twin.last).tell("worker.ready");
    await settle();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    twin.clock.advance(5000);
    await settle();
    twin.state.isUp = true;
    await reconnected(2);
    feed(twin.last).tell("worker.exited");
    await settle();
    twin.last.peer.destroy();
    await settle();
    await reconnected(3);
    feed(twin.last).tell("exports.changed");
    await settle();
    expect(seen).toEqual(["worker.ready", "worker.exited", "exports.changed"]);
    await twin.splice.close();
    expect(seen.at(-1)).toBe("complete");
  });

  test("subscribed while the link is down, begins with the next one", async () => {
    const twin = supervisorTwin();
    await twin.start();
    twin.state.isUp = false;
    twin.last.peer.destroy();
    await settle();
    const seen: unknown[] = [];
    twin.splice.events$.subscribe(({ type }) => seen.push(type));
    twin.clock.advance(60_000);
    await settle();
    twin.state.isUp = true;
    while (twin.accepted.length < 2) {
      twin.clock.advance(100);
      await settle();
    }
    feed(twin.last).tell("worker.ready");
    await settle();
    expect(seen).toEqual(["worker.ready"]);
    await twin.splice.close();
  });

  test("after its stream's end asks again, in growing pauses, for as long as the link is up", async () => {
    const { twin, seen } = await watched();
    for (const end of [
      (s: ReturnType<typeof feed>) => {
        s.end();
      },
      (s: ReturnType<typeof feed>) => {
        s.fail(3001);
      },
    ]) {
      const before = twin.last.invokes().length;
      end(feed(twin.last));
      await settle();
      expect(twin.last.invokes()).toHaveLength(before);
      twin.clock.advance(2000);
      await settle();
      expect(twin.last.invokes()).toHaveLength(before + 1);
    }
    feed(twin.last).tell("worker.ready");
    await settle();
    expect([seen, twin.accepted.length]).toEqual([["worker.ready"], 1]);
    await twin.splice.close();
  });

  test("errs when the supervisor refuses it for good", async () => {
    const { twin, seen } = await watched();
    feed(twin.last).fail(1002);
    await settle();
    expect(seen).toMatchObject([{ code: 1002, message: "No." }]);
    twin.clock.advance(60_000);
    await settle();
    expect(twin.last.invokes()).toHaveLength(1);
    expect(twin.link.waiting).toBe(0);
  });

  test("completes at close(), link or no link, and for whoever subscribes after it", async () => {
    const { twin, seen, subscribe } = await watched();
    feed(twin.last);
    await settle();
    const closing = twin.splice.close();
    expect(seen).toEqual(["complete"]);
    await closing;
    subscribe();
    expect(seen).toEqual(["complete", "complete"]);

    const other = await watched();
    other.twin.state.isUp = false;
    other.twin.last.peer.destroy();
    await settle();
    await other.twin.splice.close();
    expect(other.seen).toEqual(["complete"]);
    expect(other.twin.clock.timerCount).toBe(0);
  });
});

test("a plain call of a reserved stream is refused before it is sent", async () => {
  const twin = supervisorTwin();
  await twin.start();
  await expect(twin.splice.call("splice.logs")).rejects.toMatchObject({ code: 1001 });
  expect(twin.last.invokes()).toEqual([]);
});

test("functions() gives a stream for what streams, also while the link is down", async () => {
  const twin = supervisorTwin();
  await twin.start();
  const listing = twin.splice.exports();
  await settle();
  const each = { isAsync: true, paramsSchema: "{}", returnSchema: "{}" };
  const exports = [
    { name: "feed.ticks", isStreaming: true, ...each },
    { name: "feed.count", isStreaming: false, ...each },
  ];
  twin.last.send({ type: "ListExportsResult", exports });
  await listing;
  type Feed = { ticks(): AsyncIterable<number>; count(): number };
  const { feed: functions } = twin.splice.functions<{ feed: Feed }>();
  expect(functions.ticks()).not.toBeInstanceOf(Promise);
  twin.state.isUp = false;
  twin.last.peer.destroy();
  await settle();
  expect(functions.ticks()).not.toBeInstanceOf(Promise);
  expect(functions.ticks()[Symbol.asyncIterator]).toBeInstanceOf(Function);
  const call = functions.count();
  expect(call).toBeInstanceOf(Promise);
  await twin.splice.close();
  await expect(call).rejects.toMatchObject({ code: 3001 });
});
