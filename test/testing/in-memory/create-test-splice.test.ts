// A Splice handle in memory, as somebody's unit test holds it: names, values, errors, ends and streams are those of a
// supervisor with processes, and nothing is left when it is closed.

import { AsyncLocalStorage } from "node:async_hooks";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import type { Splice } from "../../../src/contract/splice.js";
import {
  createTestSplice,
  type TestSpliceOptions,
} from "../../../src/testing/in-memory/create-test-splice.js";
import { createVirtualClock } from "../../../src/testing/virtual-clock.js";
import { currentContext, fn, type Context } from "../../../src/worker/index.js";

const open = new Set<Splice>();

async function started(options: TestSpliceOptions): Promise<Splice> {
  const splice = await createTestSplice(options);
  open.add(splice);
  return splice;
}

afterEach(async () => {
  await Promise.all([...open].map((splice) => splice.close({ drainMs: 0 })));
  open.clear();
});

const add = ({ a, b }: { a: number; b: number }): number => a + b;
const never = (): Promise<never> => new Promise(() => undefined);
/** Ends when it is told to, and says that it did. */
function obedient(ended: (reason: string) => void) {
  return async (_: object, ctx: Context): Promise<void> => {
    await new Promise<void>((resolve) => {
      ctx.signal.addEventListener("abort", () => {
        ended("cancelled");
        resolve();
      });
    });
  };
}

describe("names", () => {
  test("a function has the name it was given by, a module the names of its exports", async () => {
    const math = { add, default: () => "math itself", pi: 3, Klass: class {} };
    const splice = await started({ functions: { "shop.total": add, "users.admin": math, now: () => 5 } });
    const exported = await splice.exports();
    expect(exported.map(({ name }) => name)).toEqual(["now", "shop.total", "users.admin", "users.admin.add"]);
    expect(await splice.call("shop.total", { a: 1, b: 2 })).toBe(3);
    expect(await splice.call("users.admin.add", { a: 1, b: 2 })).toBe(3);
    expect(await splice.call("users.admin")).toBe("math itself");
    const { shop } = splice.functions<{ shop: { total: typeof add } }>();
    expect(await shop.total({ a: 4, b: 5 })).toBe(9);
  });

  test("one that nobody has is 1002, and near ones are named", async () => {
    const splice = await started({ functions: { "math.add": add } });
    await expect(splice.call("math.ad")).rejects.toMatchObject({
      code: 1002,
      message: expect.stringContaining("math.add"),
    });
  });

  const refused: readonly [what: string, functions: unknown, sentence: string][] = [
    ["no function", {}, "No function was given"],
    ["a number", { "math.add": 3 }, '"math.add" was given number'],
    ["a class", { "math.add": class {} }, '"math.add" was given a class'],
    ["a module without functions", { math: { pi: 3 } }, '"math" exports no function'],
    ["a name twice", { "math.add": add, math: { add } }, 'called "math.add"'],
    ["a name of the runtime", { "splice.stop": add }, "the runtime's own"],
    ["nothing", undefined, "Configuration functions is undefined"],
    ["a folder that is not there", "/nowhere/at/all", "does not exist"],
  ];
  test.each(refused)("%s is refused", async (_, functions, sentence) => {
    await expect(createTestSplice({ functions } as TestSpliceOptions)).rejects.toThrow(sentence);
  });

  test("so is an option that it does not have", async () => {
    const options = { functions: { "math.add": add }, pools: {} };
    await expect(createTestSplice(options)).rejects.toMatchObject({ name: "ConfigError", path: "pools" });
  });
});

