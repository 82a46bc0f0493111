// The one adapter between a link's bytes and the typed messages of the runtime: messages as an observable, their
// end as one reason, the sending half as an outbox. Knows no role, no call and no process.

// By their own files: "rxjs" itself is two hundred more, a sixth of the time in which `splice serve` is ready.
import { AsyncSubject } from "rxjs/internal/AsyncSubject";
import { Observable } from "rxjs/internal/Observable";
import { Subject } from "rxjs/internal/Subject";
import { WireDecoder } from "../protocol/decoder.js";
import type { WireMessage } from "../protocol/messages.js";
import { isProtocolError, type ProtocolError } from "../protocol/protocol-error.js";
import type { Clock, TimerHandle } from "../time.js";
import type { ByteDuplex } from "./duplex.js";
import { DuplexOutbox, type Outbox, type Schedule } from "./outbox.js";
import { PartialFrameClock } from "./partial-frame-clock.js";

/**
 * Why no more messages come.
 * - `ended`: the peer ended between two frames. What was queued is still written, then our side ends too.
 * - `protocol`: the peer sent what protocol 1.0 refuses. Nothing more is read, the outbox still works: send the
 *   fatal error, then `end()`.
 * - `lost`: the connection failed, or ended inside a frame.
 * - `stalled`: a frame was not complete in its time.
 * - `destroyed`: by our own `destroy()`.
 */
export type CloseReason =
  | { readonly type: "ended" }
  | { readonly type: "protocol"; readonly error: ProtocolError }
  | { readonly type: "lost"; readonly error: Error }
  | { readonly type: "stalled"; readonly receivedBytes: number; readonly elapsedMs: number }
  | { readonly type: "destroyed" };

/** How long the connection may stay open for the last bytes after the peer ended or broke the protocol. */
export const lingerMs = 5_000;

export interface SocketStreamOptions {
  readonly clock: Clock;
  /** The most payload bytes accepted, and sent, until somebody sets either side's own. */
  readonly maxFrameBytes: number;
  /** False leaves a partial frame alone however old it is; asked when its time is over. */
  readonly partialFrameClockRuns?: (() => boolean) | undefined;
  readonly highWaterBytes?: number | undefined;
  readonly lowWaterBytes?: number | undefined;
  /** When the bytes of a tick are written; after its microtasks by default. */
  readonly schedule?: Schedule | undefined;
}

export interface SocketStream {
  /**
   * One batch for each chunk that completed a message. Reading starts with the first subscriber; one batch may still
   * come after `pause()` when it is called from inside a batch. Completes just before `closed$`. A subscriber that
   * throws is reported as RxJS does it, as an uncaught error in a later task, and the stream goes on.
   */
  readonly messages$: Observable<readonly WireMessage[]>;
  /** One reason, then complete; late subscribers get it too. */
  readonly closed$: Observable<CloseReason>;
  readonly outbox: Outbox;
  /** The most payload bytes of a frame accepted from the peer; holds from the next header on. */
  maxFrameBytes: number;
  /** Stops reading, so that the peer's own writes come to a stop. */
  pause(): void;
  resume(): void;
  /** Writes everything queued, then tells the peer that nothing more comes. Messages still arrive until it ends too. */
  end(): void;
  /** Ends both directions now; what is queued is lost. */
  destroy(): void;
}

/** Adapts a fresh duplex. Nothing here throws on account of the peer; every end of the link is one value of `closed$`. */
export function createSocketStream(duplex: ByteDuplex, options: SocketStreamOptions): SocketStream {
  return new DuplexStream(duplex, options);
}

/** `open` reads; `faulted` waits for our `end()`; `lingering` throws away what still comes; `gone` has no socket. */
type Phase = "open" | "faulted" | "lingering" | "gone";

class DuplexStream implements SocketStream {
  readonly messages$: Observable<readonly WireMessage[]>;
  readonly closed$: Observable<CloseReason>;
  readonly outbox: DuplexOutbox;
  readonly #duplex: ByteDuplex;
  readonly #clock: Clock;
  readonly #decoder: WireDecoder;
  readonly #frameClock: PartialFrameClock;
  readonly #messages = new Subject<readonly WireMessage[]>();
  readonly #closed = new AsyncSubject<CloseReason>();
  #phase: Phase = "open";
  #hasReader = false;
  #isPaused = false;
  #lingerTimer: TimerHandle | undefined;

