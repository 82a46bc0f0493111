// A circuit breaker: lets all through, or nothing for a while, or one probe whose outcome decides. The same chart for
// the calls of a function and the spawns of a pool. It counts nothing: thresholds are crossed elsewhere.

import { assign, sendTo, setup, type ActorRef, type Snapshot } from "xstate";
import type { Clock } from "../../time.js";
import { cooldownOf, type CooldownPolicy } from "./cooldown.js";
import type { BreakerEvent, BreakerPicture, BreakerReport, BreakerState } from "./events.js";

export interface BreakerInput {
  readonly name: string;
  readonly policy: CooldownPolicy;
  readonly clock: Clock;
  readonly parent: ActorRef<Snapshot<unknown>, BreakerReport>;
}

export interface BreakerContext extends BreakerInput {
  readonly picture: BreakerPicture;
  /** Since it was last closed. */
  readonly openingsInRow: number;
  /** The open time that the last crossed threshold brought along; null where the policy's holds. */
  readonly ownCooldownMs: number | null;
  readonly openMs: number;
}

const reportOf = {
  closed: "breaker.closed",
  open: "breaker.opened",
  halfOpen: "breaker.halfOpened",
  forcedOpen: "breaker.opened",
} as const satisfies Record<BreakerState, BreakerReport["type"]>;

export const breakerMachine = setup({
  types: {
    context: {} as BreakerContext,
    input: {} as BreakerInput,
    events: {} as BreakerEvent,
  },
  actions: {
    noteCrossed: assign(({ context, event }) => {
      if (event.type !== "threshold.crossed") return {};
      const { reason, why, cooldownMs = null } = event;
      return opened({ ...context, ownCooldownMs: cooldownMs }, { ...context.picture, reason, why });
    }),
    /** For the reason it was open before, and as long as that asks for. */
    noteProbeFailed: assign(({ context, event }) =>
      event.type === "probe.failed" ? opened(context, { ...context.picture, why: event.why }) : {},
    ),
    noteForced: assign(({ context }) => ({
      picture: pictureOf(context, "forcedOpen", { reason: "breaker-open", why: "it was tripped on request" }),
    })),
    noteHalfOpen: assign(({ context }) => ({ picture: pictureOf(context, "halfOpen") })),
    noteReset: assign(({ context, event }) =>
      event.type === "breaker.reset" ? closed(context, event.why ?? "it was reset") : {},
    ),
    noteProbeSucceeded: assign(({ context }) => closed(context, "its probe succeeded")),
    report: sendTo(
      ({ context }) => context.parent,
      ({ context: { name, picture } }) => ({ type: reportOf[picture.state], name, picture }),
    ),
  },
  guards: {
    /** A quarantine outlasts the ordinary reason; nothing outlasts a quarantine. */
    isGraver: ({ context, event }) =>
      event.type === "threshold.crossed" &&
      event.reason === "quarantined" &&
      context.picture.reason !== "quarantined",
  },
  delays: { cooldown: ({ context }) => context.openMs },
}).createMachine({
  id: "breaker",
  initial: "closed",
  options: { maxIterations: 1000 },
  context: ({ input }) => ({
    ...input,
    picture: {
      state: "closed",
      reason: "breaker-open",
      why: "",
      sinceWallMs: input.clock.wallMs(),
      probeAtMs: null,
    },
    openingsInRow: 0,
    ownCooldownMs: null,
    openMs: 0,
  }),
  on: { "breaker.trip": { target: ".forcedOpen", actions: "noteForced" } },
  states: {
    closed: {
      meta: { description: "All is let through." },
      on: { "threshold.crossed": { target: "open", actions: "noteCrossed" } },
    },
    open: {
      meta: { description: "Nothing is let through until its open time is over." },
      entry: "report",
      after: { cooldown: { target: "halfOpen", actions: "noteHalfOpen" } },
      on: {
        "threshold.crossed": { guard: "isGraver", target: "open", reenter: true, actions: "noteCrossed" },
        "breaker.reset": { target: "closed", actions: ["noteReset", "report"] },
      },
    },
    halfOpen: {
      meta: { description: "One probe is let through; its outcome decides." },
      entry: "report",
      initial: "waiting",
      on: {
        "probe.succeeded": { target: "closed", actions: ["noteProbeSucceeded", "report"] },
        "probe.failed": { target: "open", actions: "noteProbeFailed" },
        "threshold.crossed": { target: "open", actions: "noteCrossed" },
        "breaker.reset": { target: "closed", actions: ["noteReset", "report"] },
      },
      states: {
        waiting: {
          meta: { description: "The next that comes will be the probe." },
          on: { "probe.started": "probing" },
        },
        probing: {
          meta: { description: "The probe is under way, and nothing else is let through." },
          on: { "probe.abandoned": "waiting" },
        },
      },
    },
    forcedOpen: {
      meta: { description: "Tripped on request: nothing is let through until it is reset." },
      entry: "report",
      on: {
        "breaker.trip": {},
        "breaker.reset": { target: "closed", actions: ["noteReset", "report"] },
      },
    },
  },
});

function opened(context: BreakerContext, cause: Pick<BreakerPicture, "reason" | "why">): BreakerContext {
  const openMs = context.ownCooldownMs ?? cooldownOf(context.policy, context.openingsInRow);
  const probeAtMs = context.clock.now() + openMs;
  const { reason, why } = cause;
  const picture = pictureOf(context, "open", { reason, why, probeAtMs });
  return { ...context, openMs, openingsInRow: context.openingsInRow + 1, picture };
}

function closed(context: BreakerContext, why: string): Partial<BreakerContext> {
  return { openingsInRow: 0, picture: pictureOf(context, "closed", { why }) };
}

function pictureOf(
  { clock, picture }: BreakerContext,
  state: BreakerState,
  change: Partial<BreakerPicture> = {},
): BreakerPicture {
  return { ...picture, state, sinceWallMs: clock.wallMs(), probeAtMs: null, ...change };
}
