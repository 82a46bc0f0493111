// What the parent of all call breakers hears: what dispatch has seen of a function, what people ask for, and what the
// breakers themselves report.

import type { BreakerEvent, BreakerReport } from "../breaker/events.js";

/** The first failure of a function: from now on it has a breaker. */
export type FailureRecorded = { type: "failure.recorded" };

/** Dispatch's part of it, without the name of the function. */
export type CallBreakerEvent = FailureRecorded | BreakerEvent;

export type BreakersEvent = (CallBreakerEvent & { functionName: string }) | BreakerReport;
