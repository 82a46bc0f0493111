// One host on its connection: handshake, calls with the host's own ids, cancels, health and goodbye. Answers go out
// in whatever order they come. It knows dispatch, but no worker and no other connection.

import { isReserved } from "../contract/function-names.js";
import type { Caller, CallFailure, InputCaller, StreamCaller } from "../dispatch/call.js";
import { CallerShare } from "../dispatch/caller-share.js";
import { inputRefused, streamingUnsupported } from "../dispatch/failures.js";
import type { InputMessage } from "../dispatch/worker-state.js";
import type { CallId } from "../ids.js";
import { carriesInput } from "../protocol/context.js";
import { acceptHandshake } from "../protocol/handshake.js";
import { hostHandshakeTimeoutMs, preHandshakeMaxFrameBytes } from "../protocol/limits.js";
import { capability, protocolVersion } from "../protocol/messages.js";
import type {
  Handshake,
  InvokeError,
  StreamAck,
  U64,
  WireInvoke,
  WireMessage,
} from "../protocol/messages.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import { encodeValue } from "../protocol/values.js";
import { maxTimerMs, type TimerHandle } from "../time.js";
import type { ByteDuplex } from "../transport/duplex.js";
import { ReservedStreams } from "../system/reserved-streams.js";
import { ControlBudget } from "./control-budget.js";
import type { HostPorts } from "./host-ports.js";
import { Intake, stalledHostTimeoutMs } from "./intake.js";
import { chunkRefusal, resultRefusal } from "./result-refusal.js";
import { UnreadBound } from "./unread-bound.js";
import { createSocketStream, type CloseReason, type SocketStream } from "../transport/socket-stream.js";

/** What this version can do for a host. */
const offeredCapabilities = capability.streaming | capability.cancellation | capability.inputStream;

/** How long a connection that we ended may stay half open before it is cut. */
const goodbyeMs = 2000;

export class HostConnection implements Caller {
  readonly callerId: number;
  readonly share = new CallerShare();
  readonly #ports: HostPorts;
  readonly #stream: SocketStream;
  readonly #onClosed: () => void;
  /** The host's ids of its calls that have no answer yet, with ours. */
  readonly #active = new Map<U64, CallId>();
  /** Those of them that have begun to stream. */
  readonly #streaming = new Set<U64>();
  /** Streams of the supervisor's own, which are in neither. */
  readonly #reserved: ReservedStreams;
  /** It has announced an input, so that what is left of one may come at any time. */
  #hasGivenInput = false;
  readonly #intake: Intake;
  readonly #controlBudget: ControlBudget;
  readonly #unread: UnreadBound;
  #phase: "handshaking" | "open" | "leaving" | "closed" = "handshaking";
  #capabilities = 0;
  #timer: TimerHandle;

