// The real router, beside the model of what dispatch may rely on of its tables.

import { test } from "@jest/globals";
import { createActor } from "xstate";
import type { InstanceId } from "../../src/ids.js";
import type { RouterEvent } from "../../src/machines/router/events.js";
import { routerMachine } from "../../src/machines/router/machine.js";
import type { PoolOutlook, RouteTable } from "../../src/machines/router/route-table.js";
import {
  testEveryTransition,
  type ModelStep,
  type ModelSubject,
} from "../../src/testing/every-transition.js";
import { exportsOf } from "../machines/worker/rig.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { announceModels } from "./announce.js";
import { routerCases, routerModel } from "./router-model.js";
import { same, walkTimeoutMs } from "./same.js";
import { Taken } from "./taken.js";

failOnXstateWarnings();
const announce = announceModels();
const taken = new Taken();

const none: PoolOutlook = { reason: "no-worker", why: "has no worker", retryAtMs: null };
const ready = (pool: string, instance: number, generation: number, ...names: string[]): RouterEvent => ({
  type: "worker.ready",
  pool,
  instance: instance as InstanceId,
  generation,
  exports: exportsOf(...names),
  outlook: none,
});
const withdrawn = (instance: number): RouterEvent => ({
  type: "worker.withdrawn",
  pool: "app",
  instance: instance as InstanceId,
  outlook: null,
});

function subject(): ModelSubject<typeof routerModel> {
  const tables: RouteTable[] = [];
  const logic = routerMachine.provide({ actions: { publish: ({ context }) => tables.push(context.table) } });
  const actor = createActor(logic, { inspect: taken.inspect }).start();
  let published = 0;
  const says = (event: RouterEvent) => () => {
    actor.send(event);
  };
  const compare = ({ state, actions }: ModelStep<typeof routerModel>): void => {
    const { isFirstReady, isSecondReady, isOtherReady, outlook, exported } = state.context;
    const table = tables.at(-1);
    const app = table?.pools.get("app");
    const other = table?.pools.get("other");
    const count = tables.length - published;
    published = tables.length;
    same(
      {
        published: count,
        admission: table?.admission ?? "open",
        ready: app?.ready ?? [],
        outlook: app === undefined ? undefined : app.outlook,
        exports: app?.exports.length ?? 0,
        other: other?.ready ?? [],
        answers: actor.getSnapshot().status,
      },
      {
        published: actions.length,
        admission: state.value,
        // Those of the newest generation alone.
        ready: isSecondReady ? [2] : isFirstReady ? [1] : [],
        outlook: outlook === null ? undefined : outlook === "due" ? null : none,
        exports: exported,
        other: isOtherReady ? [3] : [],
        answers: "active",
      },
    );
  };
  return {
    events: {
      "first.ready": says(ready("app", 1, 1, "f")),
      "first.withdrawn": says(withdrawn(1)),
      "second.ready": says(ready("app", 2, 2, "f", "g")),
      "second.withdrawn": says(withdrawn(2)),
      "outlook.due": says({ type: "outlook.changed", pool: "app", outlook: null }),
      "outlook.none": says({ type: "outlook.changed", pool: "app", outlook: none }),
      "app.removed": says({ type: "pool.removed", pool: "app" }),
      "other.ready": says(ready("other", 3, 1, "h")),
      "other.removed": says({ type: "pool.removed", pool: "other" }),
      "router.drain": says({ type: "router.drain" }),
      "router.close": says({ type: "router.close" }),
    },
    states: { open: compare, draining: compare, closed: compare },
  };
}

test(
  "the router publishes what dispatch may rely on",
  async () => {
    const coverage = await testEveryTransition(routerModel, {
      subject,
      cases: (state) => routerCases(state),
    });
    announce.model("router", coverage);
  },
  walkTimeoutMs,
);

test("and every transition of its chart was taken by that", () => {
  announce.chart("router", taken.of(routerMachine));
});
