// Which functions stream now, by name, without a walk through all of them for each call.

import { reservedStreams } from "../contract/reserved-streams.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import type { FunctionState } from "../dispatch/function-state.js";

export class StreamingFunctions {
  readonly #dispatcher: Dispatcher;
  #known = new Map<string, FunctionState>();

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  has(name: string): boolean {
    if (reservedStreams.has(name)) return true;
    if (this.#known.get(name)?.isExported !== true) {
      this.#known = new Map([...this.#dispatcher.functions].map((state) => [state.name, state]));
    }
    const state = this.#known.get(name);
    return state !== undefined && state.isExported && state.isStreaming;
  }
}