  constructor(callerId: number, duplex: ByteDuplex, ports: HostPorts, onClosed: () => void) {
    this.callerId = callerId;
    this.#ports = ports;
    this.#onClosed = onClosed;
    this.#reserved = new ReservedStreams(this, ports.clock);
    this.#stream = createSocketStream(duplex, {
      clock: ports.clock,
      maxFrameBytes: preHandshakeMaxFrameBytes,
    });
    this.#timer = ports.clock.setTimeout(() => {
      this.#fatal(1000, `No Handshake came within ${String(hostHandshakeTimeoutMs)} ms.`);
    }, hostHandshakeTimeoutMs);
    this.#unread = new UnreadBound(this.#stream.outbox, ports.maxFrameBytes);
    this.#controlBudget = new ControlBudget(ports.clock, this.#stream.outbox);
    this.#intake = new Intake(this.#stream, {
      clock: ports.clock,
      receive: (message) => {
        this.#receive(message);
      },
      onStalled: () => {
        const bytes = String(this.#stream.outbox.queuedBytes);
        const timeMs = String(stalledHostTimeoutMs);
        this.#fatal(
          1000,
          `Answers lay unread for ${timeMs} ms, ${bytes} bytes at the end; read them as they come.`,
        );
      },
      onFault: ports.onFault,
    });
    this.#stream.closed$.subscribe((reason) => {
      this.#closed(reason);
    });
    this.#stream.messages$.subscribe((batch) => {
      this.#controlBudget.startChunk();
      this.#intake.push(batch);
    });
  }

  refusalOf(requestId: U64, result: Uint8Array, durationUs: U64): CallFailure | null {
    const { maxFrameBytes } = this.#stream.outbox;
    return (
      resultRefusal(requestId, result, durationUs, maxFrameBytes) ?? this.#unread.refusalOf(result.length)
    );
  }

  /** How the items of streaming functions reach this host. */
  readonly streams: StreamCaller = {
    refusalOf: (_, functionName) =>
      (this.#capabilities & capability.streaming) === 0 ? streamingUnsupported(functionName, "caller") : null,
    started: (requestId, window) => {
      this.#streaming.add(requestId);
      this.#stream.outbox.send({ type: "StreamStart", requestId, window });
    },
    chunk: (requestId, sequence, data) => {
      const { outbox } = this.#stream;
      const refusal = chunkRefusal(data, outbox.maxFrameBytes) ?? this.#unread.refusalOf(data.length);
      if (refusal === null) outbox.sendChunk(requestId, sequence, data);
      this.#intake.holdWhenBehind();
      return refusal;
    },
    ended: (requestId, totalChunks) => {
      this.#forget(requestId);
      this.#stream.outbox.sendAfterChunks({ type: "StreamEnd", requestId, totalChunks });
      this.#intake.holdWhenBehind();
      this.#leaveWhenIdle();
    },
  };

  /** How far the inputs of this host's calls are read. */
  readonly inputs: InputCaller = {
    refusalOf: (functionName) =>
      (this.#capabilities & capability.inputStream) === 0 ? inputRefused(functionName, "caller") : null,
    acknowledged: (requestId, ackSequence, window) => {
      this.#stream.outbox.send({ type: "StreamAck", requestId, ackSequence, window });
      this.#intake.holdWhenBehind();
    },
  };

  succeed(requestId: U64, result: Uint8Array, durationUs: U64): void {
    this.#forget(requestId);
    this.#stream.outbox.sendResult(requestId, result, durationUs);
    this.#intake.holdWhenBehind();
    this.#leaveWhenIdle();
  }

  fail(requestId: U64, failure: CallFailure): void {
    const wasStreaming = this.#forget(requestId);
    this.#sendError(requestId, failure, wasStreaming);
    this.#intake.holdWhenBehind();
    this.#leaveWhenIdle();
  }

  #forget(requestId: U64): boolean {
    this.#active.delete(requestId);
    return this.#streaming.delete(requestId);
  }

  /** The supervisor is leaving: what is queued still goes out. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#end();
  }

  #receive(message: WireMessage): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "handshaking") {
      if (message.type === "Handshake") this.#shakeHands(message);
      else this.#fatal(1000, `The first message must be Handshake, but was ${message.type}.`);
      return;
    }
    switch (message.type) {
      case "Invoke":
        return this.#invoke(message);
      case "Cancel":
        return this.#cancel(message.requestId);
      case "ListExports":
        return this.#control(() => {
          this.#listExports();
        });
      case "HealthCheck":
        return this.#control(() => {
          this.#answerHealth();
        });
      case "Shutdown":
        this.#phase = "leaving";
        this.#reserved.endAll();
        return this.#leaveWhenIdle();
      case "StreamAck":
        return this.#acknowledge(message);
      case "StreamStart":
      case "StreamChunk":
      case "StreamEnd":
      case "StreamError":
        return this.#input(message);
      case "Handshake":
        return this.#fatal(1000, "A second Handshake came on one connection.");
      default:
        return this.#foreign(message);
    }
  }

  #shakeHands(handshake: Handshake): void {
    const { maxFrameBytes, serverId, exports, clock } = this.#ports;
    const terms = { role: "Host", capabilities: offeredCapabilities, maxFrameBytes } as const;
    const verdict = acceptHandshake(handshake, terms);
    if (!verdict.accepted) return this.#fatal(1000, verdict.reason);
    clock.clearTimeout(this.#timer);
    this.#phase = "open";
    this.#capabilities = verdict.capabilities;
    this.#stream.outbox.send({
      type: "HandshakeAck",
      protocolVersion,
      capabilities: verdict.capabilities,
      serverId,
      exportCount: exports().length,
    });
    this.#stream.maxFrameBytes = maxFrameBytes;
    this.#stream.outbox.maxFrameBytes = verdict.maxFrameBytes;
  }

  #invoke(invoke: WireInvoke): void {
    const { requestId, functionName, params, deadlineMs, contextBytes } = invoke;
    if (requestId === 0) return this.#fatal(1000, "An Invoke came with request id 0; ids count from 1.");
    if (this.#active.has(requestId) || this.#reserved.has(requestId)) {
      return this.#fatal(
        1000,
        `An Invoke came with request id ${String(requestId)}, which is still in flight.`,
      );
    }
    this.#hasGivenInput ||= carriesInput(contextBytes);
    if (this.#phase === "leaving") {
      const message = "This connection was told to shut down and takes no new calls.";
      return this.#sendError(requestId, {
        code: 3001,
        kind: "System",
        message,
        details: encodeValue({ reason: "draining" }),
      });
    }
    const timeoutMs = deadlineMs === 0 ? undefined : Math.min(deadlineMs, maxTimerMs);
    if (isReserved(functionName)) return this.#answerReserved(invoke, timeoutMs);
    const { dispatcher } = this.#ports;
    const callId = dispatcher.invoke(this, requestId, functionName, params, timeoutMs, contextBytes);
    // A call that could not even be sent on has been answered by now.
    if (callId !== 0 && dispatcher.isWaiting(callId)) this.#active.set(requestId, callId);
  }

  /** But for a stream and a reload answered before the next message is read: nothing waits for it, nothing cancels it. */
  #answerReserved(
    { requestId, functionName, params, contextBytes }: WireInvoke,
    timeoutMs: number | undefined,
  ): void {
    const startedAtMs = this.#ports.clock.now();
    const answer = this.#ports.runReserved(functionName, params, timeoutMs, contextBytes);
    if (!answer.ok) return this.#sendError(requestId, answer.failure);
    if (!("result" in answer)) {
      const refusal = this.#reserved.take(requestId, functionName, answer, timeoutMs);
      return refusal === null ? undefined : this.#sendError(requestId, refusal);
    }
    const durationUs = Math.round((this.#ports.clock.now() - startedAtMs) * 1000);
    const refusal = this.refusalOf(requestId, answer.result, durationUs);
    if (refusal === null) this.#stream.outbox.sendResult(requestId, answer.result, durationUs);
    else this.#sendError(requestId, refusal);
  }

  #cancel(requestId: U64): void {
    if ((this.#capabilities & capability.cancellation) === 0) {
      return this.#fatal(1000, "A Cancel came on a connection whose handshake did not offer cancellation.");
    }
    const callId = this.#active.get(requestId);
    const acknowledge = (): void => {
      this.#stream.outbox.send({ type: "CancelAck", requestId });
    };
    if (callId === undefined && !this.#reserved.has(requestId)) return this.#control(acknowledge);
    acknowledge();
    if (callId === undefined) this.#reserved.cancel(requestId);
    else this.#ports.dispatcher.cancel(callId, false);
  }

  #acknowledge({ requestId, ackSequence, window }: StreamAck): void {
    const callId = this.#active.get(requestId);
    // For a call that is over it came too late, and means nothing.
    const breach =
      callId === undefined
        ? this.#reserved.acknowledge(requestId, ackSequence, window)
        : this.#ports.dispatcher.acknowledge(callId, ackSequence, window);
    this.#judge(breach);
  }

  #input(message: InputMessage): void {
    if (!this.#hasGivenInput) return this.#foreign(message);
    const callId = this.#active.get(message.requestId);
    // For a call that is over, or was refused, it came too late as well.
    if (callId !== undefined) this.#judge(this.#ports.dispatcher.streams.inputs.receive(callId, message));
  }

  #foreign({ type }: WireMessage): void {
    this.#fatal(1000, `${type} is not a message that a host may send to this supervisor.`);
  }

  #judge(breach: string | null): void {
    if (breach !== null) this.#fatal(1000, `${breach.charAt(0).toUpperCase()}${breach.slice(1)}.`);
  }

  /** Answers a control frame, or closes: a host has a budget of them, see control-budget. */
  #control(answer: () => void): void {
    const excess = this.#controlBudget.admit();
    if (excess !== null) return this.#fatal(1000, excess);
    answer();
    this.#controlBudget.replied();
  }

  #listExports(): void {
    const { outbox } = this.#stream;
    try {
      outbox.send({ type: "ListExportsResult", exports: this.#ports.exports() });
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      // ListExports has no id of its own that an error could name, so there is no smaller answer than goodbye.
      this.#fatal(
        1004,
        `The exports do not fit into the ${String(outbox.maxFrameBytes)} bytes this host accepts.`,
      );
    }
  }

  #answerHealth(): void {
    const { clock, startedAtMs, dispatcher } = this.#ports;
    this.#stream.outbox.send({
      type: "HealthStatus",
      uptimeMs: Math.round(clock.now() - startedAtMs),
      activeRequests: dispatcher.inFlight,
      totalRequests: dispatcher.counters.total,
    });
  }

  /** The error of a stream comes behind the items that are on their way, and keeps to the smaller message if it can. */
  #sendError(requestId: U64, failure: CallFailure, wasStreaming = false): void {
    const error = { type: "InvokeError", requestId, ...this.#unread.cut(failure) } as const;
    const { outbox } = this.#stream;
    const send = (sent: InvokeError): void => {
      if (!wasStreaming) outbox.send(sent);
      else if (sent.details !== null) outbox.sendAfterChunks(sent);
      else outbox.sendAfterChunks({ type: "StreamError", requestId, code: sent.code, message: sent.message });
    };
    try {
      send(error);
    } catch (thrown) {
      if (!isProtocolError(thrown)) throw thrown;
      // The host's own limit is too small for the whole of it: the code and the start of the message still fit.
      send({ ...error, details: null, message: failure.message.slice(0, 16) });
    }
  }

  #leaveWhenIdle(): void {
    if (this.#phase !== "leaving" || this.#active.size + this.#reserved.size > 0) return;
    this.#stream.outbox.sendAfterChunks({ type: "ShutdownAck" });
    this.#end();
  }

  #fatal(code: 1000 | 1004, message: string): void {
    if (this.#phase === "closed") return;
    this.#ports.onRefused(this.callerId, message);
    this.#sendError(0, { code, kind: "System", message, details: null });
    this.#end();
  }

  /** Says goodbye: nothing is taken any more, what is queued goes out, and nobody waits for this host. */
  #end(): void {
    this.#phase = "closed";
    this.#intake.stop();
    this.#ports.clock.clearTimeout(this.#timer);
    this.#stream.end();
    this.#timer = this.#ports.clock.setTimeout(() => {
      this.#stream.destroy();
    }, goodbyeMs);
    this.#cancelAll();
  }

  #closed(reason: CloseReason): void {
    if (reason.type === "protocol") {
      this.#fatal(reason.error.reason === "frame-too-large" ? 1004 : 1000, reason.error.message);
    } else if (reason.type === "stalled") {
      this.#ports.onRefused(this.callerId, "It did not finish a frame in time.");
    }
    if (reason.type !== "protocol") this.#ports.clock.clearTimeout(this.#timer);
    this.#phase = "closed";
    this.#intake.stop();
    this.#cancelAll();
    this.#onClosed();
  }

  #cancelAll(): void {
    this.#reserved.stopAll();
    const calls = [...this.#active.values()];
    this.#active.clear();
    for (const callId of calls) this.#ports.dispatcher.cancel(callId, true);
  }
}
