// Calls that functions make through the supervisor that runs them: found without being told where, and bound to the call
// that the function serves.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { closeLeftovers, fixtures, makeFolder, startSystem, type TestSystem, until } from "../harness.js";

const functions = join(fixtures, "nested/functions");
let folder = "";

afterEach(async () => {
  await closeLeftovers();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<TestSystem> {
  folder = await makeFolder();
  return startSystem({ functions, socket: join(folder, "s") }, { keyed: false });
}

interface Seen {
  readonly traceId: number;
  readonly spanId: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly remainingMs: number;
}

async function compare(
  system: TestSystem,
  options: object,
  inner?: object,
): Promise<{ outer: Seen; inner: Seen }> {
  const { splice } = system;
  return (await splice.call("outer.compare", { options: inner }, options)) as { outer: Seen; inner: Seen };
}

test("an inner call has the outer one's trace and no more time than is left of it", async () => {
  const system = await start();
  const headers: [string, string][] = [
    ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ["tenant", "a"],
  ];
  const { outer, inner } = await compare(system, { timeoutMs: 20_000, headers, traceId: 7, spanId: 8 });
  expect(inner).toMatchObject({ traceId: 7, spanId: 8, headers: headers.slice(0, 1) });
  // The outer one looked at its clock later than it passed the rest on; each hop rounds up, to a whole millisecond.
  expect(inner.remainingMs).toBeLessThanOrEqual(20_000);
  expect(inner.remainingMs).toBeGreaterThan(outer.remainingMs - 1);
  const own = await compare(system, { timeoutMs: 20_000, traceId: 7 }, { timeoutMs: 5000, traceId: 9 });
  expect(own.inner.traceId).toBe(9);
  expect(own.inner.remainingMs).toBeLessThanOrEqual(5000);
  // Generated where there was none, and the same for both.
  const made = await compare(system, {});
  expect(made.inner.traceId).toBe(made.outer.traceId);
  expect(made.inner.spanId).toBe(made.outer.spanId);
  await system.splice.close();
});

test("when the outer call is cancelled or its time is over, so is the inner one, and so is a stream", async () => {
  const system = await start();
  const gone = new AbortController();
  const cancelled = system.splice.call("outer.wait", {}, { signal: gone.signal });
  const watched = system.splice.call("outer.watch", {}, { signal: gone.signal });
  cancelled.catch(() => undefined);
  watched.catch(() => undefined);
  await until("all four are dispatched", () => system.journal.of("dispatch").length === 4);
  gone.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 2002 });
  await expect(watched).rejects.toMatchObject({ code: 2002 });
  await system.atRest();
  expect(await system.splice.call("inner.counts")).toEqual({ calls: 1, streams: 1 });
  await expect(system.splice.call("outer.wait", {}, { timeoutMs: 150 })).rejects.toMatchObject({
    code: 2001,
  });
  await system.atRest();
  expect(await system.splice.call("inner.counts")).toEqual({ calls: 2, streams: 1 });
  await system.splice.close();
});

test("without a host socket connect() inside a function says so at once, and the environment tells nobody of one", async () => {
  const system = await startSystem({ functions }, { keyed: false });
  for (const options of [{}, { waitMs: 20_000 }]) {
    expect(await system.splice.call("outer.attempt", options)).toMatchObject({
      code: 3001,
      message: expect.stringContaining("has no host socket"),
      details: { reason: "no-supervisor" },
    });
  }
  await system.splice.close();
  const hosted = await start();
  expect(await hosted.splice.call("outer.attempt", {})).toBe("connected");
  expect(await hosted.splice.call("outer.environment")).toEqual([]);
  await hosted.splice.close();
});
