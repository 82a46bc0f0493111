// Which functions stream, by name, without a walk through all of them for each call. One that is gone counts as what it
// was: whoever calls it shall get the failure in the form that its types promise.

import { reservedStreams } from "../contract/reserved-streams.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import type { FunctionState } from "../dispatch/function-state.js";

export class StreamingFunctions {
  readonly #dispatcher: Dispatcher;
  readonly #known = new Map<string, FunctionState>();

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  has(name: string): boolean {
    if (reservedStreams.has(name)) return true;
    if (this.#known.get(name)?.isExported !== true) {
      for (const state of this.#dispatcher.functions) this.#known.set(state.name, state);
    }
    return this.#known.get(name)?.isStreaming === true;
  }
}
