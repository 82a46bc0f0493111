// A clock that a test moves, for a supervisor that really runs beside it: what is due at once does not wait for the test.

import type { Clock } from "../../time.js";

export function withoutZeroWaits(clock: Clock): Clock {
  const atOnce = new Set<unknown>();
  return {
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    setTimeout(callback, delayMs) {
      if (delayMs > 0) return clock.setTimeout(callback, delayMs);
      const handle = setImmediate(() => {
        atOnce.delete(handle);
        callback();
      });
      atOnce.add(handle);
      return handle;
    },
    clearTimeout(handle) {
      if (atOnce.delete(handle)) clearImmediate(handle as NodeJS.Immediate);
      else clock.clearTimeout(handle);
    },
  };
}
