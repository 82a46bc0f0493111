import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { decodeContext, encodeContext } from "../../src/protocol/context.js";
import type { AuthContext } from "../../src/protocol/messages.js";
import { createBench, table } from "./scripted.js";

const contextOf = (auth: AuthContext | null, headers: [string, string][] = []) =>
  encodeContext({ traceId: 1, spanId: 2, headers, auth });
const ada = { userId: "ada", roles: ["admin"] };

const turn = () => new Promise(setImmediate);

/** A verifier whose word the test says later, or never. */
function later() {
  const words: { yes: () => void; no: () => void; fail: (error: unknown) => void }[] = [];
  const verify = () =>
    new Promise<boolean>((resolve, reject) => {
      const yes = (): void => resolve(true);
      words.push({ yes, no: () => resolve(false), fail: reject });
    });
  return { words, verify };
}

/** A bench with one ready worker and a verifier that keeps the one call of `f` waiting. */
function waitingCall(timeoutMs?: number) {
  const { words, verify } = later();
  const bench = createBench({ maxInFlight: 2 }, verify);
  const port = bench.attach(1);
  bench.ready(1);
  const callId = bench.call("f", timeoutMs);
  return { bench, port, callId, say: words[0] as (typeof words)[number] };
}

describe("a verifier that answers at once", () => {
  test("is asked with who calls, the headers and the function; with true the call goes out at once", () => {
    const asked: unknown[] = [];
    const bench = createBench({}, (...question) => asked.push(question) > 0);
    const port = bench.attach(1);
    bench.ready(1);
    const headers: [string, string][] = [
      ["x-tag", "one"],
      ["X-Tag", "two"],
    ];
    bench.call("f", undefined, 0, contextOf(ada, headers));
    bench.call("g");
    expect(asked).toEqual([
      [ada, headers, "f"],
      [null, [], "g"],
    ]);
    expect(port.invokes.map(({ name }) => name)).toEqual(["f", "g"]);
    expect(bench.kinds()).toEqual(["accept", "dispatch", "accept", "dispatch"]);
    expect(bench.dispatcher.waiting).toBe(0);
  });

  test("with false the call is 1003, was never sent, and holds nothing", () => {
    const bench = createBench({}, () => false);
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f", undefined, 0, contextOf({ userId: 'a"\n', roles: [] }));
    expect(bench.caller.last).toMatchObject({
      code: 1003,
      message: 'The verifier does not let the user "a\\"\\n" call "f".',
      details: { userId: 'a"\n' },
    });
    bench.call("g");
    expect(bench.caller.last).toMatchObject({
      code: 1003,
      message: 'The verifier does not let a caller without auth call "g".',
      details: { userId: null },
    });
    expect([port.invokes, bench.verifierFailures]).toEqual([[], []]);
    expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([0, 0]);
    expect(bench.kinds()).toEqual(["accept", "settle", "release", "accept", "settle", "release"]);
    expect(bench.dispatcher.counters).toMatchObject({ total: 2, failed: 2, rejected: 0 });
  });

  test("is asked about no call that is not taken", () => {
    let asked = 0;
    const bench = createBench({ maxInFlight: 1 }, () => ++asked > 0);
    bench.attach(1);
    bench.ready(1);
    bench.call("nope");
    bench.call("f", 0);
    bench.call("f");
    bench.call("f");
    expect(bench.caller.answers.map(({ code }) => code)).toEqual([1002, 2001, 3002]);
    expect(asked).toBe(1);
  });

  test("cannot change the call: what it is handed are copies", () => {
    const bench = createBench({}, (auth, headers) => {
      (auth?.roles as string[]).push("root");
      (headers as [string, string][]).push(["x-forged", "1"]);
      (headers[0] as [string, string])[1] = "two";
      return true;
    });
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f", undefined, 0, contextOf(ada, [["x-tag", "one"]]));
    const [sent] = port.invokes;
    expect(decodeContext(sent?.contextBytes as Uint8Array)).toMatchObject({
      auth: ada,
      headers: [["x-tag", "one"]],
    });
  });

  test("that blocks beyond the deadline, or ends everything while it is asked, starts nothing", () => {
    const blocked = createBench({}, () => {
      blocked.clock.advance(50);
      return true;
    });
    const ended = createBench({}, () => {
      ended.dispatcher.close("failed");
      return true;
    });
    for (const [bench, code] of [
      [blocked, 2001],
      [ended, 3000],
    ] as const) {
      const port = bench.attach(1);
      bench.ready(1);
      bench.call("f", 20);
      expect(bench.caller.codes(1)).toEqual([code]);
      expect([port.invokes.length, bench.dispatcher.inFlight]).toEqual([0, 0]);
    }
    expect(blocked.caller.last?.message).toContain("The verifier had not let it through");
  });
});

