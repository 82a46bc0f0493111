// What dispatch is given and whom it tells. Types alone.

import type { InstanceId } from "../ids.js";
import type { Clock } from "../time.js";
import type { DispatchLimits } from "./admission.js";
import type { BreakerPorts } from "./gates.js";
import type { Journal } from "./journal.js";
import type { Verification } from "./verification.js";

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly limits: DispatchLimits;
  readonly breaker: BreakerPorts;
  /** Told of a worker that has not answered a call `cancelGraceMs` after its deadline or its Cancel. */
  readonly onOverdue: (instance: InstanceId, functionName: string, reason: string) => void;
  /** Told of a worker that has been given as many calls as its port says. */
  readonly onWorn: (instance: InstanceId, reason: string) => void;
  /** Told of a worker that broke the protocol: it must be replaced. */
  readonly onBreach: (instance: InstanceId, reason: string) => void;
  /** Asked about every call before it is placed. Absent: every call may run. */
  readonly verification?: Verification | undefined;
}
