// Calls that stream: what their workers send on its way to the callers, what the callers acknowledge on its way back, and
// the rules that both are held to. Passes bytes on unread. It ends no call itself: settling is the dispatcher's.

import type { CallId, InstanceId } from "../ids.js";
import { maxWindowChunks, StreamCredit } from "../protocol/credit.js";
import type { StreamChunk, StreamEnd, StreamStart, U64 } from "../protocol/messages.js";
import type { Clock } from "../time.js";
import type { Answers } from "./answers.js";
import type { Call, CallFailure } from "./call.js";
import { Deadlines, Expiring } from "./deadlines.js";
import * as failures from "./failures.js";
import { Inputs } from "./inputs.js";
import type { Journal } from "./journal.js";

export interface StreamPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  /** How long a worker that may send may send nothing, from the dispatch on, in milliseconds; 0: for ever. */
  readonly idleTimeoutMs: number;
  readonly answers: Answers;
  /** A call that has not ended, whether it has its slot or waits for one. */
  readonly find: (callId: CallId) => Call | undefined;
  /** Sends Cancel after the call and answers its caller. */
  readonly cancel: (call: Call, answer: CallFailure) => void;
}

/** What a call's worker sends, from its start on. */
export class CallStream {
  constructor(
    readonly call: Call,
    /** Of the items, from the worker to the caller. */
    readonly output: StreamCredit,
  ) {}
}

/** When the worker of a streaming function's call was last heard; looked at once in a while. */
export class Silence extends Expiring {
  constructor(
    readonly call: Call,
    public sinceMs: number,
  ) {
    super();
  }
}

export class Streams {
  /** The other direction: what callers send to their calls. */
  readonly inputs: Inputs;
  readonly #ports: StreamPorts;
  readonly #idle: Deadlines<Silence>;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
    const { find, answers } = ports;
    this.inputs = new Inputs({
      find,
      answers,
      broke: (call, why) => this.#ports.answers.streamBroke(call, why),
    });
    this.#idle = new Deadlines(ports.clock, (silence) => {
      this.#maybeIdle(silence);
    });
  }

  /** A worker has the call of a streaming function, and may be stuck before it begins to stream. */
  dispatched(call: Call, nowMs: number): void {
    const { idleTimeoutMs } = this.#ports;
    if (idleTimeoutMs === 0 || call.isAnswered) return;
    call.silence = new Silence(call, nowMs);
    this.#idle.add(call.silence, nowMs + idleTimeoutMs);
  }

  onStart(instance: InstanceId, { requestId, window }: StreamStart): void {
    const call = this.#ports.answers.callOf(instance, requestId);
    if (call === null) return;
    if (!call.target.isStreaming || call.stream !== null)
      return this.#ports.answers.streamBroke(
        call,
        call.stream === null ? "it has no stream" : "it started twice",
      );
    if (window < 1 || window > maxWindowChunks)
      return this.#ports.answers.streamBroke(
        call,
        `its window was ${String(window)}, but 1 to ${String(maxWindowChunks)} are allowed`,
      );
    const { clock, journal } = this.#ports;
    const nowMs = clock.now();
    call.stream = new CallStream(call, new StreamCredit(window));
    journal.record("stream", nowMs, call.callId, instance, window);
    if (call.isAnswered) return;
    if (call.silence !== null) call.silence.sinceMs = nowMs;
    call.caller.streams?.started(call.requestId, window);
  }

  onChunk(instance: InstanceId, { requestId, sequence, data }: StreamChunk): void {
    const call = this.#ports.answers.callOf(instance, requestId);
    if (call === null) return;
    if (call.stream === null) return this.#ports.answers.streamBroke(call, "a chunk came before its start");
    const breach = call.stream.output.receive(sequence, data.length);
    if (breach !== null) return this.#ports.answers.streamBroke(call, breach);
    if (call.isAnswered) return;
    if (call.silence !== null) call.silence.sinceMs = this.#ports.clock.now();
    const refusal = call.caller.streams?.chunk(call.requestId, Number(sequence), data) ?? null;
    if (refusal !== null) this.#ports.cancel(call, refusal);
  }

  onEnd(instance: InstanceId, { requestId, totalChunks }: StreamEnd): void {
    const call = this.#ports.answers.lastOf(instance, requestId);
    if (call === null) return;
    if (call.stream === null) return this.#ports.answers.streamBroke(call, "it ended before its start");
    const breach = call.stream.output.end(totalChunks);
    if (breach !== null) return this.#ports.answers.streamBroke(call, breach);
    this.#ports.answers.onStreamEnd(call);
  }

  /** The caller has come so far. Returns null, or the caller's breach: the rest of a sentence. */
  acknowledge(call: Call, sequence: U64, window: number): string | null {
    const { stream, worker } = call;
    if (stream === null) return "a StreamAck came for a call that has no stream";
    const wasWaitedFor = isWaitedFor(stream);
    const breach = stream.output.acknowledge(sequence, window);
    if (breach !== null) return breach;
    // Its worker could not go on before.
    if (!wasWaitedFor && call.silence !== null) call.silence.sinceMs = this.#ports.clock.now();
    if (worker !== null) worker.port.sendAck(call.callId, Number(sequence), window);
    return null;
  }

  /** The caller has its answer. */
  forget(silence: Silence): void {
    this.#idle.remove(silence);
  }

  /** The worker is done with the call, or gone: what it was granted is taken back. */
  released({ call, output }: CallStream, nowMs: number): void {
    const instance = call.worker?.port.instance ?? 0;
    this.#ports.journal.record("credit", nowMs, call.callId, instance, output.chunks);
  }

  dispose(): void {
    this.#idle.dispose();
  }

  /** Looked at once in a while, so that a chunk costs no timer: it may have sent in the meantime, or may not send. */
  #maybeIdle(silence: Silence): void {
    const { clock, idleTimeoutMs, cancel } = this.#ports;
    const { call } = silence;
    const nowMs = clock.now();
    const mayWait = call.stream !== null && !isWaitedFor(call.stream);
    if (mayWait || call.input?.isAwaited === true) silence.sinceMs = nowMs;
    const dueAtMs = silence.sinceMs + idleTimeoutMs;
    if (dueAtMs > nowMs) this.#idle.add(silence, dueAtMs);
    else cancel(call, failures.streamIdle(call.target.name, idleTimeoutMs));
  }
}

/**
 * True when its worker alone keeps the reader waiting: all that came was read, and more was asked for. With anything
 * unread the worker may be waiting itself, be it for a window or, with an item of any size, for bytes.
 */
function isWaitedFor({ output }: CallStream): boolean {
  return output.hasWindow && output.unackedChunks === 0;
}
