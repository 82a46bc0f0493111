// What breakers promise about calls of a random run: none is taken or started where its function is shut, and one at a
// time where it is tried. Knows only what the real breakers reported, and which calls got slots and answers.

import type { Answer, Bench } from "./scripted.js";

interface Probe {
  readonly callId: number;
  /** How many reports there were when it was taken: a later one about its function ends its part. */
  readonly reports: number;
}

export class ProbeModel {
  readonly #bench: Bench;
  readonly #probes = new Map<string, Probe>();
  /** Calls that had waited and got their slots where their functions were shut. */
  readonly #shut = new Set<number>();
  /** How many of those there were. */
  inVain = 0;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** The call that tries the function; 0: none does. */
  probeOf(name: string): number {
    const probe = this.#probes.get(name);
    const isOver = this.#bench.reports.slice(probe?.reports).some((report) => report.name === name);
    return probe === undefined || isOver ? 0 : probe.callId;
  }

  accepted(callId: number, name: string, hasWaited: boolean): void {
    const state = this.#stateOf(name);
    if (!this.#isShut(name)) {
      if (state === "halfOpen") this.#probes.set(name, { callId, reports: this.#bench.reports.length });
      return;
    }
    if (!hasWaited) throw new Error(`${name} was taken while its breaker was ${state}`);
    this.#shut.add(callId);
    this.inVain += 1;
  }

  /** Its function is about to run, or the verifier was asked about it. */
  started(callId: number): void {
    if (this.#shut.has(callId))
      throw new Error(`Call ${String(callId)} was started, and its function is shut`);
  }

  settled(callId: number, code: number): void {
    if (this.#shut.delete(callId) && code !== 3001)
      throw new Error(`Call ${String(callId)} of a function that is shut ended with ${String(code)}`);
    for (const [name, probe] of this.#probes) if (probe.callId === callId) this.#probes.delete(name);
  }

  /** A call was refused at once. */
  refused(name: string, answer: Answer | undefined): void {
    const { reason } = (answer?.details ?? {}) as { reason?: unknown };
    if ((reason === "breaker-open" || reason === "quarantined") && !this.#isShut(name))
      throw new Error(`${name} was refused while its breaker was ${this.#stateOf(name)}`);
  }

  /** Whoever got a slot in vain gave it back in the same step. */
  checkNow(): void {
    for (const callId of this.#shut)
      throw new Error(`Call ${String(callId)} holds a slot, and its function is shut`);
    for (const { name, gate } of this.#bench.dispatcher.functions) {
      const [expected, actual] = [this.probeOf(name), gate?.probeId ?? 0];
      if (actual !== expected)
        throw new Error(`${name} is tried by call ${String(actual)}, not ${String(expected)}`);
    }
  }

  #isShut(name: string): boolean {
    const state = this.#stateOf(name);
    return state === "halfOpen" ? this.probeOf(name) !== 0 : state !== "closed";
  }

  #stateOf(name: string): string {
    return this.#bench.reports.findLast((report) => report.name === name)?.picture.state ?? "closed";
  }
}