describe("a call", () => {
  test("carries copies: neither side sees what the other does to its own", async () => {
    const kept: { list: number[] }[] = [];
    const splice = await started({
      functions: {
        "list.keep": (params: { list: number[] }) => {
          kept.push(params);
          params.list.push(3);
          return { list: params.list, at: new Date(5), big: 2n ** 60n, none: undefined };
        },
      },
    });
    const mine = { list: [1, 2] };
    expect(await splice.call("list.keep", mine)).toEqual({
      list: [1, 2, 3],
      at: new Date(5),
      big: 2n ** 60n,
    });
    expect(mine.list).toEqual([1, 2]);
    expect(kept[0]?.list).toEqual([1, 2, 3]);
    await expect(splice.call("list.keep", { list: new Map() })).rejects.toMatchObject({ code: 1001 });
  });

  test("is refused with 1001 where its params do not fit the schema, and the result of one that lies is 2000", async () => {
    const schema = { params: z.object({ a: z.number() }), returns: z.number() };
    const splice = await started({
      functions: { "math.half": fn(schema, ({ a }) => (a === 0 ? ("none" as never) : a / 2)) },
    });
    expect(await splice.call("math.half", { a: 4 })).toBe(2);
    await expect(splice.call("math.half", { a: "4" })).rejects.toMatchObject({ code: 1001 });
    await expect(splice.call("math.half", { a: 0 })).rejects.toMatchObject({
      code: 2000,
      details: { name: "InvalidResult" },
    });
    expect(JSON.parse((await splice.exports())[0]?.paramsSchema ?? "")).toMatchObject({ required: ["a"] });
  });

  test("ends with 2000 and the message of what the function throws; with its stack where `dev` is set", async () => {
    const functions = {
      "math.divide": () => {
        throw new RangeError("by zero");
      },
    };
    const splice = await started({ functions });
    const error: unknown = await splice.call("math.divide").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 2000, message: "by zero", details: { name: "RangeError" } });
    expect(error).not.toMatchObject({ details: { stack: expect.anything() } });
    const inDevelopment = await started({ functions, dev: true });
    await expect(inDevelopment.call("math.divide")).rejects.toMatchObject({
      details: { stack: expect.stringContaining("by zero") },
    });
  });

  test("ends with 2001 at its deadline, and the function is told", async () => {
    const ended: string[] = [];
    const splice = await started({ functions: { "slow.wait": obedient((how) => ended.push(how)) } });
    await expect(splice.call("slow.wait", {}, { timeoutMs: 5 })).rejects.toMatchObject({ code: 2001 });
    await splice.close();
    expect(ended).toEqual(["cancelled"]);
  });

  test("ends with 2002 when it is aborted, and the function is told", async () => {
    const ended: string[] = [];
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const wait = obedient((how) => ended.push(how));
    const splice = await started({
      functions: { "slow.wait": (params: object, ctx: Context) => (begin(), wait(params, ctx)) },
    });
    const controller = new AbortController();
    const call = splice.call("slow.wait", {}, { signal: controller.signal });
    await begun;
    controller.abort("no more");
    await expect(call).rejects.toMatchObject({ code: 2002, cause: "no more" });
    await splice.close();
    expect(ended).toEqual(["cancelled"]);
  });

  test("has its context, and nothing of what its caller keeps beside", async () => {
    const beside = new AsyncLocalStorage<string>();
    const splice = await started({
      functions: {
        "who.calls": (_: object, ctx: Context) => ({
          user: ctx.userId,
          same: currentContext().requestId === ctx.requestId,
          shop: ctx.header("x-shop"),
          beside: beside.getStore(),
        }),
      },
    });
    const options = { auth: { userId: "u1" }, headers: { "x-shop": "north" } };
    const told = await beside.run("the caller's", () => splice.call("who.calls", {}, options));
    expect(told).toEqual({ user: "u1", same: true, shop: "north" });
  });

  test("reads its input", async () => {
    const splice = await started({
      functions: {
        "math.sum": async (_: object, ctx: Context) => {
          let sum = 0;
          for await (const item of ctx.input) sum += item as number;
          return sum;
        },
      },
    });
    expect(await splice.call("math.sum", {}, { input: Readable.from([1, 2, 3]) })).toBe(6);
  });

  test("is limited and verified as configured", async () => {
    const splice = await started({
      functions: { "slow.never": never, "math.add": add },
      limits: { maxInFlight: 1 },
    });
    const first = splice.call("slow.never");
    await expect(splice.call("math.add", { a: 1, b: 1 })).rejects.toMatchObject({ code: 3002 });
    const closed = splice.close({ drainMs: 0 });
    await expect(first).rejects.toMatchObject({ code: 2002 });
    await closed;
    const other = await started({ functions: { "math.add": add }, verify: (auth) => auth?.userId === "me" });
    expect(await other.call("math.add", { a: 1, b: 1 }, { auth: { userId: "me" } })).toBe(2);
    await expect(other.call("math.add", {}, { auth: { userId: "you" } })).rejects.toMatchObject({
      code: 1003,
    });
  });
});

