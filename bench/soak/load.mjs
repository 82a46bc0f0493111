// The small call of every shape and its load by the clock: 64 bytes there and back, each answer looked at.

import { Histogram } from "../histogram.mjs";
import { openLoop } from "../load.mjs";
import { payloadOf } from "../payloads.mjs";

export const echoLanes = 64;

export function echo(system, seed = 0) {
  const sent = payloadOf({ kind: "small", bytes: 64 }, seed % 1000);
  return system.call("echo", sent).then((answer) => {
    if (answer.id !== sent.id) throw new Error(`${String(sent.id)} was answered with ${String(answer.id)}.`);
  });
}

/** `perSecond` calls a second for `ms`, each timed from when it was due. */
export async function steady(call, perSecond, ms) {
  const outcomes = new Outcomes();
  await openLoop(call, perSecond, ms, (_, took, error) => outcomes.note(took, error));
  return { perSecond, ...outcomes.figures() };
}

/** What became of calls: how long those that succeeded took, and the codes of the others. */
export class Outcomes {
  #times = new Histogram();
  #codes = {};
  #failed = 0;

  note(ms, error) {
    if (error === null) return this.#times.record(ms);
    const code = String(error.code ?? error.message);
    this.#codes[code] = (this.#codes[code] ?? 0) + 1;
    this.#failed += 1;
  }

  figures() {
    const times = this.#times;
    return {
      calls: times.count + this.#failed,
      failed: this.#failed,
      codes: this.#codes,
      p50Ms: times.percentileMs(0.5),
      p99Ms: times.percentileMs(0.99),
      p999Ms: times.percentileMs(0.999),
      maxMs: times.maxMs,
    };
  }
}
