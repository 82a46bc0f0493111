// Which faults a run has, and how often: each kind is on in half of the runs, with a rate of its own, so that some runs
// have one kind alone. What a fault does is the business of whoever asks whether it is due.

import type { Random } from "../../../src/time.js";
import type { Sim } from "./sim.js";

export const faultKinds = [
  // of the links
  "split",
  "slow",
  "clog",
  "writeFalse",
  "tinyKernel",
  // of the processes
  "spawnFails",
  "crashInBoot",
  "neverReady",
  "slowBoot",
  "crash",
  "crashInCall",
  "exitInCall",
  "stop",
  "busyLoop",
  "ignoresTerm",
  "lateExit",
  "lateEof",
  "answersTwice",
  "answersUnknown",
  "answersForeign",
  "streamBreaks",
  "garbage",
  // of the functions
  "hang",
  "throws",
  "deaf",
  // of the hosts
  "cancel",
  "hostReset",
  "hostLeaves",
  "hostReadsNot",
  "hostBreach",
  "shortDeadline",
  "inputBreaks",
  // of the supervisor, and of its operator
  "lateTimers",
  "stall",
  "kill",
  "trip",
  "addPool",
  "removePool",
  "stopInStart",
  "verifyRefuses",
  "verifyThrows",
  "verifyHangs",
  "reload",
  "buildFails",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export class Faults {
  /** The kinds that are on, with how likely each is where it is asked for. */
  readonly rates: ReadonlyMap<FaultKind, number>;
  /** How often each has happened. */
  readonly fired = new Map<FaultKind, number>();
  #isOn = true;
  readonly #random: Random;
  readonly #wire: Random;

  /** `without`: kinds that are off, whatever the seed says. */
  constructor(sim: Sim, without: ReadonlySet<FaultKind>) {
    const swarm = sim.random("swarm");
    const rates = new Map<FaultKind, number>();
    for (const kind of faultKinds) {
      const [isOn, rate] = [swarm() < 0.5, swarm()];
      // Small rates are as frequent as large ones.
      if (isOn && !without.has(kind)) rates.set(kind, 0.005 * 60 ** rate);
    }
    this.rates = rates;
    this.#random = sim.random("faults");
    this.#wire = sim.random("wire");
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOn = false;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  has(kind: FaultKind): boolean {
    return this.#isOn && this.rates.has(kind);
  }

  /** Whether that fault happens here and now. `factor` makes it likelier where it is seldom asked for. */
  fires(kind: FaultKind, factor = 1): boolean {
    const rate = this.rates.get(kind);
    if (!this.#isOn || rate === undefined || this.#random() >= rate * factor) return false;
    this.happened(kind);
    return true;
  }

  happened(kind: FaultKind): void {
    this.fired.set(kind, (this.fired.get(kind) ?? 0) + 1);
  }

  /** How long a piece of bytes is under way. */
  transitMs(): number {
    const part = this.#wire();
    if (!this.fires("slow")) return 0.02 + part * 0.3;
    return part * 40;
  }

  /** How many of so many bytes arrive together. */
  pieceOf(bytes: number): number {
    return this.fires("split", 3) ? 1 + Math.floor(this.#wire() * bytes) : bytes;
  }
}
