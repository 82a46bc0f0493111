import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createActor } from "xstate";
import type { InstanceId } from "../../../src/ids.js";
import { workerId } from "../../../src/ids.js";
import type { RouterEvent } from "../../../src/machines/router/events.js";
import { routerMachine } from "../../../src/machines/router/machine.js";
import {
  buildRouteTable,
  emptyRouteTable,
  type RoutedWorker,
  type RouteTable,
} from "../../../src/machines/router/route-table.js";
import { exportsOf } from "../worker/rig.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";

failOnXstateWarnings();

const ready = (place: number, instance = place): RouterEvent => ({
  type: "worker.ready",
  workerId: workerId("app", place),
  pool: "app",
  instance: instance as InstanceId,
  pid: 1,
  generation: 1,
  exports: exportsOf("f"),
});
const withdrawn = (place: number, isDue = true): RouterEvent => ({
  type: "worker.withdrawn",
  workerId: workerId("app", place),
  pool: "app",
  isDue,
});
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
    ["unavailable", "drain", drain, "draining", true],
    ["unavailable", "close", close, "closed", true],
    ["accepting", "another is ready", ready(2), "accepting", true],
    ["accepting", "the last ready one is withdrawn", withdrawn(1), "unavailable", true],
    ["accepting", "one that was not ready is withdrawn", withdrawn(2), "accepting", true],
    ["accepting", "drain", drain, "draining", true],
    ["accepting", "close", close, "closed", true],
    ["draining", "a worker is ready", ready(2), "draining", true],
    ["draining", "the last ready one is withdrawn", withdrawn(1), "draining", true],
    ["draining", "drain again", drain, "draining", false],
    ["draining", "close", close, "closed", true],
    ["closed", "a worker is ready", ready(2), "closed", true],
    ["closed", "a worker is withdrawn", withdrawn(1, false), "closed", true],
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
  test("which processes may get calls, and whether one is due", () => {
    const { tables } = startRouter(
      withdrawn(1),
      withdrawn(2),
      ready(1),
      ready(2),
      withdrawn(1),
      withdrawn(1, false),
    );
    expect(tables.map((each) => each.pools.get("app"))).toMatchObject([
      { ready: [], isDue: true, exports: [] },
      { ready: [], isDue: true, exports: [] },
      { ready: [1], isDue: true },
      { ready: [1, 2], isDue: false },
      { ready: [2], isDue: true },
      { ready: [2], isDue: false },
    ]);
  });

  test("a successor takes the place of its worker's former process", () => {
    const { tables } = startRouter(ready(1, 1), ready(1, 5));
    expect(tables.at(-1)?.pools.get("app")?.ready).toEqual([5]);
  });

  test("exports outlive the last worker, so that calls can wait for its successor", () => {
    const { tables } = startRouter(ready(1), withdrawn(1));
    expect(tables.at(-1)?.pools.get("app")).toMatchObject({
      ready: [],
      isDue: true,
      exports: exportsOf("f"),
    });
  });

  test("draining and closed are told, and stay told whatever workers do", () => {
    const { tables } = startRouter(ready(1), drain, withdrawn(1), ready(1, 2), close, withdrawn(1));
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
    const of = (instance: number, generation: number): RoutedWorker => ({
      phase: "ready",
      pool: "app",
      instance: instance as InstanceId,
      generation,
      exports: exportsOf(`g${String(generation)}`),
    });
    for (const order of [
      [of(1, 1), of(2, 2), of(3, 2)],
      [of(2, 2), of(1, 1), of(3, 2)],
    ]) {
      const workers = new Map(order.map((worker, place) => [workerId("app", place), worker]));
      expect(buildRouteTable("open", workers, emptyRouteTable).pools.get("app")).toMatchObject({
        ready: [2, 3],
        exports: exportsOf("g2"),
      });
    }
  });
});

test("no order of events makes it fail, and its table always lists exactly the ready workers", () => {
  const event = fc.oneof(
    fc.tuple(fc.nat(3), fc.nat(50)).map(([place, instance]) => ready(place, instance)),
    fc.tuple(fc.nat(3), fc.boolean()).map(([place, isDue]) => withdrawn(place, isDue)),
    { weight: 1, arbitrary: fc.constantFrom(drain, close) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const { actor, errors } = startRouter(...events);
      const places = new Map<string, number>();
      for (const each of events) {
        if (each.type === "worker.ready") places.set(each.workerId, each.instance);
        else if (each.type === "worker.withdrawn") places.delete(each.workerId);
      }
      const { context, status } = actor.getSnapshot();
      const listed = [...(context.table.pools.get("app")?.ready ?? [])].sort();
      if (status !== "active" || errors.length > 0) throw new Error(`It ended as ${status}.`);
      if (listed.join() !== [...places.values()].sort().join()) throw new Error(`It lists ${listed.join()}.`);
    }),
    { numRuns: 5000 },
  );
});
