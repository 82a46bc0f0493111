// The items of one streaming call on their way out, without keeping anybody else of this worker waiting. Knows the
// link's sending side; how the call began and what is said at its end is runtime.ts's business.

import { OutgoingStream } from "../contract/outgoing-stream.js";
import type { U64 } from "../protocol/messages.js";
import { encodeValue } from "../protocol/values.js";
import { isThenable } from "./checked-call.js";
import type { Items } from "./items.js";
import type { Link } from "./link.js";

/** After so long without a turn of the loop, whatever yields without waiting lets acknowledgements and cancels in. */
const longestTurnMs = 4;

/** An item was yielded that no chunk can be made of. */
export class UnsendableItem extends Error {
  constructor(
    readonly reason: unknown,
    /** Its encoded size; 0 when it could not be encoded. */
    readonly bytes: number,
  ) {
    super("An item cannot be sent.");
  }
}

export class OutputStream {
  readonly #link: Link;
  readonly #stream: OutgoingStream;
  readonly #items: Items;
  #lastTurnMs = 0;

  constructor(link: Link, requestId: U64, items: Items, windowChunks: number, isCancelled: () => boolean) {
    this.#link = link;
    this.#items = items;
    const flushEvery = Math.max(1, windowChunks >> 1);
    this.#stream = new OutgoingStream(windowChunks, {
      isOver: isCancelled,
      send: (sequence, data) => {
        send(link, requestId, sequence, data);
        // Half a window is on its way while the other half is being made, so that both sides work at once.
        if ((sequence + 1) % flushEvery === 0) link.flush();
      },
      hold: () => (link.isBehind ? link.caughtUp() : null),
      pause: () => this.#pause(),
      resumed: () => {
        this.#lastTurnMs = performance.now();
      },
    });
    link.send({ type: "StreamStart", requestId, window: windowChunks });
  }

  get chunks(): number {
    return this.#stream.chunks;
  }

  /** The consumer has come so far. Returns null, or the breach. */
  acknowledge(sequence: U64, window: number): string | null {
    return this.#stream.acknowledge(sequence, window);
  }

  /** The call was cancelled: nobody waits for the step that is under way, nor for credit. */
  leave(): void {
    this.#items.leave();
    this.#stream.wake();
  }

  /**
   * Sends what the items yield, each as `check` returns it, until their end, or until the call is cancelled: then a generator is
   * returned, so that its `finally` runs. Rejects with what it throws, or with UnsendableItem.
   */
  pump(check: ((item: unknown) => unknown) | null): Promise<void> {
    this.#lastTurnMs = performance.now();
    if (check === null) return this.#stream.pump(this.#items, encode);
    return this.#stream.pump(this.#items, (item) => {
      const checked = check(item);
      return isThenable(checked) ? checked.then(encode) : encode(checked);
    });
  }

  #pause(): Promise<void> | null {
    return performance.now() - this.#lastTurnMs > longestTurnMs ? this.#turn() : null;
  }

  async #turn(): Promise<void> {
    this.#link.flush();
    await new Promise(setImmediate);
    this.#lastTurnMs = performance.now();
  }
}

function encode(item: unknown): Uint8Array {
  try {
    return encodeValue(item, "item");
  } catch (error) {
    throw new UnsendableItem(error, 0);
  }
}

function send(link: Link, requestId: U64, sequence: number, data: Uint8Array): void {
  try {
    link.sendChunk(requestId, sequence, data);
  } catch (error) {
    throw new UnsendableItem(error, data.length);
  }
}
