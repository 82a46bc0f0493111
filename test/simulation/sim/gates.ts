// Whether breakers of functions keep calls away: none goes through one that is open, and of one that is half open one at a
// time. Judged by what the journal says of calls, and not by what a gate remembers of them.

import type { Dispatcher } from "../../../src/dispatch/dispatcher.js";
import type { JournalKind } from "../../../src/dispatch/journal.js";
import type { BreakerPicture } from "../../../src/machines/breaker/events.js";

/** A call that got its slot while the breaker was not closed. */
interface Guest {
  readonly callId: number;
  readonly functionName: string;
  /** A breaker has a new one with each move. */
  readonly picture: BreakerPicture;
  /** Null: it has no answer yet. */
  code: number | null;
}

/** Answers that close a breaker. */
const good = new Set([0, 2000]);

export class GateWatch {
  readonly #dispatcher: Dispatcher;
  readonly #onFault: (error: Error) => void;
  readonly #guests = new Map<number, Guest>();
  /** The last call that was let through, of each function. */
  readonly #through = new Map<string, Guest>();

  constructor(dispatcher: Dispatcher, onFault: (error: Error) => void) {
    this.#dispatcher = dispatcher;
    this.#onFault = onFault;
  }

  /** An entry of the journal about a call. */
  entered(kind: JournalKind, callId: number, code: number, functionName: string): void {
    if (kind === "accept") this.#accepted(callId, functionName);
    const guest = this.#guests.get(callId);
    if (guest === undefined) return;
    if (kind === "dispatch") this.#dispatched(guest);
    else if (kind === "settle") guest.code = code;
    else if (kind === "release") this.#guests.delete(callId);
  }

  #pictureOf(functionName: string): BreakerPicture | null {
    for (const { name, gate } of this.#dispatcher.functions)
      if (name === functionName) return gate?.picture ?? null;
    return null;
  }

  #accepted(callId: number, functionName: string): void {
    const picture = this.#pictureOf(functionName);
    if (picture !== null && picture.state !== "closed")
      this.#guests.set(callId, { callId, functionName, picture, code: null });
  }

  #dispatched(guest: Guest): void {
    const { callId, functionName, picture } = guest;
    // What it is since may have let it through, or would not.
    if (this.#pictureOf(functionName) !== picture) return;
    if (picture.state !== "halfOpen")
      return this.#fail(`Call ${String(callId)} went to ${functionName}, whose breaker is ${picture.state}.`);
    const before = this.#through.get(functionName);
    this.#through.set(functionName, guest);
    if (before?.picture !== picture) return;
    if (before.code === null || good.has(before.code))
      this.#fail(
        `Call ${String(callId)} went to ${functionName}, whose breaker is half open, and call ${String(before.callId)} tries it${before.code === null ? "" : " no more: it went well"}.`,
      );
  }

  #fail(message: string): void {
    this.#onFault(new Error(message));
  }
}
