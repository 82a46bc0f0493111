// The parent of all call breakers: one child for each function that has failed or was tripped, while it is there.
// It passes on what it hears; to move the gate that calls meet is provided.

import { enqueueActions, setup } from "xstate";
import type { Clock } from "../../time.js";
import type { CooldownPolicy } from "../breaker/cooldown.js";
import { breakerMachine } from "../breaker/machine.js";
import type { BreakersEvent } from "./events.js";

export interface BreakersInput {
  readonly policy: CooldownPolicy;
  readonly clock: Clock;
}

export interface BreakersContext extends BreakersInput {
  /** Functions that have a breaker. */
  readonly functionNames: ReadonlySet<string>;
}

/** A prefix, since a function may have any name, and children are keys of a plain object. */
function breakerId(functionName: string): string {
  return `call:${functionName}`;
}

export const breakersMachine = setup({
  types: {
    context: {} as BreakersContext,
    input: {} as BreakersInput,
    events: {} as BreakersEvent,
  },
  actors: { breaker: breakerMachine },
  actions: {
    pass: enqueueActions(({ context, event, enqueue, self }) => {
      if (!("functionName" in event)) return;
      const { functionName, ...passed } = event;
      if (passed.type === "function.removed") return;
      const id = breakerId(functionName);
      if (!context.functionNames.has(functionName)) {
        if (passed.type !== "failure.recorded" && passed.type !== "breaker.trip") return;
        const { policy, clock } = context;
        enqueue.spawnChild("breaker", { id, input: { name: functionName, policy, clock, parent: self } });
        enqueue.assign({ functionNames: new Set(context.functionNames).add(functionName) });
      }
      if (passed.type !== "failure.recorded") enqueue.sendTo(id, passed);
    }),
    remove: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "function.removed" || !context.functionNames.has(event.functionName)) return;
      const left = [...context.functionNames].filter((name) => name !== event.functionName);
      enqueue.stopChild(breakerId(event.functionName));
      enqueue.assign({ functionNames: new Set(left) });
    }),
    /** Provided: hands the picture in the event to dispatch, and tells the world. */
    moveGate: () => undefined,
  },
}).createMachine({
  id: "breakers",
  initial: "watching",
  options: { maxIterations: 1000 },
  context: ({ input }) => ({ ...input, functionNames: new Set() }),
  states: {
    watching: {
      meta: { description: "Every function that has failed has a breaker of its own here." },
      on: {
        "failure.recorded": { actions: "pass" },
        "function.removed": { actions: "remove" },
        "threshold.crossed": { actions: "pass" },
        "probe.started": { actions: "pass" },
        "probe.succeeded": { actions: "pass" },
        "probe.failed": { actions: "pass" },
        "probe.abandoned": { actions: "pass" },
        "breaker.trip": { actions: "pass" },
        "breaker.reset": { actions: "pass" },
        "breaker.opened": { actions: "moveGate" },
        "breaker.halfOpened": { actions: "moveGate" },
        "breaker.closed": { actions: "moveGate" },
      },
    },
  },
});
