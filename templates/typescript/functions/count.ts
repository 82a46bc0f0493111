// An async generator is a stream: callers read its items as they come, and one that is slow makes it wait.

import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "splice-runtime/worker";

export async function* up({ to }: { to: number }, ctx: Context): AsyncGenerator<number> {
  for (let n = 1; n <= to; n++) {
    yield n;
    // The signal is aborted when the caller has gone, or has no time left.
    await sleep(10, undefined, { signal: ctx.signal });
  }
}
