// When a worker of a random run may be told on, and when it must be: once for each call that it still has
// cancelGraceMs after the call was over, and for none that is settled. Knows no breaker and no verifier.

import { runLimits, slackMs, type ModelCall } from "./random-model.js";
import type { Bench } from "./scripted.js";

export class OverdueModel {
  readonly #bench: Bench;
  readonly #calls: ReadonlyMap<number, ModelCall>;
  #read = 0;

  /** `calls`: those that hold a slot. */
  constructor(bench: Bench, calls: ReadonlyMap<number, ModelCall>) {
    this.#bench = bench;
    this.#calls = calls;
  }

  /** To be asked often: it knows the time of a report no better than by when it is asked. */
  checkNow(): void {
    const { overdue, clock } = this.#bench;
    const nowMs = clock.now();
    const { cancelGraceMs } = runLimits;
    for (; this.#read < overdue.length; this.#read++) {
      const [instance, name] = overdue[this.#read] ?? [];
      const [call] = [...this.#calls.values()]
        .filter((each) => each.instance === instance && each.functionName === name)
        .filter((each) => each.isAnswered && !each.isToldOn && nowMs >= each.overAtMs + cancelGraceMs)
        .sort((a, b) => a.answeredAtMs - b.answeredAtMs);
      if (call === undefined)
        throw new Error(
          `Process ${String(instance)} was told on at ${String(nowMs)} for no call of ${String(name)}`,
        );
      call.isToldOn = true;
    }
    for (const { callId, instance, isAnswered, answeredAtMs, isToldOn } of this.#calls.values()) {
      if (instance === 0 || !isAnswered || isToldOn || nowMs < answeredAtMs + cancelGraceMs + slackMs)
        continue;
      throw new Error(`Process ${String(instance)} was not told on for call ${String(callId)}`);
    }
  }
}
