// One real breaker on a test clock, with a parent that writes down its reports.

import { createActor, fromCallback, type InspectionEvent } from "xstate";
import type { BreakerEvent, BreakerReport } from "../../../src/machines/breaker/events.js";
import { breakerMachine } from "../../../src/machines/breaker/machine.js";
import { createVirtualClock } from "../../../src/testing/virtual-clock.js";

export const events = {
  trip: { type: "breaker.trip" },
  reset: { type: "breaker.reset" },
  crossed: { type: "threshold.crossed", reason: "breaker-open", why: "too many calls failed" },
  quarantined: { type: "threshold.crossed", reason: "quarantined", why: "workers died", cooldownMs: 700 },
  started: { type: "probe.started" },
  succeeded: { type: "probe.succeeded" },
  failed: { type: "probe.failed", why: "the probe failed" },
  abandoned: { type: "probe.abandoned" },
} as const satisfies Record<string, BreakerEvent>;

export type Word = keyof typeof events;

export function createBreakerRig(
  policy = { cooldownMs: 1000, maxCooldownMs: 1000 },
  inspect?: (event: InspectionEvent) => void,
) {
  const clock = createVirtualClock(50);
  const reports: BreakerReport[] = [];
  const parent = createActor(
    fromCallback<BreakerReport>(({ receive }) => {
      receive((report) => reports.push(report));
    }),
  ).start();
  const actor = createActor(breakerMachine, {
    clock,
    ...(inspect && { inspect }),
    input: { name: "math.add", policy, clock, parent },
  }).start();
  return {
    clock,
    reports,
    /** Says these in turn; a number lets so many milliseconds pass. */
    say(...words: readonly (Word | number)[]) {
      for (const word of words) {
        if (typeof word === "number") clock.advance(word);
        else actor.send(events[word]);
      }
    },
    /** The innermost state. */
    get state(): string {
      const { value } = actor.getSnapshot();
      return typeof value === "string" ? value : value.halfOpen;
    },
    get picture() {
      return actor.getSnapshot().context.picture;
    },
  };
}
