// The call option `retry` on a clock that the test moves.

import { describe, expect, test } from "@jest/globals";
import { getEventListeners } from "node:events";
import { Retrier } from "../../src/contract/retry.js";
import type { CallOptions } from "../../src/contract/splice.js";
import { SpliceError } from "../../src/errors.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { stubborn } from "../support/stubborn-signal.js";

function world(random = 0.5) {
  const clock = createVirtualClock();
  const retrier = new Retrier({ clock, random: () => random, defaultTimeoutMs: 30_000 });
  const runs: { atMs: number; options: CallOptions }[] = [];
  /** Ends with the outcomes in turn; the last one repeats. */
  const run = (options: CallOptions, ...outcomes: (SpliceError | string)[]) =>
    retrier
      .run("f", options, async (current) => {
        const outcome = outcomes[Math.min(runs.length, outcomes.length - 1)];
        runs.push({ atMs: clock.now(), options: current });
        if (typeof outcome === "string") return outcome;
        throw outcome;
      })
      .then(
        (value) => value,
        (error: unknown) => error,
      );
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left >= 0; left -= 10) {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      if (left > 0) clock.advance(10);
    }
  };
  return { clock, retrier, runs, run, pass };
}

const refusal = (code: number, details: unknown = { reason: "no-worker" }) =>
  new SpliceError({ code, message: `code ${String(code)}`, details });

describe("retry", () => {
  test("with a signal that cannot be let go of is tried again all the same", async () => {
    const { run, runs, pass } = world();
    const signal = stubborn("removeEventListener", new Error("no"));
    const ended = run({ retry: { attempts: 1 }, signal }, refusal(3001), "value");
    await pass(5000);
    expect([await ended, runs.length]).toEqual(["value", 2]);
  });

  test.each([1000, 1001, 1002, 1004, 2000, 2001, 2002, 2003, 3000, 3003])(
    "%p may have run, or would fail again: it is made once",
    async (code) => {
      const { run, runs } = world();
      expect(await run({ retry: { attempts: 5 } }, refusal(code))).toMatchObject({ code });
      expect(runs).toHaveLength(1);
    },
  );

  test.each(["closed", "failed"])("3001 %s does not pass, so it is made once", async (reason) => {
    const { run, runs } = world();
    await run({ retry: { attempts: 5 } }, refusal(3001, { reason }));
    expect(runs).toHaveLength(1);
  });

  test.each([3001, 3002])("%p is tried again, at most as often as was asked for", async (code) => {
    const first = world();
    const ended = first.run({ retry: { attempts: 3 } }, refusal(code), refusal(code), "value");
    await first.pass(5000);
    expect([await ended, first.runs.length, first.clock.timerCount]).toEqual(["value", 3, 0]);
    const second = world();
    const failed = second.run({ retry: { attempts: 3 } }, refusal(code));
    await second.pass(5000);
    expect(await failed).toMatchObject({ code });
    expect(second.runs).toHaveLength(4);
  });

  test("waits no less than the refusal asks, otherwise a random part of a growing bound", async () => {
    const asked = world(0);
    void asked.run({ retry: { attempts: 1 } }, refusal(3002, { retryAfterMs: 500 }));
    await asked.pass(1000);
    expect(asked.runs.map(({ atMs }) => atMs)).toEqual([0, 500]);
    const free = world(1);
    void free.run({ retry: { attempts: 4 } }, refusal(3001));
    await free.pass(5000);
    const waits = free.runs.map(({ atMs }, at) => atMs - (free.runs[at - 1]?.atMs ?? 0));
    expect(waits).toEqual([0, 50, 100, 200, 400]);
  });

  test("stays within the call's deadline: each run has the time that is left, and none begins after it", async () => {
    const { run, runs, pass } = world(1);
    const ended = run({ timeoutMs: 300, retry: { attempts: 9 } }, refusal(3001));
    await pass(1000);
    expect(await ended).toMatchObject({ code: 3001 });
    expect(runs.map(({ options }) => options.timeoutMs)).toEqual([300, 250, 150]);
  });

  test("an abort ends the wait at once, and leaves nothing on the signal", async () => {
    const { run, runs, pass, clock } = world();
    const controller = new AbortController();
    const ended = run(
      { retry: { attempts: 9 }, signal: controller.signal },
      refusal(3002, { retryAfterMs: 5000 }),
    );
    await pass(100);
    controller.abort("enough");
    expect(await ended).toMatchObject({ code: 2002, cause: "enough", functionName: "f" });
    expect([runs.length, clock.timerCount]).toEqual([1, 0]);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });
});

describe("the budget", () => {
  test("when everything fails, 100 calls with 3 retries each become at most 120 (row 63)", async () => {
    const { retrier, pass } = world();
    let made = 0;
    const calls = Array.from({ length: 100 }, () =>
      retrier
        .run("f", { retry: { attempts: 3 } }, async () => {
          made += 1;
          throw refusal(3001);
        })
        .catch((error: unknown) => error),
    );
    await pass(5000);
    await Promise.all(calls);
    expect(made).toBeGreaterThan(100);
    expect(made).toBeLessThanOrEqual(120);
  });

  test("ten successes earn one retry", async () => {
    const { retrier, pass } = world();
    let made = 0;
    const fail = async (): Promise<never> => {
      made += 1;
      throw refusal(3001);
    };
    const failing = async (): Promise<number> => {
      made = 0;
      const ended = retrier.run("f", { retry: { attempts: 20 } }, fail).catch(() => undefined);
      await pass(29_000);
      await ended;
      return made;
    };
    expect(await failing()).toBe(11);
    expect(await failing()).toBe(1);
    // One more than ten: tenths do not add up to one exactly.
    for (let call = 0; call < 11; call++) await retrier.run("f", {}, async () => "value");
    expect(await failing()).toBe(2);
  });
});