describe("a verifier that fails refuses, and only the operator hears why", () => {
  const secret = new Error("token hunter2 is not known at db.internal");
  test.each([
    [
      "throws",
      () => {
        throw secret;
      },
    ],
    ["rejects", () => Promise.reject(secret)],
    ["gives nothing", () => undefined],
    ["gives what is merely truthy", () => 1],
    ["promises what is merely truthy", () => Promise.resolve("yes")],
    ["gives an object whose then throws", () => Object.defineProperty({}, "then", { get: fails })],
    ["gives a promise that cannot be read", () => unreadablePromise()],
  ])("%s", async (_, verify) => {
    const bench = createBench({}, verify);
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f", undefined, 0, contextOf(ada));
    await turn();
    expect(bench.caller.codes(1)).toEqual([1003]);
    expect(bench.caller.last).toMatchObject({
      message:
        'The call of "f" was refused because the verifier itself failed; the supervisor\'s log says why.',
      details: { userId: "ada", reason: "verifier-failed" },
    });
    expect(bench.verifierFailures.map(([name]) => name)).toEqual(["f"]);
    expect([port.invokes.length, bench.dispatcher.inFlight]).toEqual([0, 0]);
  });

  test("a thenable's word counts like a promise's", async () => {
    const thenable = { then: (resolve: (word: boolean) => void) => resolve(true) };
    const bench = createBench({}, () => thenable);
    const port = bench.attach(1);
    bench.ready(1);
    bench.call();
    await turn();
    expect(port.invokes).toHaveLength(1);
  });

  test("a context that cannot be read is let through by no verifier", () => {
    const bench = createBench({}, () => true);
    bench.attach(1);
    bench.ready(1);
    bench.call("f", undefined, 0, Uint8Array.of(0xc1));
    expect(bench.caller.last?.code).toBe(1003);
  });
});

function fails(): never {
  throw new Error("not to be read");
}

function unreadablePromise(): Promise<boolean> {
  return Object.defineProperty(Promise.resolve(true), "constructor", { get: fails });
}

