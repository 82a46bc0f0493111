// How calls went, over all functions and the whole life of the supervisor. Counts what it is told; decides nothing.

import type { Status } from "../contract/status.js";
import type { CallFailure } from "./call.js";

export class CallCounters {
  total = 0;
  ok = 0;
  failed = 0;
  timedOut = 0;
  cancelled = 0;
  /** Refused before they held a slot. */
  rejected = 0;
  /** Answers that came when the caller already had one. */
  late = 0;

  snapshot(): Omit<Status["calls"], "active"> {
    const { total, ok, failed, timedOut, cancelled, rejected, late } = this;
    return { total, ok, failed, timedOut, cancelled, rejected, late };
  }

  /** One call that waited for a permit has been refused: by its own time, by its caller, or by us. */
  refused({ code }: CallFailure): void {
    if (code === 2001) this.timedOut += 1;
    else if (code === 2002) this.cancelled += 1;
    else this.rejected += 1;
  }

  /** One accepted call has its answer; null is a result. */
  answered(failure: CallFailure | null): void {
    if (failure === null) this.ok += 1;
    else if (failure.code === 2001) this.timedOut += 1;
    else if (failure.code === 2002) this.cancelled += 1;
    else this.failed += 1;
  }
}