  constructor(duplex: ByteDuplex, options: SocketStreamOptions) {
    this.#duplex = duplex;
    this.#clock = options.clock;
    this.#decoder = new WireDecoder({ maxFrameBytes: options.maxFrameBytes });
    this.#frameClock = new PartialFrameClock(
      options.clock,
      options.partialFrameClockRuns ?? (() => true),
      (elapsedMs) => {
        this.#stalled(elapsedMs);
      },
    );
    this.outbox = new DuplexOutbox(duplex, options);
    this.closed$ = this.#closed.asObservable();
    this.messages$ = new Observable((subscriber) => {
      const subscription = this.#messages.subscribe(subscriber);
      this.#hasReader = true;
      this.#read();
      return subscription;
    });
    duplex.attach({
      data: (chunk) => {
        if (this.#phase === "open") this.#received(chunk);
      },
      drain: () => {
        this.outbox.drained();
      },
      end: () => {
        if (this.#phase === "open") this.#peerEnded();
      },
      close: (error) => {
        this.#gone(error);
      },
    });
  }

  get maxFrameBytes(): number {
    return this.#decoder.maxFrameBytes;
  }

  set maxFrameBytes(bytes: number) {
    this.#decoder.maxFrameBytes = bytes;
  }

  pause(): void {
    this.#isPaused = true;
    this.#frameClock.stop();
    if (this.#phase === "open") this.#duplex.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#read();
  }

  end(): void {
    this.outbox.end();
    if (this.#phase === "faulted") this.#linger();
  }

  destroy(): void {
    this.#close({ type: "destroyed" });
    this.#leave();
  }

  #read(): void {
    if (this.#phase !== "open" || this.#isPaused || !this.#hasReader) return;
    if (this.#decoder.hasPartialFrame) this.#frameClock.partial(this.#decoder.partialBytes, true);
    this.#duplex.resume();
  }

  #received(chunk: Uint8Array): void {
    let batch: readonly WireMessage[];
    let fault: ProtocolError | undefined;
    try {
      batch = this.#decoder.push(chunk);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      fault = error;
      batch = this.#decoder.messagesBeforeError;
    }
    if (batch.length > 0) this.#messages.next(batch);
    // A subscriber may have ended the link, or paused it, in the meantime.
    if (this.#phase !== "open") return;
    if (fault) this.#broken(fault);
    else if (!this.#decoder.hasPartialFrame || this.#isPaused) this.#frameClock.stop();
    else this.#frameClock.partial(this.#decoder.partialBytes, batch.length > 0);
  }

  #broken(error: ProtocolError): void {
    this.#phase = "faulted";
    this.#duplex.pause();
    this.#close({ type: "protocol", error });
  }

  #peerEnded(): void {
    if (this.#decoder.hasPartialFrame) {
      const bytes = String(this.#decoder.partialBytes);
      this.#close({
        type: "lost",
        error: new Error(`The connection ended inside a frame, after ${bytes} bytes of it.`),
      });
      this.#leave();
    } else {
      this.#linger();
      this.#close({ type: "ended" });
      // After the owner heard of it: what it sends in answer still goes out.
      this.outbox.end();
    }
  }

  #stalled(elapsedMs: number): void {
    this.#close({ type: "stalled", receivedBytes: this.#decoder.partialBytes, elapsedMs });
    this.#leave();
  }

  /** The last bytes of our side are under way and nothing that still comes matters: it is read to see the end. */
  #linger(): void {
    this.#phase = "lingering";
    this.#duplex.resume();
    this.#lingerTimer = this.#clock.setTimeout(() => {
      this.#leave();
    }, lingerMs);
  }

  #gone(error: Error | undefined): void {
    if (this.#phase === "open") {
      const lost = error
        ? new Error(`The connection was lost: ${error.message}.`, { cause: error })
        : new Error("The connection was closed before the peer ended it.");
      this.#close({ type: "lost", error: lost });
    }
    this.#leave();
  }

  #leave(): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    this.#frameClock.stop();
    this.#clock.clearTimeout(this.#lingerTimer);
    this.outbox.close();
    this.#duplex.destroy();
  }

  #close(reason: CloseReason): void {
    this.#frameClock.stop();
    this.#messages.complete();
    this.#closed.next(reason);
    this.#closed.complete();
  }
}
