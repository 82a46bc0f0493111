import { describe, expect, test } from "@jest/globals";
import { getEventListeners } from "node:events";
import type { InstanceId } from "../../src/ids.js";
import { encodeValue } from "../../src/protocol/values.js";
import { EmbeddedCaller } from "../../src/system/embedded-caller.js";
import { createBench, id, table } from "../dispatch/scripted.js";
import { stubborn } from "../support/stubborn-signal.js";

function embed(verify?: () => boolean) {
  const bench = createBench({}, verify);
  const port = bench.attach(1);
  bench.ready(1);
  const caller = new EmbeddedCaller(
    bench.dispatcher,
    () => ({ ok: true, result: encodeValue("reserved") }),
    bench.clock,
  );
  const answer = (value: unknown) => {
    for (const callId of port.ids) bench.dispatcher.onResult(1 as InstanceId, callId, encodeValue(value), 1);
  };
  return { bench, port, caller, answer };
}

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("call", () => {
  test("resolves with what the worker returned", async () => {
    const { caller, answer } = embed();
    const promise = caller.call("f", { a: 1 }, undefined);
    answer({ sum: 3 });
    expect(await promise).toEqual({ sum: 3 });
  });

  test("rejects with the worker's error, its own name for the call and the supervisor's id", async () => {
    const { caller, bench, port } = embed();
    const promise = caller.call("f", {}, undefined);
    bench.error(1, port.ids[0] ?? 0);
    await expect(promise).rejects.toMatchObject({ code: 2000, functionName: "f", requestId: port.ids[0] });
  });

  test("rejects what makes no sense before anything is sent", async () => {
    const { caller, bench } = embed();
    await expect(caller.call(5 as never, {}, undefined)).rejects.toMatchObject({ code: 1000 });
    await expect(caller.call("f", [1], undefined)).rejects.toMatchObject({ code: 1001 });
    await expect(caller.call("f", {}, { timeoutMs: NaN })).rejects.toMatchObject({ code: 1000 });
    expect(bench.dispatcher.counters.total).toBe(0);
  });

  test("a result that cannot be read is 3000, not a hanging promise", async () => {
    const { caller, bench, port } = embed();
    const promise = caller.call("f", {}, undefined);
    bench.dispatcher.onResult(id(1), port.ids[0] ?? 0, Uint8Array.of(0xc1), 1);
    await expect(promise).rejects.toMatchObject({ code: 3000 });
  });
});

test("a reserved function is answered without dispatch, and like any other refuses what makes no sense", async () => {
  const { caller, bench } = embed();
  expect(await caller.call("splice.status", {}, undefined)).toBe("reserved");
  await expect(caller.call("splice.status", [1], undefined)).rejects.toMatchObject({ code: 1001 });
  const signal = AbortSignal.abort("gone");
  await expect(caller.call("splice.stop", {}, { signal })).rejects.toMatchObject({ code: 2002 });
  expect(bench.dispatcher.counters.total).toBe(0);
});

describe("signal", () => {
  test("an abort by the verifier, while the call is made, is not lost", async () => {
    const controller = new AbortController();
    const reason = new Error("not this one");
    const { caller, port } = embed(() => {
      controller.abort(reason);
      return true;
    });
    const promise = caller.call("f", {}, { signal: controller.signal });
    await expect(promise).rejects.toMatchObject({ code: 2002, cause: reason });
    expect(port.cancels).toEqual(port.ids);
  });

  test("an abort rejects at once with 2002 and the signal's reason, and the worker gets Cancel", async () => {
    const { caller, port } = embed();
    const controller = new AbortController();
    const promise = caller.call("f", {}, { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(promise).rejects.toMatchObject({ code: 2002, cause: reason });
    expect(port.cancels).toEqual(port.ids);
  });

  test("one that throws when it is left still lets the call have its answer", async () => {
    const { caller, answer } = embed();
    const signal = stubborn("removeEventListener", new Error("no way back"));
    const promise = caller.call("f", {}, { signal });
    answer(1);
    expect(await promise).toBe(1);
  });

  test("one that cannot be listened to fails the call before it is made", async () => {
    const { caller, bench } = embed();
    const signal = stubborn("addEventListener", new Error("not here"));
    const refusal = { code: 1000, message: expect.stringContaining("not here") };
    await expect(caller.call("f", {}, { signal })).rejects.toMatchObject(refusal);
    const items = caller.stream("f", {}, { signal })[Symbol.asyncIterator]();
    await expect(items.next()).rejects.toMatchObject(refusal);
    expect(bench.dispatcher.counters.total).toBe(0);
  });

  test("aborted beforehand nothing is sent", async () => {
    const { caller, bench } = embed();
    const promise = caller.call("f", {}, { signal: AbortSignal.abort("gone") });
    await expect(promise).rejects.toMatchObject({ code: 2002, cause: "gone" });
    expect(bench.dispatcher.counters.total).toBe(0);
  });

  test("that outlives its calls keeps nothing of them, however they ended", async () => {
    const { caller, bench, port, answer } = embed();
    const { signal } = new AbortController();
    const options = { signal };
    const answered = caller.call("f", {}, options);
    expect(listeners(signal)).toBe(1);
    answer(1);
    await answered;
    const outcomes = [
      caller.call("none", {}, options),
      caller.call("f", { big: "x".repeat(2000) }, options),
      caller.call("f", {}, { signal, timeoutMs: 0 }),
    ];
    port.onInvoke = (callId) => {
      bench.result(1, callId);
    };
    outcomes.push(caller.call("f", {}, options));
    bench.dispatcher.publish(table({ app: {} }));
    outcomes.push(caller.call("f", {}, options));
    expect((await Promise.allSettled(outcomes)).map((each) => each.status)).toEqual([
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
      "rejected",
    ]);
    expect(listeners(signal)).toBe(0);
  });
});
