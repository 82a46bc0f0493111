// A worker that is killed from outside: what its callers hear, and what comes after (rows 1, 2 and 3).

import { afterEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { closeLeftovers, fixtures, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const fakeWorker = join(fixtures, "faults/worker.mjs");

describe("SIGKILL of an idle worker (row 1)", () => {
  test("goes unnoticed: one respawn, and the next call waits for it", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [50] } });
    const pid = await system.pid();
    expect((await system.call("work.echo")).code).toBe(0);
    process.kill(pid, "SIGKILL");
    // A call made before the end is noticed goes to the dead process, and can only be told so.
    await until("the end is noticed", () => system.journal.of("exit").length === 1);
    const next = await system.call("work.pid");
    expect(next.code).toBe(0);
    expect(next.value).not.toMatchObject({ value: pid });
    expect(system.journal.of("spawn")).toHaveLength(2);
    const [exited] = system.events.filter(({ type }) => type === "worker.exited");
    expect(exited).toMatchObject({ pid, worker: "app:1", reason: expect.stringContaining("SIGKILL") });
    await system.end();
  });

  test("of one of two: the other serves on meanwhile", async () => {
    const system = await startSystem({
      pools: { app: { functions, workers: 2 } },
      restart: { backoffMs: [60_000], withinMs: 1_000_000 },
    });
    const [first, second] = await system.ready();
    process.kill(first?.pid ?? 0, "SIGKILL");
    await until("the end is noticed", () => system.journal.of("exit").length === 1);
    for (let i = 0; i < 10; i++) {
      expect((await system.call("work.pid")).value).toMatchObject({ value: second?.pid });
    }
    await system.end();
  });
});

describe("SIGKILL with 50 calls in flight (row 2)", () => {
  test("each ends with 2003 at once, long before its deadline of 10 s, and the next worker serves", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [0] } });
    const pid = await system.pid();
    const calls = Array.from({ length: 50 }, () => system.call("work.hang", {}, { timeoutMs: 10_000 }));
    const bystander = system.call("work.echo", { value: 1 });
    await bystander;
    const startedAtMs = performance.now();
    process.kill(pid, "SIGKILL");
    for (const { code, error, message, endedAtMs } of await Promise.all(calls)) {
      expect(code).toBe(2003);
      expect(error?.details).toMatchObject({ worker: "app:1", pid, exitCode: null, signal: "SIGKILL" });
      expect(message).toMatch(/^The worker running "work\.hang" was killed by SIGKILL.*may have run once\.$/);
      expect(endedAtMs - startedAtMs).toBeLessThan(10_000);
    }
    expect((await system.call("work.echo")).code).toBe(0);
    await system.end();
  });
});

describe("death around the writing of an answer (row 3)", () => {
  test("200 calls at 8 moments: a result or 2003, never both, and no function runs twice", async () => {
    const system = await startSystem({
      pools: { app: { functions, workers: 2 } },
      restart: { backoffMs: [0], jitter: 0, maxRestarts: 1000 },
      breaker: { quarantineCrashes: 0 },
    });
    const seen = new Set<number>();
    for (let batch = 0; batch < 20; batch++) {
      await system.ready();
      // The killer stands at another place of each batch, so that answers of neighbours are cut off too.
      const calls = Array.from({ length: 10 }, (_, place) =>
        place === batch % 10 ? system.call("harm.answerAndDie", { moment: batch }) : system.call("work.echo"),
      );
      for (const { code } of await Promise.all(calls)) seen.add(code);
      await until("the death is noticed", () => system.journal.of("exit").length === batch + 1);
    }
    expect([...seen].every((code) => code === 0 || code === 2003)).toBe(true);
    await system.ready();
    expect(await system.end()).toMatchObject({ counts: { lost: 0, duplicated: 0, lied: 0 } });
  });

  test("an answer cut at any byte is no answer; a whole one that was written before the death is", async () => {
    const command = [process.execPath, fakeWorker];
    const system = await startSystem({
      pools: { app: { command, workers: 4 } },
      restart: { backoffMs: [0], jitter: 0, maxRestarts: 1000 },
      breaker: { quarantineCrashes: 0 },
    });
    // Header 5 bytes, then the envelope; the last cut is past the end, the others are inside the frame.
    const cuts = [0, 1, 4, 5, 6, 20, 100, 1000, 10_000];
    let deaths = 0;
    for (let first = 0; first < cuts.length; first += 4) {
      await system.ready();
      const some = cuts.slice(first, first + 4);
      const outcomes = await Promise.all(some.map((bytes) => system.call("fake.cut", { bytes, size: 2000 })));
      outcomes.forEach(({ code }, index) => {
        expect(code).toBe((some[index] ?? 0) > 2000 ? 0 : 2003);
      });
      deaths += some.length;
      await until("the deaths are noticed", () => system.journal.of("exit").length === deaths);
    }
    await system.ready();
    await system.end();
  });

  test("an answer of 150 KB that was handed to the kernel before the death is read to its end", async () => {
    const command = [process.execPath, fakeWorker];
    const system = await startSystem({
      pools: { app: { command } },
      restart: { backoffMs: [0], jitter: 0, maxRestarts: 1000 },
    });
    for (let death = 1; death <= 4; death++) {
      const { code, value } = await system.call("fake.cut", { bytes: 1_000_000, size: 150_000 });
      expect(code).toBe(0);
      expect((value as { value: string }).value).toHaveLength(150_000);
      await until("the death is noticed", () => system.journal.of("exit").length === death);
    }
    await system.end();
  });
});
