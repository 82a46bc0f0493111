// The limits that hold here, after the configuration and the flags, in one sentence. Pure.

import type { ResolvedConfig, ResolvedPool } from "../../config/types.js";

export function limitsSentence({ limits, pools }: ResolvedConfig): string {
  const { maxInFlight, maxInFlightPerFunction, maxQueue, maxQueueWaitMs, maxFrameBytes, defaultTimeoutMs } =
    limits;
  const waiting = maxQueue === 0 ? "none waits" : `${maxQueue} more wait up to ${maxQueueWaitMs} ms`;
  return (
    `${maxInFlight} calls at once, ${maxInFlightPerFunction} of one function, ${waiting}, frames to ${maxFrameBytes} bytes, ` +
    `a deadline of ${defaultTimeoutMs} ms; workers: ${pools.map(workersOf).join(", ")}.`
  );
}

function workersOf({ workers, name, maxRssMb, maxCalls }: ResolvedPool): string {
  const ends = [
    ...(Number.isFinite(maxRssMb) ? [`${maxRssMb} MiB`] : []),
    ...(Number.isFinite(maxCalls) ? [`${maxCalls} calls`] : []),
  ];
  return `${workers} of ${name}${ends.length === 0 ? "" : ` (to ${ends.join(" and ")} each)`}`;
}
