// What the parent of all call breakers hears: what dispatch has seen of a function, what people ask for, and what the
// breakers themselves report.

import type { BreakerEvent, BreakerReport } from "../breaker/events.js";

/** The first failure of a function: from now on it has a breaker. */
export type FailureRecorded = { type: "failure.recorded" };

/** There is no such function any more: its breaker goes with it. */
export type FunctionRemoved = { type: "function.removed" };

/** Dispatch's part of it, without the name of the function. */
export type CallBreakerEvent = FailureRecorded | FunctionRemoved | BreakerEvent;

export type BreakersEvent = (CallBreakerEvent & { functionName: string }) | BreakerReport;
