// The clock as a port: everything that waits or measures gets it handed in, so that the same code runs under a
// virtual clock. `realClock` is the only place of the supervisor side that touches the platform's timers.

export type TimerHandle = unknown;

export interface Clock {
  /** Monotonic milliseconds, with a fraction. Never goes back; says nothing about the time of day. */
  now(): number;
  /** Milliseconds since 1970, for people: log lines and events. Never used in a decision. */
  wallMs(): number;
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

/** The longest delay a platform timer can hold (2^31 - 1 ms, 24.8 days); a longer one would fire at once. */
export const maxTimerMs = 2_147_483_647;

export const realClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, Math.min(Math.max(delayMs, 0), maxTimerMs)),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout);
  },
};

/** As realClock, but no timer of it keeps the process alive. */
export const backgroundClock: Clock = {
  ...realClock,
  setTimeout: (callback, delayMs) => setTimeout(callback, Math.min(Math.max(delayMs, 0), maxTimerMs)).unref(),
};

/** A number in [0, 1), as Math.random gives it; a port for the same reason as the clock. */
export type Random = () => number;
