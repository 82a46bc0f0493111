// A worker's LogEvents into the log: with who said it, at a bounded rate.

import type { Log } from "../log.js";
import type { LogEvent } from "../protocol/messages.js";
import type { ProcessEntry } from "../actors/process-registry.js";
import type { Clock } from "../time.js";

const maxLinesPerSecond = 1000;

interface Rate {
  sinceMs: number;
  lines: number;
  dropped: number;
}

/** Returns what a link calls for each LogEvent. Above 1 000 a second and worker, lines are dropped and counted. */
export function createWorkerLog(log: Log, clock: Clock): (entry: ProcessEntry, event: LogEvent) => void {
  const rates = new WeakMap<ProcessEntry, Rate>();
  return (entry, event) => {
    const nowMs = clock.now();
    let rate = rates.get(entry);
    if (rate === undefined) rates.set(entry, (rate = { sinceMs: nowMs, lines: 0, dropped: 0 }));
    const who = { worker: entry.workerId, pid: entry.child.pid, generation: entry.generation };
    if (nowMs - rate.sinceMs >= 1000) {
      if (rate.dropped > 0) log.warn(`${String(rate.dropped)} lines dropped`, who);
      rate.sinceMs = nowMs;
      rate.lines = rate.dropped = 0;
    }
    rate.lines += 1;
    if (rate.lines > maxLinesPerSecond) {
      rate.dropped += 1;
      return;
    }
    const fields = { ...Object.fromEntries(event.fields), ...who };
    if (event.level === "error") log.error(event.message, fields);
    else if (event.level === "warn") log.warn(event.message, fields);
    else if (event.level === "debug" || event.level === "trace") log.debug(event.message, fields);
    else log.info(event.message, fields);
  };
}
