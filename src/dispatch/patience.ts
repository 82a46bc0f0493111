// What happens when a call's time is over, and again when its worker still has it long after that: who is told what, and
// when. Settles and cancels through what it is given; sends nothing itself.

import type { InstanceId } from "../ids.js";
import type { Clock } from "../time.js";
import type { Call, CallFailure } from "./call.js";
import type { Deadlines } from "./deadlines.js";
import * as failures from "./failures.js";
import type { RunningPlace } from "./worker-state.js";

/** A guard answers within a few milliseconds, one that has to stop its worker to see within a tenth of a second. */
const locateMs = 200;

export interface PatiencePorts {
  readonly clock: Clock;
  readonly deadlines: Deadlines<Call>;
  /** How long a worker may take to answer a call that is over. */
  readonly cancelGraceMs: number;
  /** True while it is not known yet whether the call may run. */
  readonly isUnverified: (call: Call) => boolean;
  readonly settle: (call: Call, failure: CallFailure, isSlotFree: boolean) => void;
  /** Sends Cancel after it, and answers its caller if there is an answer. */
  readonly cancel: (call: Call, answer: CallFailure | null) => void;
  readonly onOverdue: (instance: InstanceId, functionName: string, reason: string) => void;
}

export class Patience {
  readonly #ports: PatiencePorts;

  constructor(ports: PatiencePorts) {
    this.#ports = ports;
  }

  /** The time that was set for the call is over: its deadline's, or what came after it. */
  expired(call: Call): void {
    const { settle, cancel, clock, deadlines } = this.#ports;
    if (call.isAnswered) return this.#overdue(call);
    if (call.isTimedOut) return settle(call, this.timeout(call, null), false);
    if (call.state === "cancelling") {
      settle(call, failures.cancelled(call.target.name, true), false);
      // Its time to answer a Cancel is over, unless its deadline came first: then it has that long from now on.
      return clock.now() < call.deadlineAtMs ? this.#overdue(call) : undefined;
    }
    const locate = call.state === "dispatched" ? call.worker?.port.locate : null;
    if (locate == null) return cancel(call, this.timeout(call, null));
    // The caller waits a little longer, to be told where its call is stuck if it is.
    call.isTimedOut = true;
    cancel(call, null);
    deadlines.add(call, clock.now() + locateMs);
    locate((place) => {
      if (!call.isAnswered) settle(call, this.timeout(call, place), false);
    });
  }

  timeout(call: Call, place: RunningPlace | null): CallFailure {
    const { name } = call.target;
    const allowedMs = call.deadlineAtMs - call.arrivedAtMs;
    if (place !== null && place.lagMs > 0) return failures.ranAway(name, allowedMs, place);
    const awaited = this.#ports.isUnverified(call) ? "verifier" : "worker";
    return failures.timedOut(name, allowedMs, call.state === "queued" ? awaited : "answer");
  }

  /** The worker still has a call that its caller was told the end of. */
  #overdue(call: Call): void {
    const { deadlines, cancelGraceMs, onOverdue } = this.#ports;
    deadlines.remove(call);
    const { worker, target, state } = call;
    if (worker === null || state === "settled") return;
    const reason = `it had not answered a call of ${failures.quoted(target.name)} ${String(cancelGraceMs)} ms after its deadline or its cancellation`;
    onOverdue(worker.port.instance, target.name, reason);
  }
}
