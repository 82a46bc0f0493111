// What a call of a function that has failed meets: open, one probe, or shut with the reason. The breaker in the
// control plane moves it; here it is only read. Knows no call but by its id.

import type { BreakerPicture } from "../machines/breaker/events.js";
import type { RateWindow } from "../machines/breaker/rate-window.js";
import type { CallId } from "../ids.js";
import type { Clock } from "../time.js";
import type { CallFailure } from "./call.js";
import * as failures from "./failures.js";

/** Where the probe's verdict is awaited, no time is known; a caller that asks this often does no harm. */
const probeRetryAfterMs = 100;

export class Gate {
  picture: BreakerPicture;
  /** The call that is the probe; 0 when there is none. */
  probeId: CallId | 0 = 0;
  /** Made at the first death that one of its calls was part of; counts calls, and those that ended by a death. */
  deaths: RateWindow | null = null;
  /** When deaths were charged to the function, oldest first. */
  charges: readonly number[] = [];
  readonly #clock: Clock;

  constructor(
    /** How its calls went while the gate was open. */
    readonly outcomes: RateWindow,
    clock: Clock,
  ) {
    this.#clock = clock;
    const sinceWallMs = clock.wallMs();
    this.picture = { state: "closed", reason: "breaker-open", why: "", sinceWallMs, probeAtMs: null };
  }

  get isOpen(): boolean {
    return this.picture.state === "closed";
  }

  /** True when the next call will be the probe. */
  get awaitsProbe(): boolean {
    return this.picture.state === "halfOpen" && this.probeId === 0;
  }

  get isQuarantined(): boolean {
    const { state, reason } = this.picture;
    return reason === "quarantined" && (state === "open" || state === "halfOpen");
  }

  /** Milliseconds until a probe is let through; null when no time decides that. */
  get retryAfterMs(): number | null {
    const { probeAtMs } = this.picture;
    return probeAtMs === null ? null : Math.max(0, Math.ceil(probeAtMs - this.#clock.now()));
  }

  /** Why a call of the function is not taken now; null when it is. */
  refusal(functionName: string): CallFailure | null {
    if (this.isOpen || this.awaitsProbe) return null;
    const { state, reason, why, sinceWallMs } = this.picture;
    const since = new Date(sinceWallMs).toISOString();
    const isProbing = state === "halfOpen";
    const retryAfterMs = isProbing ? probeRetryAfterMs : this.retryAfterMs;
    const name = failures.quoted(functionName);
    const held = reason === "quarantined" ? `it is in quarantine (${state})` : `its breaker is ${state}`;
    const next =
      retryAfterMs === null
        ? "It stays so until it is reset."
        : isProbing
          ? "One call is being tried, and its outcome decides."
          : `One call will be let through to try it in ${String(retryAfterMs)} ms.`;
    const message = `${name} was not called: ${held} since ${since}, because ${why}. ${next}`;
    return failures.unavailable(reason, message, { state, since, why, retryAfterMs });
  }

  /** As `refusal`, for a call that holds its slot already: the probe is one, and goes on. */
  refusalOf(callId: CallId, functionName: string): CallFailure | null {
    return this.isOpen || this.probeId === callId ? null : this.refusal(functionName);
  }

  move(picture: BreakerPicture): void {
    this.picture = picture;
    this.probeId = 0;
    if (picture.state !== "closed") return;
    // What it was shut for is over: it takes as much again to shut it.
    this.outcomes.clear();
    this.charges = [];
  }

  /** What has happened so far counts no more. */
  forget(): void {
    this.outcomes.clear();
    this.deaths = null;
    this.charges = [];
  }
}
