// A Splice handle whose calls and streams are written into the history of a test's system. Calls through one handle have
// to reach the supervisor in the order in which they are made here, as they do while its link is up.

import type { CallOptions, Splice, StreamOptions } from "../../src/contract/splice.js";
import { isSpliceError } from "../../src/errors.js";
import type { HostEvent } from "../../src/testing/history/events.js";

export class RecordedSplice {
  #lastRequestId = 0;

  /** `callerId` 0 is the embedding program, n the n-th connection. */
  constructor(
    readonly splice: Splice,
    readonly callerId: number,
    readonly history: HostEvent[],
  ) {}

  async call(name: string, params?: unknown, options?: CallOptions): Promise<unknown> {
    const ended = this.#invoked(name, options?.signal);
    try {
      const value = await this.splice.call(name, params, options);
      ended(0);
      return value;
    } catch (error) {
      ended(isSpliceError(error) ? error.code : -1);
      throw error;
    }
  }

  /** To be read to its end. */
  async *stream(name: string, params?: unknown, options?: StreamOptions): AsyncGenerator<unknown, void> {
    const ended = this.#invoked(name, options?.signal);
    try {
      yield* this.splice.stream(name, params, options);
      ended(0);
    } catch (error) {
      ended(isSpliceError(error) ? error.code : -1);
      throw error;
    }
  }

  #invoked(functionName: string, signal: AbortSignal | undefined): (code: number) => void {
    const { callerId, history } = this;
    const requestId = ++this.#lastRequestId;
    const of = { callerId, requestId };
    history.push({ kind: "invoke", ...of, atMs: performance.now(), functionName });
    signal?.addEventListener("abort", () => {
      history.push({ kind: "cancel", ...of, atMs: performance.now() });
    });
    return (code) => {
      history.push({ kind: "outcome", ...of, atMs: performance.now(), code });
    };
  }
}
