// What dispatch may rely on of the parent of all call breakers, of two functions: one has a breaker from its first failure,
// or from when it is tripped, until it is removed, and nothing that happens to one concerns the other.

import { createMachine } from "xstate";

type What =
  | "failed"
  | "crossed"
  | "started"
  | "succeeded"
  | "stillFailed"
  | "abandoned"
  | "removed"
  | "tripped"
  | "reset"
  | "time.passed";
export type BreakersModelEvent = { type: `f.${What}` | `g.${Exclude<What, "time.passed">}` };

/** With time both that are open are tried; so it is an event of the first region alone, and of both states. */
function functionOf(name: "f" | "g") {
  const opens = (target: string) => ({ target, actions: `reports ${name} breaker.opened` });
  const closes = { target: "closed", actions: `reports ${name} breaker.closed` };
  const on = (events: Partial<Record<What, unknown>>) =>
    Object.fromEntries(
      Object.entries(events).map(([what, next]) => [
        what === "time.passed" ? "f.time.passed" : `${name}.${what}`,
        next,
      ]),
    );
  const removed = "none";
  return {
    initial: "none",
    states: {
      none: { on: on({ failed: "closed", tripped: opens("forced") }) },
      closed: { on: on({ crossed: opens("open"), tripped: opens("forced"), removed }) },
      open: {
        on: on({
          tripped: opens("forced"),
          reset: closes,
          "time.passed": { target: "waiting", actions: `reports ${name} breaker.halfOpened` },
          removed,
        }),
      },
      waiting: {
        on: on({
          started: "probing",
          succeeded: closes,
          stillFailed: opens("open"),
          crossed: opens("open"),
          tripped: opens("forced"),
          reset: closes,
          removed,
        }),
      },
      probing: {
        on: on({
          abandoned: "waiting",
          succeeded: closes,
          stillFailed: opens("open"),
          crossed: opens("open"),
          tripped: opens("forced"),
          reset: closes,
          removed,
        }),
      },
      forced: { on: on({ reset: closes, removed }) },
    },
  };
}

export const breakersModel = createMachine({
  types: {} as { events: BreakersModelEvent },
  type: "parallel",
  states: { f: functionOf("f"), g: functionOf("g") },
});
