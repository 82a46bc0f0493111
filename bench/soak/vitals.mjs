// What only a process itself knows of its memory, its event loop and what it holds. Loaded into the supervisor by its
// probe and into the worker by its functions, which run with --expose-gc, and into the client. Knows nothing of Splice.

import { monitorEventLoopDelay } from "node:perf_hooks";

const resolutionMs = 5;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();

export const answers = {
  memory: () => ({ ...process.memoryUsage() }),
  /** After the garbage is collected: what is alive. */
  rest: async () => {
    // Buffers are given back beside the collection, and some only by the next one.
    for (let i = 0; i < 3; i += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { ...process.memoryUsage(), resources: countByName(process.getActiveResourcesInfo()) };
  },
  /** How late the event loop was since the last time it was asked. The monitor counts its own interval in. */
  loopDelay: () => {
    const late = (ns) => Math.max(0, ns / 1e6 - resolutionMs);
    const found = { p99Ms: late(delay.percentile(99)), maxMs: late(delay.max) };
    delay.reset();
    return found;
  },
};

function countByName(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
