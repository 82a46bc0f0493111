// One connection to a running supervisor, as a host: handshake, calls, exports. When the link breaks, what was under
// way ends as "link lost". Knows nothing of how the supervisor works.

import { reservedStreams } from "../contract/reserved-streams.js";
import { listenForAbort, refuseAborted } from "../contract/abort-signal.js";
import { inputUnsupported, withInput } from "../contract/caller-input.js";
import { toSpliceError } from "../contract/failure-error.js";
import type { CallOptions } from "../contract/splice.js";
import type { StreamReading } from "../contract/reading.js";
import { errorTable, isErrorCode, SpliceError } from "../errors.js";
import { emptyContextBytes } from "../protocol/context.js";
import { defaultMaxFrameBytes } from "../protocol/limits.js";
import { capability, protocolVersion } from "../protocol/messages.js";
import type {
  ExportMetadata,
  HandshakeAck,
  StreamChunk,
  StreamEnd,
  StreamStart,
  U64,
  WireMessage,
} from "../protocol/messages.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import { maxTimerMs, type Clock } from "../time.js";
import type { ByteDuplex } from "../transport/duplex.js";
import { createSocketStream, type CloseReason, type SocketStream } from "../transport/socket-stream.js";
import { receiveInto, resolveWith, yieldsStream } from "./answers.js";
import { checkCall, type CheckedCall } from "./checked-call.js";
import { frameLimitIn, limitQuestionId } from "./frame-limit.js";
import { createInputWire } from "./input-wire.js";
import { PendingCall, PendingCalls } from "./pending-calls.js";
import { SilenceWatch } from "./silence-watch.js";
import { wireDeadline } from "./wire-deadline.js";

/** How long after a call's deadline its answer may still come; the supervisor's own 2001 says more than ours. */
const deadlineAnswerGraceMs = 500;

/** How long a supervisor may take to close after our goodbye before we do. */
const goodbyeMs = 1000;

/** The way back of one stream. */
export interface StreamWire {
  acknowledge(sequence: number, window: number): void;
  /** Ends the call in its worker; nothing of it is heard any more. */
  cancel(): void;
}

export class ClientConnection {
  /** Resolves with the supervisor's answer to the handshake. */
  readonly ready: Promise<HandshakeAck>;
  readonly #stream: SocketStream;
  readonly #clock: Clock;
  readonly #pending: PendingCalls;
  readonly #silence: SilenceWatch;
  /** Called once, when the link is gone and before any call is told. */
  onLost: ((loss: SpliceError) => void) | null = null;
  /** Streaming functions, so that a plain call of one is refused before it is made. */
  #streamNames = reservedStreams;
  #onIdle: () => void = () => undefined;
  #takesInput = false;
  #lastRequestId = 0;
  #loss: SpliceError | null = null;
  #resolveReady: (ack: HandshakeAck) => void = () => undefined;
  #rejectReady: (error: unknown) => void = () => undefined;
  #listing: { resolve: (exports: readonly ExportMetadata[]) => void; reject: (error: unknown) => void }[] =
    [];