describe("while the verifier has not answered", () => {
  test("the call holds a slot and waits: a new table does not send it, its yes does", async () => {
    const { bench, port, callId, say } = waitingCall();
    expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([1, 1]);
    const second = bench.attach(2);
    bench.ready(1, 2);
    bench.exit(2);
    bench.ready(1);
    expect([port.invokes.length, second.invokes.length]).toEqual([0, 0]);
    bench.call();
    bench.call();
    expect(bench.caller.last?.code).toBe(3002);
    say.yes();
    await turn();
    expect(port.ids).toEqual([callId]);
    expect(bench.dispatcher.waiting).toBe(1);
    bench.result(1, callId);
    expect(bench.caller.codes(1)).toEqual([0]);
  });

  test("its no is 1003", async () => {
    const { bench, port, say } = waitingCall();
    say.no();
    await turn();
    expect(bench.caller.codes(1)).toEqual([1003]);
    expect([port.invokes.length, bench.dispatcher.inFlight]).toEqual([0, 0]);
  });

  test("the deadline ends it with 2001, and a later yes starts nothing", async () => {
    const { bench, port, say } = waitingCall(20);
    bench.clock.advance(30);
    expect(bench.caller.last).toMatchObject({ code: 2001, details: null });
    expect(bench.caller.last?.message).toBe(
      '"f" did not answer within 20 ms. The verifier had not let it through in that time, so it never ran.',
    );
    expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([0, 0]);
    say.yes();
    await turn();
    expect(port.invokes).toEqual([]);
    expect(bench.caller.answers).toHaveLength(1);
  });

  test("a yes that comes after the deadline, but before anybody looked at the time, starts nothing", async () => {
    const { verify, words } = later();
    const bench = createBench({}, verify);
    const port = bench.attach(1);
    bench.ready(1);
    bench.call("f", 0.5);
    // Deadlines are met in steps of a few milliseconds: at 1 ms this one is over and has not fired yet.
    bench.clock.advance(1);
    expect(bench.caller.answers).toEqual([]);
    words[0]?.yes();
    await turn();
    expect([bench.caller.last?.code, port.invokes.length]).toEqual([2001, 0]);
  });

  test.each([true, false])("a cancel (answerNow %p) ends it with 2002, a drain too", async (answerNow) => {
    for (const how of ["cancel", "endDrain", "close"] as const) {
      const { bench, port, callId, say } = waitingCall();
      if (how === "cancel") bench.dispatcher.cancel(callId as never, answerNow);
      else if (how === "endDrain") bench.dispatcher.endDrain();
      else bench.dispatcher.close("closed");
      expect(bench.caller.codes(1)).toEqual([2002]);
      expect([bench.dispatcher.inFlight, bench.dispatcher.waiting]).toEqual([0, 0]);
      say.yes();
      await turn();
      expect([port.invokes.length, port.cancels.length, bench.caller.answers.length]).toEqual([0, 0, 1]);
    }
  });

  test("a drain waits for it, and its yes in that time still finds a worker", async () => {
    const { bench, port, callId, say } = waitingCall();
    let isDrained = false;
    bench.dispatcher.publish(table({ app: { ready: [1] } }, "draining"));
    bench.dispatcher.whenDrained(() => (isDrained = true));
    expect(isDrained).toBe(false);
    say.yes();
    await turn();
    expect(port.ids).toEqual([callId]);
    bench.result(1, callId);
    expect(isDrained).toBe(true);
  });

  test("the worker ends: a call that is let through waits for the next one, or is 3001 when none is due", async () => {
    for (const isDue of [true, false]) {
      const { bench, callId, say } = waitingCall();
      bench.exit(1);
      bench.dispatcher.publish(table({ app: { isDue } }));
      expect(bench.caller.answers).toEqual([]);
      say.yes();
      await turn();
      const successor = bench.attach(2);
      bench.ready(2);
      if (isDue) expect(successor.ids).toEqual([callId]);
      else expect(bench.caller.last).toMatchObject({ code: 3001, details: { reason: "no-worker" } });
    }
  });

  test("its failure after the call has ended is still told to the operator", async () => {
    const { bench, say } = waitingCall(20);
    bench.clock.advance(30);
    say.fail(new Error("too late"));
    await turn();
    expect(bench.verifierFailures).toEqual([["f", new Error("too late")]]);
    expect(bench.caller.answers).toHaveLength(1);
  });

  test("a call that has ended is not kept by a promise that is never settled", async () => {
    const promises: unknown[] = [];
    const bench = createBench({}, () => {
      const promise = new Promise(() => undefined);
      promises.push(promise);
      return promise;
    });
    bench.attach(1);
    bench.ready(1);
    const params = (() => {
      const bytes = new Uint8Array(10);
      bench.dispatcher.invoke(bench.caller, 1, "f", bytes, 10, contextOf(ada));
      return new WeakRef(bytes);
    })();
    bench.clock.advance(20);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    await turn();
    collect();
    expect(params.deref()).toBeUndefined();
    expect(promises).toHaveLength(1);
  });

  test("a fault of our own when it is let through ends in no unhandled rejection", async () => {
    const { bench, port, say } = waitingCall();
    const fault = new Error("the link is broken");
    port.onInvoke = () => {
      throw fault;
    };
    say.yes();
    await turn();
    expect(bench.faults).toEqual([fault]);
  });
});
