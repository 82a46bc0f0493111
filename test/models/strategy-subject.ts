// A real supervisor of two pools under rest_for_one, as the model of the strategy speaks of it.

import type { InspectionEvent } from "xstate";
import type { ModelStep, ModelSubject } from "../../src/testing/every-transition.js";
import { createSupervisorRig } from "../machines/supervisor/rig.js";
import { same, told } from "./same.js";
import type { strategyModel } from "./strategy-model.js";

const pools = ["a", "b"].map((name) => ({ name, workers: 1 }));
const policy = { backoffMs: [0], maxRestarts: 1_000_000, maxFailedStarts: 1_000_000 };

/** Of the pool, where its worker shows; a pool that was told to stop looks as its worker does. */
const poolStates: Readonly<Record<string, string>> = { idle: "idle", held: "held" };
const workerStates: Readonly<Record<string, string>> = { coming: "spawning", up: "ready", down: "exited" };

export function strategySubject(
  inspect: (event: InspectionEvent) => void,
): ModelSubject<typeof strategyModel> {
  const rig = createSupervisorRig(pools, { strategy: "rest_for_one", policy, inspect });
  let emitted = 0;
  const compare = ({ state, actions }: ModelStep<typeof strategyModel>): void => {
    // The first wait is none.
    rig.clock.advance(0);
    const emits = rig.emitted.slice(emitted).map(({ type }) => type);
    emitted = rig.emitted.length;
    const { first, second, isTripped } = state.context;
    const worker = rig.workerState("b:1");
    const isEnding = worker === "stopping" || worker === "terminating";
    const pool = rig.poolState("b");
    same(
      {
        first: rig.workerState("a:1"),
        second: pool in poolStates ? pool : isEnding ? "ending" : worker,
        breaker: rig.breakerState("b"),
        emits: emits.sort(),
        errors: rig.errors,
      },
      {
        first: workerStates[first],
        second: poolStates[second] ?? workerStates[second] ?? second,
        breaker: isTripped ? "forcedOpen" : "closed",
        emits: told("emits", actions).sort(),
        errors: [],
      },
    );
  };
  return {
    events: {
      "first.ready": () => rig.bringUp("a:1"),
      "first.ended": () => rig.end("a:1"),
      "second.ready": () => rig.bringUp("b:1"),
      "second.ended": () => rig.end("b:1"),
      trip: () => rig.send({ type: "breaker.trip", pool: "b" }),
      drain: () => rig.send({ type: "supervisor.drain" }),
      reset: () => rig.send({ type: "breaker.reset", pool: "b" }),
    },
    states: { pools: compare },
  };
}
