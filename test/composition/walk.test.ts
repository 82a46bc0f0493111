// The composed charts and the dispatcher in every order of a few moves. What is bounded is told in
// docs/reliability/testing.md, where the figures are held to those that are printed here.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { enqueueActions } from "xstate";
import type { poolMachine } from "../../src/machines/pool/machine.js";
import type { workerMachine } from "../../src/machines/worker/machine.js";
import * as reports from "../../src/machines/worker/reports.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { CheckedWorld } from "./checks.js";
import { Composer, type Sabotage } from "./composition.js";
import { ignoredOnPurpose } from "./ignored.js";
import { Microtasks } from "./microtasks.js";
import { walk } from "./walk.js";

failOnXstateWarnings();
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const microtasks = new Microtasks();
beforeAll(() => {
  microtasks.install();
});
afterAll(() => {
  microtasks.uninstall();
});

const up = (process: number, place: number): string[] => {
  const name = `process ${String(process)} of app:${String(place)}`;
  return [`${name} is spawned and opens its link`, `${name} lists its exports`];
};
const ready = [...up(1, 1), ...up(2, 2)];
const loaded = [...ready, "call 1 arrives", "call 2 arrives", "call 3 arrives"];
const draining = [
  ...ready,
  "call 1 arrives",
  "call 2 arrives",
  "process 1 of app:1 is worn out",
  ...up(3, 1),
];
/** One worker of the new generation is ready, and the other about to be. */
const reloading = [
  ...ready,
  "call 1 arrives",
  "call 2 arrives",
  "the pool is reloaded",
  ...up(3, 1),
  ...up(4, 2).slice(0, 1),
];
/** Where the walk begins, and how many moves it goes on from there. */
const begins: readonly (readonly [root: readonly string[], maxMoves: number])[] = [
  [[], 5],
  [ready, 5],
  [loaded, 3],
  [draining, 3],
  [reloading, 3],
];

function explore(sabotage?: Sabotage, from = begins) {
  const composer = new Composer(sabotage);
  const ends = new Set<string>();
  const ignored = new Set<string>();
  const states = new Set<string>();
  let edges = 0;
  for (const [root, maxMoves] of from) {
    const found = walk(() => new CheckedWorld(composer, microtasks, ends, ignored), root, maxMoves);
    for (const state of found.states) states.add(state);
    edges += found.edges;
    if (found.counterexample !== null)
      return { states: states.size, edges, ignored, counterexample: found.counterexample };
  }
  return { states: states.size, edges, ignored, counterexample: null };
}

test("in every state every call is answered once, permits come back, and some worker serves or the status says why not", () => {
  const { states, edges, counterexample, ignored } = explore();
  expect(counterexample).toBeNull();
  const figures = `${String(states)} states, ${String(edges)} edges`;
  process.stdout.write(`composition: ${figures}\n`);
  expect(read("docs/reliability/testing.md")).toContain(figures);
  expect(read("README.md")).toContain(figures);
  expect([...ignored].sort()).toEqual(Object.keys(ignoredOnPurpose).sort());
}, 180_000);

type WorkerLogic = typeof workerMachine;

/** The worker chart with something broken, in its place. */
function withWorker(change: (worker: WorkerLogic) => WorkerLogic): Sabotage {
  return (machine) => {
    const pool = machine.implementations.actors["pool"] as typeof poolMachine;
    const worker = change(pool.implementations.actors["worker"] as WorkerLogic);
    return machine.provide({ actors: { pool: pool.provide({ actors: { worker } }) } });
  };
}

test("a worker that does not say that it drains gets a call while it does; that is found out, and told as a path", () => {
  const breakIt = withWorker((worker) =>
    worker.provide({
      actions: {
        reportWithdrawn: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== "worker.drain") enqueue.sendTo(context.parent, reports.withdrawn(context));
        }),
      },
    }),
  );
  const { counterexample } = explore(breakIt, [[[...ready, "process 1 of app:1 is worn out"], 3]]);
  expect(read("docs/reliability/testing.md")).toContain(counterexample);
  expect(counterexample).toMatch(/=> call \d was sent to process 1 of app:1, which is stopping/);
});

test("a permit that does not come back when its process ends is found out", () => {
  const detach = (): undefined => undefined;
  const { counterexample } = explore(withWorker((worker) => worker.provide({ actions: { detach } })));
  expect(counterexample).toMatch(
    / crashes[^]*=> (it did not come to rest|\d permits are taken, by \d calls)/,
  );
});

test("a drain of one worker that ends the calls of the other, too, is found out", () => {
  const { counterexample } = explore(
    (machine, dispatcher) =>
      withWorker((worker) =>
        worker.provide({
          actions: {
            endCalls: () => {
              for (const instance of dispatcher.workers.instances()) dispatcher.endDrainOf(instance);
            },
          },
        }),
      )(machine, dispatcher),
    [[[...draining, "time passes"], 2]],
  );
  expect(counterexample).toMatch(/=> call \d, which process \d of app:2 has, was answered 2002/);
});
