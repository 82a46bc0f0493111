// The real parent of all call breakers with its real children on a test clock, beside the model of what dispatch may
// rely on.

import { test } from "@jest/globals";
import { createActor } from "xstate";
import type { BreakersEvent } from "../../src/machines/breakers/events.js";
import { breakersMachine } from "../../src/machines/breakers/machine.js";
import {
  testEveryTransition,
  type ModelStep,
  type ModelSubject,
} from "../../src/testing/every-transition.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { announceModels } from "./announce.js";
import { breakersModel, type BreakersModelEvent } from "./breakers-model.js";
import { same, told, walkTimeoutMs } from "./same.js";
import { Taken } from "./taken.js";

failOnXstateWarnings();
const announce = announceModels();
const taken = new Taken();
const policy = { cooldownMs: 1000, maxCooldownMs: 1000 };

const events = {
  failed: { type: "failure.recorded" },
  crossed: { type: "threshold.crossed", reason: "breaker-open", why: "too many calls failed" },
  started: { type: "probe.started" },
  succeeded: { type: "probe.succeeded" },
  stillFailed: { type: "probe.failed", why: "the probe failed" },
  abandoned: { type: "probe.abandoned" },
  removed: { type: "function.removed" },
  tripped: { type: "breaker.trip" },
  reset: { type: "breaker.reset" },
} as const;

function subject(): ModelSubject<typeof breakersModel> {
  const clock = createVirtualClock();
  const reports: string[] = [];
  const moveGate = ({ event }: { event: BreakersEvent }): void => {
    if ("picture" in event) reports.push(`${event.name} ${event.type}`);
  };
  const actor = createActor(breakersMachine.provide({ actions: { moveGate } }), {
    clock,
    inspect: taken.inspect,
    input: { policy, clock },
  }).start();
  const says = (functionName: string, what: keyof typeof events) => () => {
    actor.send({ ...events[what], functionName });
  };
  const ofFunction = (name: string) =>
    Object.fromEntries(
      Object.keys(events).map((what) => [`${name}.${what}`, says(name, what as keyof typeof events)]),
    );
  const compare = ({ state, actions }: ModelStep<typeof breakersModel>): void => {
    const { children, context } = actor.getSnapshot();
    const { f, g } = state.value as Record<"f" | "g", string>;
    const isThere = (name: string) =>
      children[`call:${name}`] !== undefined && context.functionNames.has(name);
    same(
      { reports: reports.splice(0).sort(), f: isThere("f"), g: isThere("g") },
      {
        reports: told("reports", actions).sort(),
        f: f !== "none",
        g: g !== "none",
      },
    );
  };
  const handlers = { ...ofFunction("f"), ...ofFunction("g"), "f.time.passed": () => clock.advance(1000) };
  return {
    events: handlers as unknown as Record<BreakersModelEvent["type"], () => void>,
    states: { f: compare },
  };
}

test(
  "the breakers do what dispatch may rely on",
  async () => {
    const coverage = await testEveryTransition(breakersModel, {
      subject,
      // Both have to be open at the end, which shows in which state each was.
      endIn: ({ value }) => JSON.stringify(value) === '{"f":"forced","g":"forced"}',
    });
    announce.model("breakers", coverage);
  },
  walkTimeoutMs,
);

test("and every transition of its chart was taken by that", () => {
  announce.chart("breakers", taken.of(breakersMachine));
});
