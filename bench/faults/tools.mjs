// What the measurements share: percentiles, waiting with an end, what a process holds.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A call without an answer after this counts as never answered. */
export const patienceMs = 5000;

export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** `{ kind: "ok" | "failed" | "never", ms, value?, error? }`, never rejects. */
export async function outcomeOf(promise) {
  const startedAt = performance.now();
  const timer = new AbortController();
  const never = sleep(patienceMs, { kind: "never" }, { signal: timer.signal }).catch(() => ({}));
  const settled = Promise.resolve(promise).then(
    (value) => ({ kind: "ok", value }),
    (error) => ({ kind: "failed", error }),
  );
  const outcome = await Promise.race([settled, never]);
  timer.abort();
  return { ...outcome, ms: performance.now() - startedAt };
}

/** Calls until one is answered with success, a millisecond apart; resolves with its value. */
export async function untilSuccess(call) {
  const endAt = performance.now() + 4 * patienceMs;
  let last;
  while (performance.now() < endAt) {
    last = await outcomeOf(call());
    if (last.kind === "ok") return last.value;
    await sleep(1);
  }
  throw new Error(`No call succeeded any more: ${String(last?.error?.message ?? "none was answered")}`);
}

/** From starting `node -e 0` to its end. */
export async function bareStartMs() {
  const startedAt = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return performance.now() - startedAt;
}

/** What this process holds once it is at rest; `descriptors` is null where /proc is missing. */
export async function holdings() {
  for (let i = 0; i < 3; i += 1) {
    await sleep(100);
    globalThis.gc?.();
  }
  const resources = process.getActiveResourcesInfo();
  return {
    descriptors: process.platform === "linux" ? readdirSync("/proc/self/fd").length : null,
    timers: resources.filter((name) => name === "Timeout" || name === "Immediate").length,
    handles: resources.length,
    heapMib: process.memoryUsage().heapUsed / 2 ** 20,
  };
}
