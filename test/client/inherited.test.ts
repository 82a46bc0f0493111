// What a call inside a function takes over from the call that the function serves, and what reaches the wire of it.

import { describe, expect, test } from "@jest/globals";
import { withInherited } from "../../src/client/inherited.js";
import type { Context } from "../../src/contract/context-type.js";
import { callStorage } from "../../src/contract/current-call.js";
import type { CallOptions, StreamOptions } from "../../src/contract/splice.js";
import { settle, supervisorTwin } from "./supervisor-twin.js";

const controller = new AbortController();

function contextOf(more: Partial<Context> = {}): Context {
  return {
    traceId: 11,
    spanId: 22,
    headers: [],
    remainingMs: 700,
    signal: controller.signal,
    ...more,
  } as Context;
}

const within = <T>(context: Partial<Context>, run: () => T): T => callStorage().run(contextOf(context), run);
const inherited = (
  context: Partial<Context>,
  options?: StreamOptions | CallOptions,
): CallOptions | undefined => within(context, () => withInherited(options));

test("outside of calls the options are what they are", () => {
  const options = { timeoutMs: 5 };
  expect(withInherited(options)).toBe(options);
  expect(withInherited(undefined)).toBeUndefined();
});

describe("time", () => {
  test.each<[string, number, number | undefined, number | undefined]>([
    ["what is left, when none is given", 700, undefined, 700],
    ["the smaller of both", 700, 500, 500],
    ["what is left, when more is given", 700, 30_000, 700],
    ["what is left, when none was wanted", 700, Infinity, 700],
    ["nothing, when none is left", 0, 500, 0],
    ["what is given, without a deadline", Infinity, 500, 500],
    ["the default, without a deadline", Infinity, undefined, undefined],
  ])("%s", (_, remainingMs, timeoutMs, expected) => {
    expect(inherited({ remainingMs }, { timeoutMs })?.timeoutMs).toBe(expected);
  });
});

describe("trace", () => {
  const headers = [
    ["tenant", "a"],
    ["Traceparent", "00-1-2-01"],
    ["tracestate", "x=1"],
    ["tracestate", "y=2"],
    ["baggage", "k=v"],
  ] as const;
  const family = headers.slice(1);

  test("its ids, and its headers but no others", () => {
    expect(inherited({ headers })).toMatchObject({ traceId: 11, spanId: 22, headers: family });
    expect(inherited({ headers }, { headers: { a: "1" } })?.headers).toEqual([["a", "1"], ...family]);
    expect(inherited({ headers }, { headers: new Headers({ a: "1" }) })?.headers).toEqual([
      ["a", "1"],
      ...family,
    ]);
    expect(inherited({})?.headers).toBeUndefined();
  });

  test.each<[string, CallOptions]>([
    ["a trace id", { traceId: 5 }],
    ["a span id", { spanId: 5 }],
    ["a header of the family", { headers: { TraceParent: "00-9-9-01" } }],
  ])("nothing of it when the caller gives %s", (_, options) => {
    const { traceId, spanId, headers: sent } = inherited({ headers }, options) ?? {};
    expect({ traceId, spanId, headers: sent }).toEqual({
      traceId: options.traceId,
      spanId: options.spanId,
      headers: options.headers,
    });
  });
});

describe("cancellation", () => {
  test.each(["the outer call", "the caller"])("by %s", (which) => {
    const [outer, own] = [new AbortController(), new AbortController()];
    const signal = inherited({ signal: outer.signal }, { signal: own.signal })?.signal;
    expect(signal?.aborted).toBe(false);
    const reason = new Error("enough");
    (which === "the caller" ? own : outer).abort(reason);
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBe(reason);
  });

  test("the outer call's signal itself, when the caller gives none", () => {
    expect(inherited({})?.signal).toBe(controller.signal);
  });
});

test("what makes no sense passes as it is, for the checks to refuse", () => {
  expect(inherited({}, 5 as never)).toBe(5);
  expect(inherited({}, null as never)).toBeNull();
  const nonsense = { timeoutMs: "soon", signal: "now", headers: 7 } as never;
  expect(inherited({}, nonsense)).toMatchObject(nonsense);
});

test("a call made while another is served goes out with its deadline and trace, and is cancelled with it", async () => {
  const { splice, start, accepted } = supervisorTwin();
  await start();
  const outer = new AbortController();
  const answer = within({ remainingMs: 250.5, signal: outer.signal }, () => splice.call("f"));
  answer.catch(() => undefined);
  await settle();
  expect(accepted[0]?.invokes()).toMatchObject([{ deadlineMs: 251, context: { traceId: 11, spanId: 22 } }]);
  outer.abort();
  await expect(answer).rejects.toMatchObject({ code: 2002 });
  await settle();
  expect(accepted[0]?.received.at(-1)).toMatchObject({ type: "Cancel", requestId: 1 });
});

test("a stream is no exception, and what is over already is not called", async () => {
  const { splice, start, accepted } = supervisorTwin();
  await start();
  const outer = new AbortController();
  const items = splice.stream("f")[Symbol.asyncIterator]();
  const first = within({ signal: outer.signal }, () => items.next());
  first.catch(() => undefined);
  await settle();
  expect(accepted[0]?.invokes()).toMatchObject([{ deadlineMs: 700, context: { traceId: 11 } }]);
  outer.abort();
  await expect(first).rejects.toMatchObject({ code: 2002 });
  await expect(within({ remainingMs: 0 }, () => splice.call("f"))).rejects.toMatchObject({ code: 2001 });
  const late = within({ signal: outer.signal }, () => splice.call("f"));
  await expect(late).rejects.toMatchObject({ code: 2002 });
  await settle();
  expect(accepted[0]?.invokes()).toHaveLength(1);
});
