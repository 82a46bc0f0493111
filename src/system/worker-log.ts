// A worker's LogEvents into the log: with who said it, on one line, of a bounded length, at a bounded rate.

import { escapeControls } from "../actors/worker-output.js";
import type { Log, LogFields } from "../log.js";
import type { LogEvent } from "../protocol/messages.js";
import type { ProcessEntry } from "../actors/process-registry.js";
import type { Clock } from "../time.js";

const maxLinesPerSecond = 1000;
/** As much as of a line that is printed. */
const maxMessageChars = 8192;
/** Names and values of all fields of a line; those of the runtime come first. */
const maxFieldChars = 8192;

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
      if (rate.dropped > 0)
        log.warn(
          `${String(rate.dropped)} log lines of this worker were dropped: more than ${String(maxLinesPerSecond)} came within a second`,
          who,
        );
      rate.sinceMs = nowMs;
      rate.lines = rate.dropped = 0;
    }
    rate.lines += 1;
    if (rate.lines > maxLinesPerSecond) {
      rate.dropped += 1;
      return;
    }
    const { message, said, cutChars } = shortened(event);
    const cut = cutChars === 0 ? {} : { cutChars };
    const fields = { ...(Object.fromEntries(said) as LogFields), ...cut, ...who };
    if (event.level === "error") log.error(message, fields);
    else if (event.level === "warn") log.warn(message, fields);
    else if (event.level === "debug" || event.level === "trace") log.debug(message, fields);
    else log.info(message, fields);
  };
}

interface Shortened {
  readonly message: string;
  readonly said: readonly (readonly [name: string, value: string])[];
  /** How many characters were left out. */
  readonly cutChars: number;
}

/** A frame may hold a hundred mebibytes of text; a line that long is read by nobody and fills a disk. */
function shortened(event: LogEvent): Shortened {
  const said: [string, string][] = [];
  let cutChars = Math.max(0, event.message.length - maxMessageChars);
  let room = maxFieldChars;
  for (const [name, value] of event.fields) {
    const valueRoom = room - name.length;
    if (valueRoom <= 0) {
      cutChars += name.length + value.length;
      continue;
    }
    const kept = value.slice(0, valueRoom);
    cutChars += value.length - kept.length;
    room = valueRoom - kept.length;
    said.push([escapeControls(name), escapeControls(kept)]);
  }
  return { message: escapeControls(event.message.slice(0, maxMessageChars)), said, cutChars };
}
