import { expect, test } from "@jest/globals";
import { createActor } from "xstate";
import type { BreakersEvent } from "../../../src/machines/breakers/events.js";
import { breakersMachine } from "../../../src/machines/breakers/machine.js";
import { createVirtualClock } from "../../../src/testing/virtual-clock.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";

failOnXstateWarnings();

function start() {
  const clock = createVirtualClock();
  const moved: string[] = [];
  const logic = breakersMachine.provide({
    actions: {
      moveGate: ({ event }) => {
        if ("picture" in event) moved.push(`${event.name} ${event.picture.state}`);
      },
    },
  });
  const actor = createActor(logic, {
    clock,
    input: { policy: { cooldownMs: 100, maxCooldownMs: 100 }, clock },
  }).start();
  return {
    clock,
    moved,
    send: (event: BreakersEvent) => {
      actor.send(event);
    },
    children: () => Object.keys(actor.getSnapshot().children),
  };
}

const crossed = { type: "threshold.crossed", reason: "breaker-open", why: "" } as const;

test("a function gets one breaker at its first failure, and the others are none of its business", () => {
  const { send, children, moved, clock } = start();
  expect(children()).toEqual([]);
  send({ type: "failure.recorded", functionName: "a.f" });
  send({ type: "failure.recorded", functionName: "a.f" });
  send({ type: "failure.recorded", functionName: "a.g" });
  expect(children()).toEqual(["call:a.f", "call:a.g"]);
  expect(moved).toEqual([]);
  send({ ...crossed, functionName: "a.f" });
  clock.advance(100);
  send({ type: "probe.started", functionName: "a.f" });
  send({ type: "probe.succeeded", functionName: "a.f" });
  expect(moved).toEqual(["a.f open", "a.f halfOpen", "a.f closed"]);
});

test("a function that never failed can be tripped; a reset of one that has no breaker makes none", () => {
  const { send, children, moved } = start();
  send({ type: "breaker.reset", functionName: "a.f" });
  expect(children()).toEqual([]);
  send({ type: "breaker.trip", functionName: "a.f" });
  expect(moved).toEqual(["a.f forcedOpen"]);
});

test("a function that is there no more has none; when it is there again it begins anew", () => {
  const { send, children, moved, clock } = start();
  send({ type: "failure.recorded", functionName: "a.f" });
  send({ ...crossed, functionName: "a.f" });
  send({ type: "function.removed", functionName: "a.f" });
  send({ type: "function.removed", functionName: "a.g" });
  expect([children(), clock.timerCount]).toEqual([[], 0]);
  send({ type: "failure.recorded", functionName: "a.f" });
  expect(children()).toEqual(["call:a.f"]);
  send({ ...crossed, functionName: "a.f" });
  expect(moved).toEqual(["a.f open", "a.f open"]);
});

test("what is told late of a function that has no breaker makes none", () => {
  const { send, children } = start();
  send({ ...crossed, functionName: "a.f" });
  send({ type: "probe.abandoned", functionName: "a.f" });
  expect(children()).toEqual([]);
});

test.each(["__proto__", "constructor", "breaker", "undefined"])(
  "a function may be called %s",
  (functionName) => {
    const { send, moved } = start();
    send({ type: "failure.recorded", functionName });
    send({ ...crossed, functionName });
    expect(moved).toEqual([`${functionName} open`]);
  },
);
