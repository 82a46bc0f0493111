// The class beside a small model of what its users may rely on, walked through everything that can happen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assign, createMachine } from "xstate";
import { testEveryTransition } from "splice-runtime/testing";
import { Patience } from "./patience.mjs";

const model = createMachine({
  initial: "calling",
  context: { refusals: 0 },
  states: {
    calling: {
      on: {
        answered: { actions: assign({ refusals: 0 }) },
        refused: [
          { guard: ({ context }) => context.refusals === 1, target: "pausing" },
          { actions: assign({ refusals: 1 }) },
        ],
      },
    },
    pausing: { on: { "pause.over": { target: "calling", actions: assign({ refusals: 0 }) } } },
  },
});

test("patience is what its users may rely on", async () => {
  const { unwalked } = await testEveryTransition(model, {
    subject: () => {
      const patience = new Patience();
      return {
        events: {
          answered: () => patience.answered(),
          refused: () => patience.refused(),
          "pause.over": () => patience.pauseIsOver(),
        },
        states: {
          calling: () => assert.equal(patience.mayCall, true),
          pausing: () => assert.equal(patience.mayCall, false),
        },
      };
    },
    // A call is made while it may be, and the pause ends once it has begun.
    cases: ({ value }) =>
      value === "calling" ? [{ type: "answered" }, { type: "refused" }] : [{ type: "pause.over" }],
    // Whether it has counted rightly is seen when it pauses.
    endIn: ({ value }) => value === "pausing",
  });
  assert.deepEqual(unwalked, []);
});
