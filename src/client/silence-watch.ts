// Whether the peer still answers while somebody waits for it: after a while of silence it is asked, and when it does
// not even answer that, it counts as gone. For calls without a deadline of their own. Knows no message and no socket.

import type { Clock, TimerHandle } from "../time.js";

/**
 * Silence before the peer is asked, and then before it is given up. The last, short one lets a program that was itself
 * standing still read what has come in the meantime.
 */
const silenceStepsMs = [10_000, 20_000, 1000] as const;

export interface SilencePorts {
  readonly clock: Clock;
  /** True while an answer is owed. */
  readonly isWaiting: () => boolean;
  readonly ask: () => void;
  readonly giveUp: () => void;
}

export class SilenceWatch {
  readonly #ports: SilencePorts;
  #timer: TimerHandle | undefined;
  #step = 0;
  #hasHeard = false;

  constructor(ports: SilencePorts) {
    this.#ports = ports;
  }

  /** Somebody has begun to wait. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#step = 0;
    this.#hasHeard = false;
    this.#wait();
  }

  /** Something came. */
  heard(): void {
    this.#hasHeard = true;
  }

  stop(): void {
    if (this.#timer !== undefined) this.#ports.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#timer = this.#ports.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#judge();
    }, silenceStepsMs[this.#step] ?? 0);
  }

  #judge(): void {
    if (!this.#ports.isWaiting()) return;
    if (this.#hasHeard) return this.start();
    this.#step += 1;
    if (this.#step === silenceStepsMs.length) return this.#ports.giveUp();
    this.#wait();
    if (this.#step === 1) this.#ports.ask();
  }
}
