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
  /** How long a worker that may send may send nothing, in milliseconds; 0: for ever. */
  readonly idleTimeoutMs: number;
  readonly answers: Answers;
  /** A call that has not ended, whether it has its slot or waits for one. */
  readonly find: (callId: CallId) => Call | undefined;
  /** Sends Cancel after the call and answers its caller. */
  readonly cancel: (call: Call, answer: CallFailure) => void;
}

/** The two directions of a stream as dispatch keeps them, and when its worker was last heard. */
export class CallStream extends Expiring {
  heardAtMs = 0;

  constructor(
    readonly call: Call,
    /** Of the items, from the worker to the caller. */
    readonly output: StreamCredit,
  ) {
    super();
  }
}

export class Streams {
  /** The other direction: what callers send to their calls. */
  readonly inputs: Inputs;
  readonly #ports: StreamPorts;
  readonly #idle: Deadlines<CallStream>;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
    const { find, answers } = ports;
    this.inputs = new Inputs({
      find,
      answers,
      broke: (call, why) => this.#ports.answers.streamBroke(call, why),
    });
    this.#idle = new Deadlines(ports.clock, (stream) => {
      this.#maybeIdle(stream);
    });
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
    const { clock, journal, idleTimeoutMs } = this.#ports;
    const nowMs = clock.now();
    const stream = new CallStream(call, new StreamCredit(window));
    stream.heardAtMs = nowMs;
    call.stream = stream;
    journal.record("stream", nowMs, call.callId, instance, window);
    if (call.isAnswered) return;
    if (idleTimeoutMs > 0) this.#idle.add(stream, nowMs + idleTimeoutMs);
    call.caller.streams?.started(call.requestId, window);
  }

  onChunk(instance: InstanceId, { requestId, sequence, data }: StreamChunk): void {
    const call = this.#ports.answers.callOf(instance, requestId);
    if (call === null) return;
    if (call.stream === null) return this.#ports.answers.streamBroke(call, "a chunk came before its start");
    const breach = call.stream.output.receive(sequence, data.length);
    if (breach !== null) return this.#ports.answers.streamBroke(call, breach);
    if (call.isAnswered) return;
    if (this.#ports.idleTimeoutMs > 0) call.stream.heardAtMs = this.#ports.clock.now();
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
    if (!wasWaitedFor) stream.heardAtMs = this.#ports.clock.now();
    if (worker !== null) worker.port.sendAck(call.callId, Number(sequence), window);
    return null;
  }

  /** The caller has its answer. */
  forget(stream: CallStream): void {
    this.#idle.remove(stream);
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
  #maybeIdle(stream: CallStream): void {
    const { clock, idleTimeoutMs, cancel } = this.#ports;
    const nowMs = clock.now();
    if (!isWaitedFor(stream) || stream.call.input?.isAwaited === true) stream.heardAtMs = nowMs;
    const dueAtMs = stream.heardAtMs + idleTimeoutMs;
    if (dueAtMs > nowMs) this.#idle.add(stream, dueAtMs);
    else cancel(stream.call, failures.streamIdle(stream.call.target.name, idleTimeoutMs));
  }
}

/**
 * True when its worker alone keeps the reader waiting: all that came was read, and more was asked for. With anything
 * unread the worker may be waiting itself, be it for a window or, with an item of any size, for bytes.
 */
function isWaitedFor({ output }: CallStream): boolean {
  return output.hasWindow && output.unackedChunks === 0;
}
