// The load: so many calls at once for so long, or so many a second by the clock, each one's latency noted. Knows
// nothing of who answers.

import { setTimeout as sleep } from "node:timers/promises";

/** Enough for the last two million calls of a run. One size for everybody, so that it weighs the same in every PSS. */
const keptLatencies = 2 ** 21;

export class Latencies {
  #values = new Float32Array(keptLatencies).fill(0);
  count = 0;

  record(milliseconds) {
    this.#values[this.count++ & (keptLatencies - 1)] = milliseconds;
  }

  reset() {
    this.count = 0;
  }

  /** Microseconds, of the calls that are kept. Sorts in place, so nothing may be recorded after it. */
  percentilesUs(...shares) {
    const kept = this.#values.subarray(0, Math.min(this.count, keptLatencies)).sort();
    return shares.map((share) => kept[Math.min(kept.length - 1, Math.floor(kept.length * share))] * 1000);
  }
}

/**
 * Keeps `inFlight` calls of `call(payload)` under way for `ms`, and resolves with the milliseconds until the last of
 * them was answered.
 */
export async function load(call, payload, inFlight, ms, latencies) {
  const startedAt = performance.now();
  const stopAt = startedAt + ms;
  const lane = async () => {
    for (let sentAt = performance.now(); ;) {
      await call(payload);
      const answeredAt = performance.now();
      latencies.record(answeredAt - sentAt);
      if (answeredAt >= stopAt) return;
      sentAt = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return performance.now() - startedAt;
}

/**
 * Makes `perSecond` calls a second for `ms`, whether or not they are answered, and resolves when all are. `call` gets
 * its number; `note` the time at which it was due (from the start, in ms), how long after that it was answered, and the
 * error or null.
 */
export async function openLoop(call, perSecond, ms, note) {
  const startedAt = performance.now();
  const total = Math.floor((perSecond * ms) / 1000);
  let unanswered = 0;
  let allAnswered = () => undefined;
  for (let made = 0; made < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
    for (; made < due; made += 1) {
      const dueMs = (made * 1000) / perSecond;
      const answered = (error) => {
        note(dueMs, performance.now() - startedAt - dueMs, error);
        unanswered -= 1;
        if (unanswered === 0) allAnswered();
      };
      unanswered += 1;
      Promise.resolve(call(made)).then(() => answered(null), answered);
    }
    await sleep(1);
  }
  if (unanswered > 0) {
    await new Promise((resolve) => {
      allAnswered = resolve;
    });
  }
}

/** Keeps `lanes` calls under way for `ms`; resolves with how many succeeded in a second. */
export async function closedLoop(call, lanes, ms) {
  const startedAt = performance.now();
  let ok = 0;
  const lane = async () => {
    while (performance.now() - startedAt < ms) {
      await call();
      ok += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (ok * 1000) / (performance.now() - startedAt);
}