describe("a stream", () => {
  async function* count({ from }: { from: number }, ctx: Context): AsyncGenerator<number> {
    try {
      for (let n = from; ; n++) {
        yield n;
        if (ctx.isCancelled) return;
      }
    } finally {
      ended.push(ctx.functionName);
    }
  }
  const ended: string[] = [];

  test("gives its items; breaking out of it cancels the function", async () => {
    const splice = await started({ functions: { "feed.count": count } });
    const items: unknown[] = [];
    for await (const item of splice.stream("feed.count", { from: 7 })) {
      items.push(item);
      if (items.length === 500) break;
    }
    expect([items.length, items[0], items.at(-1)]).toEqual([500, 7, 506]);
    await splice.close();
    expect(ended).toEqual(["feed.count"]);
    expect((await splice.status()).calls).toMatchObject({ cancelled: 1, active: 0 });
  });

  test("is 1001 where it is called as a plain one", async () => {
    const splice = await started({ functions: { "feed.count": count } });
    await expect(splice.call("feed.count", { from: 1 })).rejects.toMatchObject({ code: 1001 });
  });
});

describe("time that the test moves", () => {
  test("ends a call at its deadline, and starts anew a worker whose function does not stop", async () => {
    const clock = createVirtualClock();
    const splice = await started({ functions: { "slow.never": never, "math.add": add }, clock });
    const call = splice.call("slow.never", {}, { timeoutMs: 60_000 });
    const ended = expect(call).rejects.toMatchObject({ code: 2001 });
    clock.advance(59_999);
    expect((await splice.status()).calls.active).toBe(1);
    clock.advance(1);
    await ended;
    // Its grace, after which the worker is condemned.
    clock.advance(2000);
    expect(await splice.call("math.add", { a: 2, b: 2 })).toBe(4);
    await splice.close();
  });

  test("an hour that passes leaves the worker as it was", async () => {
    const clock = createVirtualClock();
    const splice = await started({ functions: { "math.add": add }, clock });
    for (let hour = 0; hour < 2; hour++) {
      clock.advance(3_600_000);
      expect(await splice.call("math.add", { a: 2, b: 2 })).toBe(4);
    }
    expect((await splice.status()).pools[0]?.workers).toMatchObject([{ state: "ready", generation: 1 }]);
  });

  test("opens a breaker and lets a call through when it is over", async () => {
    const clock = createVirtualClock();
    let isBroken = true;
    const splice = await started({
      functions: { "shop.order": () => (isBroken ? never() : "done") },
      breaker: { minCalls: 2, openMs: 5000 },
      clock,
    });
    for (let n = 0; n < 2; n++) {
      const call = expect(splice.call("shop.order", {}, { timeoutMs: 10 })).rejects.toMatchObject({
        code: 2001,
      });
      clock.advance(10);
      await call;
    }
    await expect(splice.call("shop.order")).rejects.toMatchObject({
      code: 3001,
      details: { reason: "breaker-open" },
    });
    isBroken = false;
    clock.advance(5000);
    expect(await splice.call("shop.order")).toBe("done");
  });
});

describe("its end", () => {
  test("calls under way may end; later ones are refused with 3001", async () => {
    let finish: (value: string) => void = () => undefined;
    const result = new Promise((resolve) => (finish = resolve));
    const splice = await started({ functions: { "slow.done": () => result } });
    const call = splice.call("slow.done");
    const closed = splice.close();
    await expect(splice.call("slow.done")).rejects.toMatchObject({ code: 3001 });
    finish("in time");
    expect(await call).toBe("in time");
    await closed;
    expect((await splice.status()).state).toBe("stopped");
    await expect(splice.call("slow.done")).rejects.toMatchObject({
      code: 3001,
      details: { reason: "closed" },
    });
  });

  test("`await using` closes it; of a function that hangs it waits for nothing, not even for time to pass", async () => {
    const clock = createVirtualClock();
    const options = { functions: { "slow.never": never }, shutdown: { drainMs: 0 }, clock };
    const splice = await createTestSplice(options);
    const call = expect(splice.call("slow.never")).rejects.toMatchObject({ code: 2002 });
    await splice[Symbol.asyncDispose]();
    await call;
    expect((await splice.status()).state).toBe("stopped");
  });
});
