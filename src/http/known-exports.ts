// Which functions there are and which of them stream, without asking for each request: a supervisor in another process
// answers no more than so many such questions in a second. Knows no request.

import type { Splice } from "../contract/splice.js";
import type { ExportMetadata } from "../protocol/messages.js";
import type { Clock } from "../time.js";

/** How long a change of the exports may go unnoticed. */
const maxAgeMs = 1000;
/** How long a request waits to learn of them, when the supervisor is not there to ask. */
const patienceMs = 5000;

export class KnownExports {
  readonly #splice: Pick<Splice, "exports">;
  readonly #clock: Clock;
  readonly #streaming = new Map<string, boolean>();
  #askedAtMs = -Infinity;
  #asking: Promise<void> | null = null;

  constructor(splice: Pick<Splice, "exports">, clock: Clock) {
    this.#splice = splice;
    this.#clock = clock;
  }

  get names(): readonly string[] {
    return [...this.#streaming.keys()];
  }

  /**
   * Looks again where the last look is too long ago. Resolves when that is done if it matters for `name`, after `withinMs`,
   * and as soon as `signal` aborts. What cannot be found out is left to the call itself, which fails in its own words.
   */
  async look(name: string, signal: AbortSignal, withinMs = patienceMs): Promise<void> {
    if (this.#asking === null && this.#clock.now() - this.#askedAtMs > maxAgeMs) {
      this.#asking = this.#ask().finally(() => {
        this.#asking = null;
      });
    }
    if (this.#asking === null || this.#streaming.has(name)) return;
    const asking = this.#asking;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, Math.min(withinMs, patienceMs));
      const stop = (): void => {
        this.#clock.clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        resolve();
      };
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      void asking.then(stop);
    });
  }

  isStreaming(name: string): boolean {
    return this.#streaming.get(name) === true;
  }

  async #ask(): Promise<void> {
    this.#askedAtMs = this.#clock.now();
    let exported: readonly ExportMetadata[];
    try {
      exported = await this.#splice.exports();
    } catch {
      return;
    }
    this.#streaming.clear();
    for (const { name, isStreaming } of exported) this.#streaming.set(name, isStreaming);
  }
}
