// What a breaker hears and says, whatever it stands before: the calls of a function or the spawns of a pool. It knows
// neither; who asks it about a call or a spawn reads the picture that its reports carry.

export type BreakerCommand =
  /** Opens it until it is reset. */
  | { type: "breaker.trip" }
  /** Closes it. `why` completes "it closed because …", where nobody asked for it. */
  | { type: "breaker.reset"; why?: string };

/** Why it lets nothing through, in the words of a refusal's `details.reason`. */
export type BreakerReason = "breaker-open" | "quarantined";

export type BreakerFact =
  /** `why` completes the sentence "it opened because …". `cooldownMs` is the open time where it is not the policy's. */
  | { type: "threshold.crossed"; reason: BreakerReason; why: string; cooldownMs?: number }
  | { type: "probe.started" }
  | { type: "probe.succeeded" }
  | { type: "probe.failed"; why: string }
  /** It ended and says nothing of what it was to try: it was cancelled, or refused before it began. */
  | { type: "probe.abandoned" };

export type BreakerEvent = BreakerCommand | BreakerFact;

export type BreakerState = "closed" | "open" | "halfOpen" | "forcedOpen";

/** All that is to be known of a breaker: what its state is, since when, and why. */
export interface BreakerPicture {
  readonly state: BreakerState;
  /** Of the last opening. */
  readonly reason: BreakerReason;
  /** A clause: why it opened or, once it is closed again, why it closed. */
  readonly why: string;
  /** When it came into its state, in milliseconds since 1970. For people. */
  readonly sinceWallMs: number;
  /** When it will let a probe through, by the clock; null when no time decides that. */
  readonly probeAtMs: number | null;
}

/** To its parent, at each change of state. `name` is what its input said. */
export type BreakerReport =
  | { type: "breaker.opened"; name: string; picture: BreakerPicture }
  | { type: "breaker.halfOpened"; name: string; picture: BreakerPicture }
  | { type: "breaker.closed"; name: string; picture: BreakerPicture };
