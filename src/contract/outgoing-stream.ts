// The sending end of one stream: each item is asked of its source when there is credit for it, and sent. Knows credit, but
// neither link nor call nor what an item is; the same in a worker and in a caller. Its twin is incoming-stream.ts.

import { StreamCredit } from "../protocol/credit.js";

export interface OutgoingPorts {
  /** What it throws ends the stream. */
  readonly send: (sequence: number, data: Uint8Array) => void;
  /** Nobody waits for what would still come. */
  readonly isOver: () => boolean;
  /** Asked in the step in which a chunk is sent: what to wait for first, or null for nothing. */
  readonly hold?: () => Promise<void> | null;
  /** Asked after each chunk: what to wait for before the next item, or null for nothing. */
  readonly pause?: () => Promise<void> | null;
  /** It goes on, after it has waited for credit. */
  readonly resumed?: () => void;
}

/** As much of an iterator as is needed; `next` may give a step that is no promise. */
export interface ItemSource {
  next(): PromiseLike<IteratorResult<unknown>> | IteratorResult<unknown>;
  return?(): unknown;
}

export class OutgoingStream {
  readonly #ports: OutgoingPorts;
  readonly #credit: StreamCredit;
  #wake: (() => void) | null = null;

  /** `window` is what its StreamStart says. */
  constructor(window: number, ports: OutgoingPorts) {
    this.#credit = new StreamCredit(window);
    this.#ports = ports;
  }

  /** Chunks that were sent. */
  get chunks(): number {
    return this.#credit.chunks;
  }

  /** The consumer has come so far. Returns null, or the breach: the rest of a sentence. */
  acknowledge(sequence: number | bigint, window: number): string | null {
    const breach = this.#credit.acknowledge(sequence, window);
    if (breach === null) this.wake();
    return breach;
  }

  /** Looks again whether it may go on: there is credit, or it is over. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /**
   * Sends what `items` yields until its end, or until it is over: then the source is returned, so that its `finally` runs.
   * Rejects with what the source, `encode` or `send` throws.
   */
  async pump(
    items: ItemSource,
    encode: (item: unknown) => Uint8Array | PromiseLike<Uint8Array>,
  ): Promise<void> {
    const { isOver, send, pause } = this.#ports;
    try {
      while (!isOver()) {
        if (!this.#credit.hasWindow) {
          await this.#changed();
          continue;
        }
        const step: unknown = await items.next();
        if (!isStep(step)) throw new TypeError(`The items' next() gave ${typeof step} instead of an object.`);
        if (step.done === true) return;
        const encoded = encode(step.value);
        const data = encoded instanceof Uint8Array ? encoded : await encoded;
        for (let wait = this.#obstacle(data.length); wait !== null && !isOver();) {
          await wait;
          wait = this.#obstacle(data.length);
        }
        // An item that nobody waits for any more is not sent: nothing follows a call's end.
        if (isOver()) break;
        send(this.#credit.chunks, data);
        this.#credit.send(data.length);
        const wait = pause?.() ?? null;
        if (wait !== null) await wait;
      }
    } catch (error) {
      await returned(items);
      throw error;
    }
    await returned(items);
  }

  /** Of many streams with large items one at a time is on the link: so it is asked anew after each wait. */
  #obstacle(bytes: number): Promise<void> | null {
    return this.#credit.maySend(bytes) ? (this.#ports.hold?.() ?? null) : this.#changed();
  }

  async #changed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#ports.resumed?.();
  }
}

/** What a source throws while it is ended is nobody's answer any more. */
async function returned(items: ItemSource): Promise<void> {
  try {
    await items.return?.();
  } catch {
    // The stream has its end already.
  }
}

function isStep(step: unknown): step is IteratorResult<unknown> {
  return typeof step === "object" && step !== null;
}
