// When the next picture of something that is watched is due: soon after a change, however many there are, and once a
// second without one. Only waits; knows neither what is watched nor how it is drawn.

import type { Clock, TimerHandle } from "../time.js";

const shortestMs = 200;
const longestMs = 1000;

export class Pulse {
  readonly #clock: Clock;
  #hasChanged = false;
  #hasten: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something changed. */
  changed(): void {
    this.#hasChanged = true;
    this.#hasten();
  }

  /** Resolves when a picture is due, counted from now; or when `signal` is aborted. */
  next(signal: AbortSignal): Promise<void> {
    const clock = this.#clock;
    const startedAtMs = clock.now();
    return new Promise((resolve) => {
      let timer: TimerHandle;
      const wait = (untilMs: number): void => {
        clock.clearTimeout(timer);
        timer = clock.setTimeout(due, Math.max(0, startedAtMs + untilMs - clock.now()));
      };
      const due = (): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener("abort", due);
        this.#hasten = () => undefined;
        // What changes while the picture is made is for the next one.
        this.#hasChanged = false;
        resolve();
      };
      this.#hasten = () => {
        wait(shortestMs);
      };
      signal.addEventListener("abort", due, { once: true });
      wait(this.#hasChanged ? shortestMs : longestMs);
      if (signal.aborted) due();
    });
  }
}
