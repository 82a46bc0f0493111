// The user's own observer of the charts, made harmless: XState throws what an observer throws straight through whatever
// step it was told of. One that failed once is called no more, and the log says so.

import type { InspectObserver } from "../contract/inspect-observer.js";
import { messageOf } from "../errors.js";
import type { Log } from "../log.js";

/** Undefined where there is none. */
export function harmless(observer: InspectObserver | null, log: Log): InspectObserver | undefined {
  if (observer === null) return undefined;
  let isIn = true;
  const failed = (error: unknown): void => {
    if (!isIn) return;
    isIn = false;
    log.error(`The configured \`inspect\` failed, and is called no more: ${shownError(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
  };
  return {
    next: (event) => {
      if (!isIn) return;
      try {
        const promised: unknown = observer.next?.(event);
        // An async one fails later, and would end the program.
        if (promised instanceof Promise) promised.catch(failed);
      } catch (error) {
        failed(error);
      }
    },
  };
}

/** Whatever was thrown: reading it may throw in turn. */
function shownError(error: unknown): string {
  try {
    return messageOf(error);
  } catch {
    return "what it threw cannot be shown";
  }
}
