// One call of stream(), from the reader's side: the items on their way in, the reader's own signal, and how long it waits.
// The same for every kind of caller; knows neither dispatch nor link.

import { describeValue, messageOf, SpliceError } from "../errors.js";
import { decodeValue } from "../protocol/values.js";
import { maxTimerMs, type Clock, type TimerHandle } from "../time.js";
import { listenForAbort } from "./abort-signal.js";
import { IncomingStream } from "./incoming-stream.js";
import type { StreamOptions } from "./splice.js";

export interface ReadingPorts {
  readonly clock: Clock;
  readonly acknowledge: (sequence: number, window: number) => void;
  /** Ends the call where it runs. Called at most once, and not after the end. */
  readonly cancel: () => void;
  /** The call is over, however it came to that. May be called again. */
  readonly over: () => void;
}

export class StreamReading {
  readonly items: IncomingStream;
  readonly #name: string;
  readonly #signal: AbortSignal | undefined;
  readonly #idleTimeoutMs: number;
  readonly #ports: ReadingPorts;
  #stopListening: () => void = () => undefined;
  #timer: TimerHandle;
  #isOver = false;

  /** @throws SpliceError 1000 for options that make no sense and for a signal that cannot be listened to. */
  constructor(name: string, options: StreamOptions | undefined, ports: ReadingPorts) {
    this.#name = name;
    this.#ports = ports;
    this.#signal = options?.signal;
    this.#idleTimeoutMs = idleTimeoutOf(name, options?.idleTimeoutMs);
    this.items = new IncomingStream({
      decode: (data) => this.#decode(data),
      acknowledge: ports.acknowledge,
      cancel: () => {
        this.#over();
        ports.cancel();
      },
      awaited: () => {
        this.#watch();
      },
      // Until then the signal is heard: also of a call that has its end, what lies there is read no more.
      emptied: () => {
        this.#stopListening();
      },
    });
    if (this.#signal !== undefined) this.#stopListening = listenForAbort(name, this.#signal, this.#onAbort);
  }

  /** The call has its end: with its last item, or with an error that follows what has come. */
  ended(): void {
    this.#over();
  }

  failed(error: unknown): void {
    this.#over();
    this.items.fail(error);
  }

  /** The call came to a result: that is its one item. */
  result(bytes: Uint8Array): void {
    this.#over();
    try {
      this.items.single(decodeValue(bytes, "result"));
    } catch (error) {
      this.items.fail(this.#unreadable(error));
    }
  }

  /** An item came. */
  heard(): void {
    if (this.items.isAwaited) this.#watch();
  }

  readonly #onAbort = (): void => {
    const message = `The stream of ${JSON.stringify(this.#name)} was cancelled; it may have run.`;
    const cause: unknown = this.#signal?.reason;
    this.#stop(new SpliceError({ code: 2002, message, functionName: this.#name, cause }));
  };

  /** Only waiting counts: a reader that is busy with what it has is not kept waiting, and may be why nothing comes. */
  #watch(): void {
    if (this.#idleTimeoutMs === 0 || this.#isOver) return;
    const { clock } = this.#ports;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      if (!this.items.isAwaited) return undefined;
      const message = `The stream of ${JSON.stringify(this.#name)} was cancelled, because nothing came for ${String(this.#idleTimeoutMs)} ms. What came before is valid.`;
      return this.#stop(new SpliceError({ code: 2001, message, functionName: this.#name }));
    }, this.#idleTimeoutMs);
  }

  #stop(error: SpliceError): void {
    const wasOver = this.#isOver;
    this.#over();
    this.items.abort(error);
    if (!wasOver) this.#ports.cancel();
  }

  #decode(data: Uint8Array): unknown {
    try {
      return decodeValue(data, "item");
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  #unreadable(error: unknown): SpliceError {
    const message = `An item of ${JSON.stringify(this.#name)} cannot be read: ${messageOf(error)}`;
    return new SpliceError({ code: 3000, message, functionName: this.#name, cause: error });
  }

  #over(): void {
    this.#isOver = true;
    this.#ports.over();
    this.#ports.clock.clearTimeout(this.#timer);
  }
}

function idleTimeoutOf(functionName: string, idleTimeoutMs: unknown): number {
  if (idleTimeoutMs === undefined || idleTimeoutMs === Infinity) return 0;
  if (typeof idleTimeoutMs === "number" && idleTimeoutMs >= 0) return Math.min(idleTimeoutMs, maxTimerMs);
  const message = `The option idleTimeoutMs is ${describeValue(idleTimeoutMs)}, but must be a number of milliseconds from 0.`;
  throw new SpliceError({ code: 1000, message, functionName });
}
