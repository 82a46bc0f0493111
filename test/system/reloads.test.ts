// Who waits for which reload, and what he hears.

import { describe, expect, test } from "@jest/globals";
import type { ReloadReport } from "../../src/contract/reload-report.js";
import type { ReloadOutcome } from "../../src/machines/reload/events.js";
import { type InstanceId, workerId } from "../../src/ids.js";
import { Reloads } from "../../src/system/reloads.js";

function createRig() {
  const asked: string[] = [];
  const answers: ReloadReport[] = [];
  const reloads = new Reloads((pool) => asked.push(pool));
  return {
    asked,
    answers,
    reloads,
    ask(isToWait: boolean, ...pools: string[]): void {
      void reloads.request({ pools, isToWait }).then((report) => answers.push(report));
    },
    finished(pool: string, change: Partial<ReloadOutcome> = {}): void {
      const outcome = {
        pool,
        from: 1,
        to: 2,
        verdict: "identical",
        breaks: [],
        durationMs: 5,
        error: null,
        ...change,
      };
      reloads.heard({ type: "reload.finished", pool, outcome: outcome as ReloadOutcome });
    },
    drained(pool: string, generation: number): void {
      reloads.heard({ type: "generation.drained", pool, generation });
    },
    /** The answers so far. */
    async heard(): Promise<ReloadReport[]> {
      await Promise.resolve();
      await new Promise(setImmediate);
      return answers;
    },
  };
}

const good = (name: string) => ({ name, from: 1, to: 2, verdict: "identical", durationMs: 5, error: null });

describe("a request", () => {
  test("of several pools is answered when the last has ended, in the order asked for", async () => {
    const rig = createRig();
    rig.ask(false, "a", "b");
    expect(rig.asked).toEqual(["a", "b"]);
    rig.finished("b");
    expect(await rig.heard()).toEqual([]);
    rig.finished("a");
    expect(await rig.heard()).toEqual([{ ok: true, pools: [good("a"), good("b")] }]);
  });

  test("is not ok where one of them failed, and the status says why until it goes well", async () => {
    const rig = createRig();
    rig.ask(false, "a", "b");
    rig.finished("a", { to: 1, verdict: null, error: "It does not compile." });
    rig.finished("b");
    const [report] = await rig.heard();
    expect(report?.ok).toBe(false);
    expect(report?.pools[0]).toMatchObject({ from: 1, to: 1, verdict: null, error: "It does not compile." });
    expect(rig.reloads.lastError).toBe("It does not compile.");
    rig.finished("a");
    expect(rig.reloads.lastError).toBeNull();
  });

  test("is answered with the reload of its pool, whoever began that", async () => {
    const rig = createRig();
    rig.ask(false, "a");
    rig.ask(false, "a");
    rig.finished("b");
    expect(await rig.heard()).toEqual([]);
    rig.finished("a");
    expect(await rig.heard()).toHaveLength(2);
  });

  test("that a reload answers before it returns is answered", async () => {
    const answers: ReloadReport[] = [];
    const reloads: Reloads = new Reloads((pool) => {
      const outcome = {
        pool,
        from: 1,
        to: 1,
        verdict: "unchanged",
        breaks: [],
        durationMs: 0,
        error: null,
      } as const;
      reloads.heard({ type: "reload.finished", pool, outcome });
    });
    answers.push(await reloads.request({ pools: ["a"], isToWait: true }));
    expect(answers[0]?.pools[0]?.verdict).toBe("unchanged");
  });
});

test("what came too early for its pool is asked for again when that serves, and once", async () => {
  const rig = createRig();
  const ready = (): void => {
    rig.reloads.heard({
      type: "worker.ready",
      workerId: workerId("a", 1),
      pool: "a",
      pid: 1,
      generation: 1,
      instance: 1 as InstanceId,
    });
  };
  rig.finished("a", {
    to: 1,
    verdict: null,
    error: "The new generation cannot be had, because the pool is not in service",
  });
  expect(rig.asked).toEqual([]);
  ready();
  ready();
  expect(rig.asked).toEqual(["a"]);
  rig.finished("a", { to: 1, verdict: null, error: "It does not compile." });
  ready();
  expect(rig.asked).toEqual(["a"]);
});

describe("whoever waits for the generation before to be gone", () => {
  test("hears when it is", async () => {
    const rig = createRig();
    rig.ask(true, "a");
    rig.finished("a");
    expect(await rig.heard()).toEqual([]);
    rig.drained("a", 2);
    expect(await rig.heard()).toEqual([{ ok: true, pools: [good("a")] }]);
  });

  test("hears at once where it was gone before the reload was told as over", async () => {
    const rig = createRig();
    rig.ask(true, "a");
    rig.drained("a", 2);
    expect(await rig.heard()).toEqual([]);
    rig.finished("a");
    expect(await rig.heard()).toHaveLength(1);
  });

  test("is not put off with the end of one before that", async () => {
    const rig = createRig();
    rig.drained("a", 2);
    rig.ask(true, "a");
    rig.finished("a", { from: 2, to: 3 });
    expect(await rig.heard()).toEqual([]);
    rig.drained("a", 3);
    expect(await rig.heard()).toHaveLength(1);
  });

  test("waits for nothing where nothing was promoted", async () => {
    const rig = createRig();
    rig.ask(true, "a");
    rig.finished("a", { to: 1, verdict: "unchanged" });
    expect(await rig.heard()).toHaveLength(1);
  });

  test("keeps the outcome of his own reload, though a further one ends meanwhile", async () => {
    const rig = createRig();
    rig.ask(true, "a");
    rig.finished("a");
    rig.finished("a", { from: 2, to: 2, verdict: null, error: "It does not compile." });
    rig.drained("a", 2);
    expect((await rig.heard())[0]?.pools).toEqual([good("a")]);
  });
});

describe("the end", () => {
  test("of a pool answers whoever waits for it, and forgets what was told of it", async () => {
    const rig = createRig();
    rig.finished("a", { to: 1, error: "It does not compile." });
    rig.drained("a", 9);
    rig.ask(false, "a");
    rig.ask(false, "b");
    rig.reloads.heard({ type: "pool.removed", pool: "a" });
    const [report] = await rig.heard();
    expect([report?.ok, report?.pools[0]?.error]).toEqual([
      false,
      "Pool a was not reloaded, since pool a was removed.",
    ]);
    expect([rig.answers.length, rig.reloads.lastError]).toEqual([1, null]);
    // One of that name that comes later begins anew.
    rig.ask(true, "a");
    rig.finished("a");
    expect(await rig.heard()).toHaveLength(1);
  });

  test("of the supervisor answers everybody, also who asks after it", async () => {
    const rig = createRig();
    rig.ask(true, "a");
    rig.ask(true, "b");
    rig.finished("b");
    rig.reloads.close("the supervisor stops");
    rig.ask(false, "a");
    const reports = await rig.heard();
    expect(reports.map(({ ok }) => ok)).toEqual([false, true, false]);
    expect(reports.at(-1)?.pools[0]?.error).toBe("Pool a was not reloaded, since the supervisor stops.");
    expect(rig.asked).toEqual(["a", "b"]);
  });
});
