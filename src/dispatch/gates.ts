// Which outcomes and which deaths speak against a function: it samples the answers of functions that have failed, and
// charges a worker's death to one of them. It reports facts; the breakers of the control plane decide and move gates.

import type { ResolvedBreaker } from "../config/types.js";
import type { InstanceId } from "../ids.js";
import type { BreakerPicture } from "../machines/breaker/events.js";
import { RateWindow } from "../machines/breaker/rate-window.js";
import type { CallBreakerEvent } from "../machines/breakers/events.js";
import type { Clock } from "../time.js";
import type { Call, CallFailure } from "./call.js";
import type { FunctionState } from "./function-state.js";
import { Gate } from "./gate.js";
import type { WorkerState } from "./worker-state.js";

export interface BreakerPorts {
  readonly policy: ResolvedBreaker;
  /** Told of all that concerns a breaker. What comes of it comes by `move`, now or a moment later. */
  readonly onFact: (functionName: string, fact: CallBreakerEvent) => void;
}

/** Whom a worker's death is charged to. */
export interface DeathCharge {
  /** Null: no call was on it, or its end was asked for, or there is no quarantine. */
  readonly functionName: string | null;
  /** The function was in quarantine already or is now, so that the death is answered for. */
  readonly isQuarantined: boolean;
}

type Verdict = "success" | "failure" | null;

/** The codes that speak against a function. 2000 does not: it ran and said so. */
const failureCodes: ReadonlySet<number> = new Set([2001, 2003, 3000]);

/** Charges are asked for when the death is told, which is at once; these are enough for many at a time. */
const maxRememberedDeaths = 256;

/** A column of the window holds no more than 2^32. */
const maxCallsBefore = 1_000_000_000;

export class Gates {
  readonly #functions: ReadonlyMap<string, FunctionState>;
  readonly #clock: Clock;
  readonly #policy: ResolvedBreaker;
  readonly #onFact: BreakerPorts["onFact"];
  readonly #charges = new Map<InstanceId, DeathCharge>();
  #isClosed = false;

  constructor(functions: ReadonlyMap<string, FunctionState>, clock: Clock, ports: BreakerPorts) {
    this.#functions = functions;
    this.#clock = clock;
    this.#policy = ports.policy;
    this.#onFact = ports.onFact;
  }

  /** A breaker has changed its state. */
  move(functionName: string, picture: BreakerPicture): void {
    const target = this.#functions.get(functionName);
    if (target !== undefined) this.#gateOf(target).move(picture);
  }

  /** There is no such function any more; one of that name that comes later begins anew. */
  removed(functionName: string): void {
    if (!this.#isClosed) this.#onFact(functionName, { type: "function.removed" });
  }

  /** A call of a function with a gate was taken: it is the probe when one is awaited. */
  accepted({ callId, target }: Call): void {
    if (target.gate?.awaitsProbe !== true) return;
    target.gate.probeId = callId;
    this.#tell(target, { type: "probe.started" });
  }

  /** A caller is about to hear how its call ended; `failure` null is a result. */
  answered(call: Call, failure: CallFailure | null, nowMs: number): void {
    const verdict = verdictOn(call, failure);
    if (this.#isClosed || (verdict !== "failure" && call.target.gate === null)) return;
    const gate = this.#recorded(call.target);
    if (gate.probeId === call.callId) {
      this.#probeEnded(call.target, gate, verdict, failure);
      return;
    }
    if (verdict === null || isCountedAlready(call)) return;
    const isFailure = verdict === "failure";
    // The calls that a death ended are in there already.
    if (call.worker?.death == null) gate.deaths?.record(nowMs, false);
    if (!gate.isOpen) return;
    gate.outcomes.record(nowMs, isFailure);
    if (isFailure) this.#weigh(call.target, gate, nowMs, codeOf(failure));
  }

  /** A worker's process has ended, and `calls` are those it had. Comes before these are answered. */
  workerEnded(worker: WorkerState, calls: readonly Call[], wasAsked: boolean): void {
    worker.death = { wasAsked, countedFor: new Set() };
    if (
      this.#isClosed ||
      wasAsked ||
      worker.isSuperseded ||
      calls.length === 0 ||
      this.#policy.quarantineCrashes === 0
    )
      return;
    const nowMs = this.#clock.now();
    const charged = this.#mostSuspect(calls, nowMs);
    if (charged === null) return;
    const isQuarantined = this.#charge(charged, nowMs);
    this.#remember(worker.port.instance, { functionName: charged.name, isQuarantined });
  }

  /** For whoever counts the deaths of a pool, from `workerEnded` on. */
  chargeOf(instance: InstanceId): DeathCharge {
    return this.#charges.get(instance) ?? { functionName: null, isQuarantined: false };
  }

  /** Other code runs by that name now: what counted against it is forgotten, unless a person has shut it. */
  renewed(functionName: string): void {
    const target = this.#functions.get(functionName);
    if (target?.gate == null || this.#isClosed) return;
    const { state } = target.gate.picture;
    target.gate.forget();
    if (state === "open" || state === "halfOpen")
      this.#tell(target, { type: "breaker.reset", why: "a new generation was promoted" });
  }

  /** Nothing is reported any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** With a verdict the place of the probe stays taken until the breaker has moved the gate. */
  #probeEnded(target: FunctionState, gate: Gate, verdict: Verdict, failure: CallFailure | null): void {
    if (verdict === "success") return this.#tell(target, { type: "probe.succeeded" });
    if (verdict === "failure") {
      const why = `the call that tried it ended with ${codeOf(failure)}`;
      return this.#tell(target, { type: "probe.failed", why });
    }
    gate.probeId = 0;
    this.#tell(target, { type: "probe.abandoned" });
  }

  /** Opens the breaker when enough of enough calls have failed. */
  #weigh(target: FunctionState, gate: Gate, nowMs: number, lastCode: string): void {
    const { minCalls, failureRatio, windowMs } = this.#policy;
    const { calls, failures } = gate.outcomes.read(nowMs);
    if (calls < minCalls || failures < failureRatio * calls) return;
    const why = `${String(failures)} of ${String(calls)} calls failed within ${seconds(windowMs)}, the last with ${lastCode}`;
    this.#tell(target, { type: "threshold.crossed", reason: "breaker-open", why });
  }

  /** The function with the largest share of calls that ended by a death, these included; of equals the latest taken. */
  #mostSuspect(calls: readonly Call[], nowMs: number): FunctionState | null {
    const countOf = new Map<FunctionState, number>();
    for (const { target } of calls) {
      const count = (countOf.get(target) ?? 0) + 1;
      // Set anew, so that the last in the map is the function of the latest call.
      countOf.delete(target);
      countOf.set(target, count);
    }
    let suspect: FunctionState | null = null;
    let largestShare = 0;
    for (const [target, count] of countOf) {
      const share = this.#shareOfDeaths(target, count, nowMs);
      if (share < largestShare) continue;
      largestShare = share;
      suspect = target;
    }
    return suspect;
  }

