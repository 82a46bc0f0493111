// A worker whose loop stands still: found out by its health checks, also when its very first call did it.

import { afterEach, expect, test } from "@jest/globals";
import { join } from "node:path";
import type { InspectionEvent } from "xstate";
import type { HealthFact } from "../../../src/machines/worker/events.js";
import { closeLeftovers, fixtures, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

const health = { intervalMs: 50, maxMisses: 3, cancelGraceMs: 50 };
const quick = { restart: { backoffMs: [0] }, health };

// With a grace this long nothing but its health checks can find the worker out.
test.each(["inherit", "socket"] as const)(
  "a worker whose first call is a busy loop is replaced after its misses (link: %s)",
  async (link) => {
    const functions = join(fixtures, "faults/functions");
    const system = await startSystem({
      pools: { app: { functions, link } },
      ...quick,
      health: { ...health, cancelGraceMs: 600_000 },
    });
    expect((await system.call("harm.spin", {}, { timeoutMs: 100 })).code).toBe(2001);
    await system.readyAfter(2);
    expect(system.events.map(({ reason }) => reason)).toContain(
      "was ended because it no longer answers health checks",
    );
    expect((await system.call("work.echo")).code).toBe(0);
    await system.end();
  },
);

// Both keep the worker's loop from its health checks, many times over; only the second has a call past its deadline.
test("a worker that computes for long, within its deadline, is left alone; one that never ends is not (row 68)", async () => {
  const functions = join(fixtures, "faults/functions");
  let lagMs = 0;
  const inspect = (told: InspectionEvent): void => {
    if (told.type === "@xstate.event" && told.event.type === "health.answered")
      lagMs = (told.event as HealthFact & { readonly type: "health.answered" }).lagMs;
  };
  const system = await startSystem({ functions, inspect, ...quick });
  const pid = await system.pid();
  // Not to be the worker's first call: what has never answered a check cannot miss one.
  await until("it has answered a check", () => lagMs > 0);
  const computing = system.call("work.compute", { ms: 2500 }, { timeoutMs: 60_000 });
  expect(await computing).toMatchObject({ code: 0, value: { value: pid } });
  await until("the lag is told", () => lagMs > 1000);
  expect((await system.call("work.pid")).value).toMatchObject({ value: pid });
  expect(system.journal.of("spawn")).toHaveLength(1);

  expect((await system.call("harm.spin", {}, { timeoutMs: 300 })).code).toBe(2001);
  await system.readyAfter(2);
  expect((await system.call("work.pid")).value).not.toMatchObject({ value: pid });
  expect(system.journal.of("exit")).toHaveLength(1);
  await system.end();
});

test("a call that waited for its worker comes after the worker's first health check", async () => {
  const command = [process.execPath, join(fixtures, "faults/worker.mjs")];
  const system = await startSystem({ pools: { app: { command } }, ...quick, health: { intervalMs: 60_000 } });
  process.kill(await system.pid(), "SIGKILL");
  // Whether it finds the worker dying or gone, the second of the calls is answered by the new one.
  await system.call("fake.heard");
  const { value } = await system.call("fake.heard");
  expect((value as { value: unknown[] }).value.slice(0, 4)).toEqual([
    "HandshakeAck",
    "ListExports",
    "HealthCheck",
    "Invoke",
  ]);
  await system.end();
});
