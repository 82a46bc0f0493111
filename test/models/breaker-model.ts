// What whoever asks a breaker may rely on: when it lets calls through, for how long it does not, and what for.
// Written from that side; of the chart it knows nothing.

import { assign, createMachine } from "xstate";

/** Each opening in a row lasts twice as long as the one before, up to the most. */
export const policy = { cooldownMs: 1000, maxCooldownMs: 4000 };
export const quarantineMs = 700;

interface Openings {
  /** Since it was closed last; beyond 3 they are all as long. */
  inRow: number;
  reason: "breaker-open" | "quarantined";
  /** The time is not the policy's. */
  isOwnTime: boolean;
}

export type BreakerModelEvent =
  | { type: "crossed" | "quarantined" | "trip" | "reset" }
  | { type: "started" | "succeeded" | "failed" | "abandoned" }
  /** As long as it is open; a day where no time opens it. */
  | { type: "time.passed" };

type Change = Partial<Openings> | ((now: Openings) => Partial<Openings>);
const notes = (change: Change) =>
  assign<Openings, BreakerModelEvent, undefined, BreakerModelEvent, never>(({ context }) =>
    typeof change === "function" ? change(context) : change,
  );
const more = ({ inRow }: Openings) => ({ inRow: Math.min(inRow + 1, 3) });
const byCalls = notes((now) => ({ ...more(now), reason: "breaker-open", isOwnTime: false }));
const byDeaths = notes((now) => ({ ...more(now), reason: "quarantined", isOwnTime: true }));
/** A probe that fails opens it for what it was open for before. */
const again = notes(more);
const reset = { target: "closed", actions: "reports breaker.closed" } as const;

export const breakerModel = createMachine({
  types: {} as { context: Openings; events: BreakerModelEvent },
  initial: "closed",
  context: { inRow: 0, reason: "breaker-open", isOwnTime: false },
  on: {
    trip: { target: ".forcedOpen", actions: ["reports breaker.opened", notes({ reason: "breaker-open" })] },
  },
  states: {
    closed: {
      entry: notes({ inRow: 0 }),
      on: {
        crossed: { target: "open", actions: ["reports breaker.opened", byCalls] },
        quarantined: { target: "open", actions: ["reports breaker.opened", byDeaths] },
      },
    },
    open: {
      on: {
        "time.passed": { target: "waiting", actions: "reports breaker.halfOpened" },
        // Nothing but what is graver opens it anew.
        quarantined: {
          guard: ({ context }) => context.reason !== "quarantined",
          target: "open",
          reenter: true,
          actions: ["reports breaker.opened", byDeaths],
        },
        reset,
      },
    },
    waiting: {
      on: {
        started: "probing",
        succeeded: { target: "closed", actions: "reports breaker.closed" },
        failed: { target: "open", actions: ["reports breaker.opened", again] },
        crossed: { target: "open", actions: ["reports breaker.opened", byCalls] },
        quarantined: { target: "open", actions: ["reports breaker.opened", byDeaths] },
        reset,
      },
    },
    probing: {
      on: {
        abandoned: "waiting",
        succeeded: { target: "closed", actions: "reports breaker.closed" },
        failed: { target: "open", actions: ["reports breaker.opened", again] },
        crossed: { target: "open", actions: ["reports breaker.opened", byCalls] },
        quarantined: { target: "open", actions: ["reports breaker.opened", byDeaths] },
        reset,
      },
    },
    forcedOpen: { on: { trip: {}, reset } },
  },
});

/** How long an opening lasts. */
export function openMsOf({ inRow, isOwnTime }: Openings): number {
  return isOwnTime ? quarantineMs : Math.min(policy.cooldownMs * 2 ** (inRow - 1), policy.maxCooldownMs);
}