  #shareOfDeaths(target: FunctionState, count: number, nowMs: number): number {
    const gate = this.#recorded(target);
    if (gate.deaths === null) {
      gate.deaths = new RateWindow(this.#policy.quarantineWithinMs);
      // Until now nobody counted; that it has run well so far speaks for it all the same.
      gate.deaths.record(nowMs, false, Math.min(Math.max(target.calls - count, 0), maxCallsBefore));
    }
    gate.deaths.record(nowMs, true, count);
    const { calls, failures } = gate.deaths.read(nowMs);
    return failures / calls;
  }

  /** True when the function is in quarantine for it, or was already. */
  #charge(target: FunctionState, nowMs: number): boolean {
    const { gate } = target;
    const { quarantineCrashes, quarantineWithinMs, quarantineMs } = this.#policy;
    // What was on its way when the quarantine began is part of why it did, and the probe has its own verdict.
    if (gate === null) return false;
    if (gate.isQuarantined) return true;
    gate.charges = [...gate.charges.filter((atMs) => nowMs - atMs < quarantineWithinMs), nowMs];
    if (gate.charges.length < quarantineCrashes) return false;
    gate.charges = [];
    const workers = quarantineCrashes === 1 ? "a worker" : `${String(quarantineCrashes)} workers`;
    const why = `its calls took down ${workers} within ${seconds(quarantineWithinMs)}`;
    this.#tell(target, { type: "threshold.crossed", reason: "quarantined", why, cooldownMs: quarantineMs });
    return true;
  }

  #remember(instance: InstanceId, charge: DeathCharge): void {
    this.#charges.set(instance, charge);
    const [oldest] = this.#charges.keys();
    if (this.#charges.size > maxRememberedDeaths && oldest !== undefined) this.#charges.delete(oldest);
  }

  /** The gate of a function that has failed; at its first failure it gets one, and a breaker. */
  #recorded(target: FunctionState): Gate {
    if (target.gate !== null) return target.gate;
    const gate = this.#gateOf(target);
    this.#tell(target, { type: "failure.recorded" });
    return gate;
  }

  /** Of a function that was removed a late call tells nothing: the name may be another one's by now. */
  #tell(target: FunctionState, fact: CallBreakerEvent): void {
    if (this.#functions.get(target.name) === target) this.#onFact(target.name, fact);
  }

  #gateOf(target: FunctionState): Gate {
    return (target.gate ??= new Gate(new RateWindow(this.#policy.windowMs), this.#clock));
  }
}

/** What an answer says of the function. Null: nothing, since it did not run or its end has another cause. */
function verdictOn({ worker }: Call, failure: CallFailure | null): Verdict {
  if (worker?.isSuperseded === true) return null;
  if (failure === null || failure.code === 2000) return "success";
  if (!failureCodes.has(failure.code) || worker === null || worker.death?.wasAsked === true) return null;
  return "failure";
}

/** One worker's death counts once for a function, however many of its calls it ended. */
function isCountedAlready({ worker, target: { name } }: Call): boolean {
  if (worker === null || worker.death === null) return false;
  if (worker.death.countedFor.has(name)) return true;
  worker.death.countedFor.add(name);
  return false;
}

function codeOf(failure: CallFailure | null): string {
  return String(failure?.code ?? 0);
}

function seconds(durationMs: number): string {
  return `${String(durationMs / 1000)} s`;
}
