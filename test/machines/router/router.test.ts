import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createActor } from "xstate";
import type { InstanceId } from "../../../src/ids.js";
import type { RouterEvent } from "../../../src/machines/router/events.js";
import { routerMachine } from "../../../src/machines/router/machine.js";
import {
  buildRouteTable,
  emptyRouteTable,
  type PoolOutlook,
  type RoutedWorker,
  type RouteTable,
} from "../../../src/machines/router/route-table.js";
import { exportsOf } from "../worker/rig.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";

failOnXstateWarnings();

const none: PoolOutlook = { reason: "no-worker", why: "has no worker", retryAtMs: null };
const ready = (instance: number, outlook: PoolOutlook = none): RouterEvent => ({
  type: "worker.ready",
  pool: "app",
  instance: instance as InstanceId,
  generation: 1,
  exports: exportsOf("f"),
  outlook,
});
const withdrawn = (instance: number, outlook: PoolOutlook = null): RouterEvent => ({
  type: "worker.withdrawn",
  pool: "app",
  instance: instance as InstanceId,
  outlook,
});
const expecting = (outlook: PoolOutlook): RouterEvent => ({ type: "outlook.changed", pool: "app", outlook });
const removed: RouterEvent = { type: "pool.removed", pool: "app" };
const drain: RouterEvent = { type: "router.drain" };
const close: RouterEvent = { type: "router.close" };

function startRouter(...events: RouterEvent[]) {
  const tables: RouteTable[] = [];
  const errors: unknown[] = [];
  const logic = routerMachine.provide({ actions: { publish: ({ context }) => tables.push(context.table) } });
  const actor = createActor(logic);
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  for (const event of events) actor.send(event);
  return { actor, tables, errors };
}

const ways = {
  unavailable: [],
  accepting: [ready(1)],
  draining: [ready(1), drain],
  closed: [ready(1), close],
} satisfies Record<string, RouterEvent[]>;
type RouterStateName = keyof typeof ways;

describe("transitions", () => {
  const cells: [RouterStateName, string, RouterEvent, RouterStateName, boolean][] = [
    ["unavailable", "a worker is ready", ready(1), "accepting", true],
    ["unavailable", "a worker is withdrawn", withdrawn(1), "unavailable", true],
    ["unavailable", "a pool's outlook changes", expecting(none), "unavailable", true],
    ["unavailable", "a pool is removed", removed, "unavailable", true],
    ["unavailable", "drain", drain, "draining", true],
    ["unavailable", "close", close, "closed", true],
    ["accepting", "another is ready", ready(2), "accepting", true],
    ["accepting", "the last ready one is withdrawn", withdrawn(1), "unavailable", true],
    ["accepting", "one that was not ready is withdrawn", withdrawn(2), "accepting", true],
    ["accepting", "a pool's outlook changes", expecting(null), "accepting", true],
    ["accepting", "the only pool is removed", removed, "unavailable", true],
    ["accepting", "drain", drain, "draining", true],
    ["accepting", "close", close, "closed", true],
    ["draining", "a worker is ready", ready(2), "draining", true],
    ["draining", "the last ready one is withdrawn", withdrawn(1), "draining", true],
    ["draining", "drain again", drain, "draining", false],
    ["draining", "close", close, "closed", true],
    ["closed", "a worker is ready", ready(2), "closed", true],
    ["closed", "a worker is withdrawn", withdrawn(1, none), "closed", true],
    ["closed", "drain", drain, "closed", false],
    ["closed", "close again", close, "closed", false],
  ];
  test.each(cells)("%s, when %s", (from, _what, event, to, isPublished) => {
    const { actor, tables } = startRouter(...ways[from]);
    expect(actor.getSnapshot().value).toBe(from);
    const before = tables.length;
    actor.send(event);
    expect([actor.getSnapshot().value, tables.length - before]).toEqual([to, isPublished ? 1 : 0]);
    expect(tables.at(-1) ?? emptyRouteTable).toBe(actor.getSnapshot().context.table);
  });
});

describe("what is published", () => {
  test("which processes may get calls, and what calls have to expect while there is none", () => {
    const { tables } = startRouter(
      expecting(null),
      ready(1),
      ready(2),
      withdrawn(1),
      withdrawn(2, none),
      expecting(null),
    );
    expect(tables.map((each) => each.pools.get("app"))).toMatchObject([
      { ready: [], outlook: null, exports: [] },
      { ready: [1], outlook: none },
      { ready: [1, 2], outlook: none },
      { ready: [2], outlook: null },
      { ready: [], outlook: none },
      { ready: [], outlook: null },
    ]);
  });

  test("exports outlive the last worker, so that calls can wait for its successor", () => {
    const { tables } = startRouter(ready(1), withdrawn(1));
    expect(tables.at(-1)?.pools.get("app")).toMatchObject({
      ready: [],
      outlook: null,
      exports: exportsOf("f"),
    });
  });

  test("a pool that was removed is not in it any more, and neither are its workers", () => {
    const { tables, actor } = startRouter(ready(1), removed);
    expect([tables.at(-1)?.pools.size, actor.getSnapshot().value]).toEqual([0, "unavailable"]);
  });

  test("draining and closed are told, and stay told whatever workers do", () => {
    const { tables } = startRouter(ready(1), drain, withdrawn(1), ready(2), close, withdrawn(1));
    expect(tables.map((each) => each.admission)).toEqual([
      "open",
      "draining",
      "draining",
      "draining",
      "closed",
      "closed",
    ]);
  });

  test("a table that was handed out is never changed", () => {
    const { tables } = startRouter(ready(1), ready(2), withdrawn(1), close);
    expect(tables[0]?.pools.get("app")?.ready).toEqual([1]);
  });

  test("only the newest generation gets calls, in whichever order its workers are known", () => {
    const of = (instance: number, generation: number): [InstanceId, RoutedWorker] => [
      instance as InstanceId,
      { pool: "app", generation, exports: exportsOf(`g${String(generation)}`) },
    ];
    for (const order of [
      [of(1, 1), of(2, 2), of(3, 2)],
      [of(2, 2), of(1, 1), of(3, 2)],
    ]) {
      const outlooks = new Map([["app", null]]);
      expect(
        buildRouteTable("open", new Map(order), outlooks, emptyRouteTable).pools.get("app"),
      ).toMatchObject({
        ready: [2, 3],
        exports: exportsOf("g2"),
      });
    }
  });
});

test("no order of events makes it fail, and its table always lists exactly the ready workers", () => {
  const event = fc.oneof(
    fc.nat(9).map((instance) => ready(instance)),
    fc.nat(9).map((instance) => withdrawn(instance)),
    { weight: 1, arbitrary: fc.constantFrom(drain, close, removed, expecting(none)) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const { actor, errors } = startRouter(...events);
      const up = new Set<number>();
      for (const each of events) {
        if (each.type === "worker.ready") up.add(each.instance);
        else if (each.type === "worker.withdrawn") up.delete(each.instance);
        else if (each.type === "pool.removed") up.clear();
      }
      const { context, status } = actor.getSnapshot();
      const listed = [...(context.table.pools.get("app")?.ready ?? [])].sort();
      if (status !== "active" || errors.length > 0) throw new Error(`It ended as ${status}.`);
      if (listed.join() !== [...up].sort().join()) throw new Error(`It lists ${listed.join()}.`);
    }),
    { numRuns: 5000 },
  );
});