  constructor(duplex: ByteDuplex, clock: Clock) {
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.#clock = clock;
    this.#pending = new PendingCalls(clock, (requestId) => {
      this.#overdue(requestId);
    });
    this.#silence = new SilenceWatch({
      clock,
      isWaiting: () => this.#pending.size > 0 || this.#listing.length > 0,
      ask: () => {
        this.#stream.outbox.send({ type: "HealthCheck" });
      },
      giveUp: () => {
        const message = "The link to the supervisor is lost: it has not answered anything for 30 s.";
        this.abandon(new SpliceError({ code: 3003, message }));
      },
    });
    this.#stream = createSocketStream(duplex, { clock, maxFrameBytes: defaultMaxFrameBytes });
    this.#stream.closed$.subscribe((reason) => {
      this.#lost(reason);
    });
    this.#stream.messages$.subscribe((batch) => {
      this.#silence.heard();
      for (const message of batch) this.#receive(message);
    });
    this.#stream.outbox.send({
      type: "Handshake",
      protocolVersion,
      role: "Host",
      capabilities: capability.streaming | capability.cancellation | capability.inputStream,
      maxFrameSize: defaultMaxFrameBytes,
    });
  }

  /** True while calls can be sent. */
  get isOpen(): boolean {
    return this.#loss === null;
  }

  /** Whether the function of that name streams, as far as its supervisor has said. */
  isStreaming(name: string): boolean {
    return this.#streamNames.has(name);
  }

  call(name: string, params: unknown, options: CallOptions = {}): Promise<unknown> {
    return withInput(name, options, (input) => {
      return new Promise((resolve, reject) => {
        const call = checkCall(name, params, options, input);
        this.send(call, call.timeoutMs, resolve, reject);
      });
    });
  }

  /** Sends a call; exactly one of `resolve` and `reject` is called, once, unless this throws: nothing was sent then. */
  send(
    call: CheckedCall,
    timeoutMs: number | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { functionName, signal } = call;
    if (this.isStreaming(functionName)) throw yieldsStream(functionName);
    const requestId = ++this.#lastRequestId;
    const stopListening = signal === undefined ? null : this.#listenForAbort(requestId, functionName, signal);
    try {
      // A signal may have been aborted by being listened to.
      refuseAborted(functionName, signal);
      this.#sendInvoke(requestId, call, timeoutMs);
    } catch (error) {
      stopListening?.();
      throw error;
    }
    const giveUpAtMs = this.#giveUpAtMs(timeoutMs);
    const pending = new PendingCall(
      functionName,
      resolve,
      reject,
      giveUpAtMs,
      stopListening,
      null,
      call.input,
    );
    this.#add(requestId, pending);
  }

  /** Sends a call whose items `reading` gets, and its end, once, unless this throws: nothing was sent then. */
  sendStream(call: CheckedCall, timeoutMs: number | undefined, reading: StreamReading): StreamWire {
    const { outbox } = this.#stream;
    const requestId = ++this.#lastRequestId;
    this.#sendInvoke(requestId, call, timeoutMs);
    const fail = (error: unknown): void => {
      reading.failed(error);
    };
    const giveUpAtMs = this.#giveUpAtMs(timeoutMs);
    const nothing = (): void => undefined;
    this.#add(
      requestId,
      new PendingCall(call.functionName, nothing, fail, giveUpAtMs, null, reading, call.input),
    );
    return {
      acknowledge: (ackSequence, window) => {
        if (this.#pending.get(requestId) === undefined) return;
        outbox.send({ type: "StreamAck", requestId, ackSequence, window });
        // At once: the worker makes the next items while what has come is still being read.
        outbox.flush();
      },
      cancel: () => {
        if (this.#take(requestId) !== undefined) outbox.send({ type: "Cancel", requestId });
      },
    };
  }

  #sendInvoke(requestId: number, call: CheckedCall, timeoutMs: number | undefined): void {
    if (this.#loss !== null) throw this.#loss;
    const { functionName, params, contextBytes, input } = call;
    if (input !== null && !this.#takesInput) throw inputUnsupported(functionName, "supervisor");
    try {
      this.#stream.outbox.sendInvoke(requestId, functionName, params, wireDeadline(timeoutMs), contextBytes);
    } catch (cause) {
      if (!isProtocolError(cause)) throw cause;
      throw new SpliceError({ code: 1004, message: cause.message, functionName, cause });
    }
  }

  #giveUpAtMs(timeoutMs: number | undefined): number {
    return timeoutMs === undefined ? Infinity : this.#clock.now() + timeoutMs + deadlineAnswerGraceMs;
  }

  #add(requestId: number, pending: PendingCall): void {
    this.#pending.add(requestId, pending);
    this.#silence.start();
    const isUnderWay = (): boolean => this.#pending.get(requestId) === pending;
    pending.input?.begin(createInputWire(this.#stream.outbox, requestId, isUnderWay));
  }

  #listenForAbort(requestId: number, functionName: string, signal: AbortSignal): () => void {
    return listenForAbort(functionName, signal, () => {
      if (this.#pending.get(requestId) === undefined) return;
      this.#stream.outbox.send({ type: "Cancel", requestId });
      this.#end(requestId, "was cancelled; it may have run.", { code: 2002, cause: signal.reason });
    });
  }

  exports(): Promise<readonly ExportMetadata[]> {
    return new Promise((resolve, reject) => {
      if (this.#loss !== null) throw this.#loss;
      this.#listing.push({ resolve, reject });
      this.#stream.outbox.send({ type: "ListExports" });
      this.#silence.start();
    });
  }

  /**
   * Says that no more calls come, waits at most `drainMs` for those under way, cancels the rest and closes. Resolves
   * when the connection is closed.
   */
  async leave(drainMs: number): Promise<void> {
    if (this.#loss !== null) return;
    const closed = new Promise<void>((resolve) => {
      this.#stream.closed$.subscribe(() => {
        resolve();
      });
    });
    this.#stream.outbox.send({ type: "Shutdown" });
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#tellIdle();
    });
    await this.#atMost(drainMs, Promise.race([idle, closed]));
    for (const requestId of this.#pending.ids) {
      this.#stream.outbox.send({ type: "Cancel", requestId });
      const why = "was cancelled because close() did not wait for it any longer; it may have run.";
      this.#end(requestId, why, { code: 2002, details: { reason: "draining" } });
    }
    this.#stream.end();
    await this.#atMost(goodbyeMs, closed);
    this.#stream.destroy();
  }

  /** Closes at once; calls still under way end as link lost. */
  close(): void {
    this.#stream.end();
    this.#stream.destroy();
  }

  /** Closes, and says why to whoever still waits. */
  abandon(reason: SpliceError): void {
    this.#loss ??= reason;
    this.close();
  }

  #receive(message: WireMessage): void {
    switch (message.type) {
      case "HandshakeAck":
        this.#stream.outbox.maxFrameBytes = defaultMaxFrameBytes;
        this.#takesInput = (message.capabilities & capability.inputStream) !== 0;
        return this.#acknowledged(message);
      case "ListExportsResult":
        this.#streamNames = new Set([
          ...reservedStreams,
          ...message.exports.flatMap(({ name, isStreaming }) => (isStreaming ? [name] : [])),
        ]);
        return this.#listing.shift()?.resolve(message.exports);
      case "InvokeResult": {
        if (message.requestId === limitQuestionId) {
          this.#stream.outbox.maxFrameBytes = frameLimitIn(message.result);
          return;
        }
        const pending = this.#take(message.requestId);
        if (pending?.reading != null) return pending.reading.result(message.result);
        return pending === undefined ? undefined : resolveWith(pending, message.requestId, message.result);
      }
      case "StreamStart":
      case "StreamChunk":
      case "StreamEnd":
        return this.#receiveStream(message);
      case "StreamAck": {
        const { requestId, ackSequence, window } = message;
        const breach = this.#pending.get(requestId)?.input?.acknowledge(ackSequence, window) ?? null;
        return breach === null ? undefined : this.#breached(breach);
      }
      case "StreamError": {
        const { requestId, code, message: text } = message;
        const kind = isErrorCode(code) ? errorTable[code].kind : "System";
        return this.#receive({ type: "InvokeError", requestId, code, kind, message: text, details: null });
      }
      case "InvokeError": {
        if (message.requestId === 0) {
          this.#loss = toSpliceError(message, "", 0);
          return this.#rejectReady(this.#loss);
        }
        const pending = this.#take(message.requestId);
        return pending?.reject(toSpliceError(message, pending.functionName, message.requestId));
      }
      default:
        return undefined;
    }
  }

  /** Ready when it is known which functions stream; what is asked before that is answered by then. */
  #acknowledged(ack: HandshakeAck): void {
    if (ack.exportCount === 0) return this.#resolveReady(ack);
    const nothing = new Uint8Array(0);
    this.#stream.outbox.sendInvoke(limitQuestionId, "splice.status", nothing, 0, emptyContextBytes);
    this.exports().then(() => {
      this.#resolveReady(ack);
    }, this.#rejectReady);
  }

  #receiveStream(message: StreamStart | StreamChunk | StreamEnd): void {
    const { requestId } = message;
    const pending = this.#pending.get(requestId);
    // Of a stream that nobody reads any more.
    if (pending === undefined) return;
    const { reading } = pending;
    if (reading === null) {
      // It streams since a moment ago, and nobody knew. The next call of it is refused before it is made.
      this.#streamNames = new Set([...this.#streamNames, pending.functionName]);
      this.#stream.outbox.send({ type: "Cancel", requestId });
      const why = "was cancelled, because it yields a stream: read it with stream(). It may have run.";
      return this.#end(requestId, why, { code: 2002 });
    }
    const breach = receiveInto(reading, message);
    if (breach !== null) return this.#breached(breach);
    if (message.type !== "StreamEnd") return reading.heard();
    reading.ended();
    this.#take(requestId);
  }

  #breached(breach: string): void {
    const why = `The link to the supervisor was closed, because it broke the rules of streams: ${breach}.`;
    this.abandon(new SpliceError({ code: 3003, message: why }));
  }

  #take(requestId: U64): PendingCall | undefined {
    const pending = this.#pending.take(requestId);
    if (pending !== undefined) this.#tellIdle();
    return pending;
  }

  /** Ends a call from this side; `why` is the rest of the sentence that its name begins. */
  #end(requestId: U64, why: string, init: { code: number; details?: unknown; cause?: unknown }): void {
    const pending = this.#take(requestId);
    if (pending === undefined) return;
    const { functionName } = pending;
    const message = `The call of ${JSON.stringify(functionName)} ${why}`;
    pending.reject(new SpliceError({ ...init, message, functionName, requestId }));
  }

  #overdue(requestId: U64): void {
    const why =
      "was not answered within its deadline, and the supervisor said nothing at all; it may have run.";
    this.#end(requestId, why, { code: 2001 });
  }

  #tellIdle(): void {
    if (this.#pending.size === 0) this.#onIdle();
  }

  #atMost(limitMs: number, event: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer =
        limitMs === Infinity ? undefined : this.#clock.setTimeout(resolve, Math.min(limitMs, maxTimerMs));
      void event.then(() => {
        if (timer !== undefined) this.#clock.clearTimeout(timer);
        resolve();
      });
    });
  }

  #lost(reason: CloseReason): void {
    const why =
      reason.type === "lost" || reason.type === "protocol" ? reason.error.message : `It ${reason.type}.`;
    this.#loss ??= new SpliceError({ code: 3003, message: `The link to the supervisor is lost: ${why}` });
    this.#silence.stop();
    this.#rejectReady(this.#loss);
    // First of all: whoever hears of a lost call and calls again at once must not meet this connection.
    this.onLost?.(this.#loss);
    for (const { reject } of this.#listing.splice(0)) reject(this.#loss);
    for (const requestId of this.#pending.ids) {
      const why = "was under way when the link to the supervisor was lost; it may have run once.";
      this.#end(requestId, why, { code: 3003, cause: this.#loss });
    }
  }
}
