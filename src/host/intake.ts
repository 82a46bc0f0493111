// What a host sends, served message by message for as long as the host reads what it is answered. One that falls
// behind is not read either until it has caught up, and one that stays behind is given up. Knows no kind of message.

import type { WireMessage } from "../protocol/messages.js";
import type { Clock, TimerHandle } from "../time.js";
import type { SocketStream } from "../transport/socket-stream.js";

/** Far longer than a host is ever busy, short enough that its answers do not lie here for the rest of its life. */
export const stalledHostTimeoutMs = 30_000;

export interface IntakePorts {
  readonly clock: Clock;
  readonly receive: (message: WireMessage) => void;
  /** The host was held, and took nothing for the whole time. */
  readonly onStalled: () => void;
  /** `receive` threw; the rest of that chunk is dropped. */
  readonly onFault: (error: unknown) => void;
}

/** `held`: its answers are above the high mark of the outbox, and have not been below the low one since. */
type State = "serving" | "held" | "stopped";

export class Intake {
  readonly #stream: SocketStream;
  readonly #ports: IntakePorts;
  #state: State = "serving";
  /** Received, but not served before the host fell behind: the rest of a chunk, and one more at most. */
  #unserved: readonly WireMessage[] = [];
  #timer: TimerHandle;

  constructor(stream: SocketStream, ports: IntakePorts) {
    this.#stream = stream;
    this.#ports = ports;
    stream.outbox.onWritable(() => {
      this.#caughtUp();
    });
  }

  push(batch: readonly WireMessage[]): void {
    if (this.#state === "serving") this.#serve(batch);
    else if (this.#state === "held") this.#unserved = [...this.#unserved, ...batch];
  }

  /** To be called when something was sent, whoever was the cause of it. */
  holdWhenBehind(): void {
    if (this.#state !== "serving" || !this.#stream.outbox.isAboveHighWater) return;
    this.#state = "held";
    this.#stream.pause();
    this.#watch();
  }

  /** A host that is slow but reads has its time anew with each write that it has taken whole. */
  #watch(): void {
    const { takenBytes } = this.#stream.outbox;
    this.#timer = this.#ports.clock.setTimeout(() => {
      if (this.#stream.outbox.takenBytes === takenBytes) this.#ports.onStalled();
      else this.#watch();
    }, stalledHostTimeoutMs);
  }

  /** Nothing is served any more. */
  stop(): void {
    this.#state = "stopped";
    this.#unserved = [];
    this.#ports.clock.clearTimeout(this.#timer);
  }

  #serve(batch: readonly WireMessage[]): void {
    try {
      for (let at = 0; at < batch.length; at++) {
        const message = batch[at];
        if (message !== undefined) this.#ports.receive(message);
        this.holdWhenBehind();
        if (this.#state === "serving") continue;
        if (this.#state === "held") this.#unserved = batch.slice(at + 1);
        return;
      }
    } catch (error) {
      this.#ports.onFault(error);
    }
  }

  #caughtUp(): void {
    if (this.#state === "held") this.#serveRest();
    if (this.#state !== "held") this.#stream.resume();
  }

  #serveRest(): void {
    const unserved = this.#unserved;
    this.#unserved = [];
    this.#ports.clock.clearTimeout(this.#timer);
    this.#state = "serving";
    this.#serve(unserved);
  }
}
