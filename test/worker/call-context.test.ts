import { expect, test } from "@jest/globals";
import { encodeContext, emptyContextBytes } from "../../src/protocol/context.js";
import type { RequestContext } from "../../src/protocol/messages.js";
import { CallContext } from "../../src/worker/call-context.js";
import { contextStorage, currentContext } from "../../src/worker/current-context.js";

function contextOf(request?: Partial<RequestContext>, deadlineMs = 0): CallContext {
  const contextBytes =
    request === undefined
      ? emptyContextBytes
      : encodeContext({ traceId: 0, spanId: 0, headers: [], auth: null, ...request });
  const params = new Uint8Array();
  return new CallContext(
    { type: "Invoke", requestId: 5, functionName: "a.b", params, deadlineMs, contextBytes },
    performance.now(),
    () => undefined,
  );
}

test("header finds the first of that name in any case", () => {
  const context = contextOf({
    headers: [
      ["X-One", "1"],
      ["x-one", "2"],
    ],
  });
  expect(context.header("x-ONE")).toBe("1");
  expect(context.header("x-two")).toBeUndefined();
});

test("hasRole, userId and auth", () => {
  const known = contextOf({ auth: { userId: "ada", roles: ["editor"] } });
  expect([known.userId, known.hasRole("editor"), known.hasRole("Editor")]).toEqual(["ada", true, false]);
  const stranger = contextOf();
  expect([stranger.userId, stranger.auth, stranger.hasRole("editor")]).toEqual([null, null, false]);
});

test("generated ids are never 0, stay the same for the call and differ between calls", () => {
  const context = contextOf();
  expect(context.traceId).toBe(context.traceId);
  expect(context.spanId).toBe(context.spanId);
  expect(context.traceId).not.toBe(0);
  expect(Number.isSafeInteger(context.traceId)).toBe(true);
  expect(contextOf().traceId).not.toBe(context.traceId);
  expect(contextOf({ traceId: 2n ** 64n - 1n }).traceId).toBe(2n ** 64n - 1n);
});

test("remainingMs falls from the deadline to 0, and is Infinity without one", () => {
  expect(contextOf().remainingMs).toBe(Infinity);
  const context = contextOf(undefined, 10_000);
  expect(context.remainingMs).toBeGreaterThan(0);
  expect(context.remainingMs).toBeLessThanOrEqual(10_000);
  const late = new CallContext(
    {
      type: "Invoke",
      requestId: 1,
      functionName: "a",
      params: new Uint8Array(),
      deadlineMs: 1,
      contextBytes: emptyContextBytes,
    },
    performance.now() - 60_000,
    () => undefined,
  );
  expect(late.remainingMs).toBe(0);
});

test("a signal asked for before or after the cancellation is aborted by it", () => {
  const before = contextOf();
  const { signal } = before;
  expect([signal.aborted, before.isCancelled]).toEqual([false, false]);
  before.cancel();
  before.cancel();
  expect([signal.aborted, before.isCancelled, before.signal === signal]).toEqual([true, true, true]);
  const after = contextOf();
  after.cancel();
  expect(after.signal.aborted).toBe(true);
  expect((after.signal.reason as Error).name).toBe("AbortError");
});

test("currentContext is the call's inside it, and a sentence outside", async () => {
  const context = contextOf();
  await contextStorage.run(context, async () => {
    await Promise.resolve();
    expect(currentContext()).toBe(context);
  });
  expect(() => currentContext()).toThrow(/outside a call/);
});
