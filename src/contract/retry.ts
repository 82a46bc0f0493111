// The call option `retry`: again after a refusal that says "try again", within the call's own deadline, and out of a
// budget that keeps many failing calls from becoming many more. The same for every kind of handle. Knows no transport.

import { listenForAbort } from "./abort-signal.js";
import { isSpliceError, SpliceError } from "../errors.js";
import { maxTimerMs, type Clock, type Random, type TimerHandle } from "../time.js";
import type { CallOptions } from "./splice.js";

export interface RetryPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Of a call that names none. */
  readonly defaultTimeoutMs: number;
}

/** Retries a handle may make while nothing succeeds: with 50 failing calls or more, at most a fifth on top. */
const maxTokens = 10;
/** What one call that succeeds gives back: in the long run at most one retry for ten successes. */
const tokensPerSuccess = 0.1;
const firstBackoffMs = 50;
const maxBackoffMs = 2000;

/** One for each handle: the budget is what its calls share. */
export class Retrier {
  readonly #ports: RetryPorts;
  #tokens = maxTokens;

  constructor(ports: RetryPorts) {
    this.#ports = ports;
  }

  /** Runs `once` until it succeeds, fails for good, or no retry, no time or no token is left; then as its last run. */
  async run(
    functionName: string,
    options: CallOptions,
    once: (options: CallOptions) => Promise<unknown>,
  ): Promise<unknown> {
    const { clock, defaultTimeoutMs } = this.#ports;
    const deadlineAtMs = clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
    let current = options;
    for (let retries = 0; ; retries++) {
      try {
        const value = await once(current);
        this.#tokens = Math.min(maxTokens, this.#tokens + tokensPerSuccess);
        return value;
      } catch (error) {
        if (retries >= (options.retry?.attempts ?? 0) || !isWorthwhile(error)) throw error;
        const waitMs = this.#waitMs(error, retries);
        if (clock.now() + waitMs >= deadlineAtMs || this.#tokens < 1) throw error;
        this.#tokens -= 1;
        await this.#sleep(functionName, waitMs, options.signal);
        current = { ...options, timeoutMs: deadlineAtMs - clock.now() };
      }
    }
  }

  #waitMs(error: SpliceError, retries: number): number {
    const { random } = this.#ports;
    const asked = retryAfterMsOf(error);
    // Never less than it was asked for, and never all at the same time.
    if (asked !== undefined) return asked * (1 + 0.2 * random());
    return random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(retries, 30));
  }

  #sleep(functionName: string, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#ports;
    return new Promise((resolve, reject) => {
      let timer: TimerHandle = null;
      const aborted = (): void => {
        clock.clearTimeout(timer);
        const message = `The call of ${JSON.stringify(functionName)} was cancelled before it was tried again; it never ran.`;
        reject(new SpliceError({ code: 2002, message, functionName, cause: signal?.reason }));
      };
      if (signal?.aborted === true) return aborted();
      const stopListening = signal === undefined ? null : listenForAbort(functionName, signal, aborted);
      timer = clock.setTimeout(
        () => {
          stopListening?.();
          resolve();
        },
        Math.min(delayMs, maxTimerMs),
      );
    });
  }
}

/** A handle that is closed stays closed, and a supervisor that failed stays failed. */
function isWorthwhile(error: unknown): error is SpliceError {
  if (!isSpliceError(error) || !error.retryable) return false;
  const reason = field(error.details, "reason");
  return reason !== "closed" && reason !== "failed";
}

function retryAfterMsOf({ details }: SpliceError): number | undefined {
  const value = field(details, "retryAfterMs");
  return typeof value === "number" && value >= 0 ? value : undefined;
}

function field(details: unknown, name: string): unknown {
  if (typeof details !== "object" || details === null) return undefined;
  return Object.entries(details).find(([key]) => key === name)?.[1];
}
