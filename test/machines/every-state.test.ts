// Every state of every chart is reached by a walk (U16: the predecessor had states that nothing led to). The lists come from
// the charts themselves, so that a state that is added fails here until something reaches it.

import { expect, test } from "@jest/globals";
import { createActor, type AnyStateMachine } from "xstate";
import { getShortestPaths } from "xstate/graph";
import { breakerMachine } from "../../src/machines/breaker/machine.js";
import { breakersMachine } from "../../src/machines/breakers/machine.js";
import { callMachine } from "../../src/machines/call/machine.js";
import { poolMachine } from "../../src/machines/pool/machine.js";
import { reloadMachine } from "../../src/machines/reload/machine.js";
import { routerMachine } from "../../src/machines/router/machine.js";
import { supervisorMachine } from "../../src/machines/supervisor/machine.js";
import { workerMachine } from "../../src/machines/worker/machine.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { createBreakerRig } from "./breaker/rig.js";
import { ways as reloadWays } from "./reload/rig.js";
import { cooldown, createSupervisorRig, type SupervisorRig } from "./supervisor/rig.js";
import { events, exportsOf, stateNames, ways } from "./worker/rig.js";
import { failOnXstateWarnings } from "./xstate-warnings.js";

failOnXstateWarnings();

type Node = AnyStateMachine["root"];

function leavesOf(machine: AnyStateMachine): readonly string[] {
  const leaves = (node: Node): readonly string[] => {
    const inner = Object.values(node.states);
    return inner.length === 0 ? [node.key] : inner.flatMap((each) => leaves(each));
  };
  return [...leaves(machine.root)].sort();
}

/** What is seen after each step of some walks, once each, in order of the alphabet. */
function seenBy<Rig>(
  rigs: readonly (readonly [rig: Rig, steps: readonly (() => void)[]])[],
  see: (rig: Rig) => string,
) {
  const seen = new Set<string>();
  for (const [rig, steps] of rigs) {
    seen.add(see(rig));
    for (const step of steps) {
      step();
      seen.add(see(rig));
    }
  }
  return [...seen].sort();
}

test("worker", () => {
  // The two of a condemned worker's other region have no name of their own there.
  const told = stateNames.map((name) => ways[name]().state);
  const region = [[], [events.drain]].map((sent) => {
    const rig = ways.spared();
    sent.forEach(rig.send);
    return /"haste":"(\w+)"/.exec(JSON.stringify(rig.value))?.[1] ?? "";
  });
  expect([...told, ...region].sort()).toEqual(leavesOf(workerMachine));
});

test("call", () => {
  const ofCall = ["enqueued", "accepted", "rejected", "dispatched"].map((word) => ({ type: `call.${word}` }));
  const others = [
    "stream.started",
    "cancel.sent",
    "caller.answered",
    "answer.discarded",
    "slot.released",
  ].map((type) => ({
    type,
  }));
  const paths = getShortestPaths(callMachine, { events: [...ofCall, ...others] as never, limit: 1000 });
  expect([...new Set(paths.map(({ state }) => state.value))].sort()).toEqual(leavesOf(callMachine));
});

test("router", () => {
  const actor = createActor(routerMachine).start();
  const ready = { pool: "app", instance: 1, generation: 1, exports: exportsOf("f"), outlook: null };
  const walk = [
    () => actor.send({ type: "worker.ready", ...ready } as never),
    () => actor.send({ type: "router.drain" }),
    () => actor.send({ type: "router.close" }),
  ];
  expect(seenBy([[actor, walk]], (router) => router.getSnapshot().value)).toEqual(leavesOf(routerMachine));
});

test("reload", () => {
  const told = Object.values(reloadWays).map((way) => way().state);
  expect(told.sort()).toEqual(leavesOf(reloadMachine));
});

test("breaker", () => {
  const rig = createBreakerRig();
  const walk = (["crossed", 1000, "started", "succeeded", "trip"] as const).map(
    (word) => () => rig.say(word),
  );
  expect(seenBy([[rig, walk]], ({ state }) => state)).toEqual(leavesOf(breakerMachine));
});

test("breakers", () => {
  const input = { policy: { cooldownMs: 1, maxCooldownMs: 1 }, clock: createVirtualClock() };
  const actor = createActor(breakersMachine, { input }).start();
  expect(seenBy([[actor, []]], (breakers) => breakers.getSnapshot().value)).toEqual(
    leavesOf(breakersMachine),
  );
});

const two = [
  { name: "a", workers: 1 },
  { name: "b", workers: 1 },
];
const stop = (rig: SupervisorRig) => () => {
  rig.send({ type: "supervisor.stop", drainMs: 100 });
};

test("supervisor", () => {
  const served = createSupervisorRig(two);
  const service = [
    () => served.bringUp("a:1"),
    () => served.bringUp("b:1"),
    () => served.send({ type: "supervisor.drain" }),
    stop(served),
    () => served.send({ type: "calls.drained" }),
    () => served.end("a:1"),
    () => served.end("b:1"),
  ];
  const unlucky = createSupervisorRig(two);
  const early = createSupervisorRig(two);
  const drained = [() => early.send({ type: "supervisor.drain" })];
  const failure = [() => unlucky.end("a:1"), () => unlucky.end("b:1"), () => unlucky.clock.advance(60_000)];
  const seen = seenBy(
    [
      [served, service],
      [unlucky, failure],
      [early, drained],
    ],
    ({ state }) => state,
  );
  expect(seen).toEqual(leavesOf(supervisorMachine));
});

test("pool", () => {
  // The second waits for the first, and is idle as long as that.
  const rig = createSupervisorRig(two, { strategy: "rest_for_one" });
  const walk = [
    // Its turn to start comes while it is tripped.
    () => rig.send({ type: "breaker.trip", pool: "b" }),
    () => rig.bringUp("a:1"),
    () => rig.send({ type: "breaker.reset", pool: "b" }),
    () => rig.bringUp("b:1"),
    () => rig.send({ type: "breaker.trip", pool: "b" }),
    () => rig.send({ type: "breaker.reset", pool: "b" }),
    // None of these starts becomes ready.
    ...Array.from({ length: 6 }, () => () => {
      rig.end("b:1");
      rig.clock.advance(5000);
    }),
    () => rig.clock.advance(cooldown.cooldownMs),
    stop(rig),
    stop(rig),
  ];
  const leaf = (state: string) => state.replace("serving.", "");
  expect(seenBy([[rig, walk]], ({ poolState }) => leaf(poolState("b")))).toEqual(leavesOf(poolMachine));
});
