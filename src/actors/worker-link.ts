// One worker process's link: shakes hands, asks for the exports, and parts what comes. Messages of calls go straight
// to dispatch; what concerns the worker's life becomes an event of its machine. It decides nothing about either.

import { fromCallback, type CallbackActorLogic } from "xstate";
import type { InstanceId } from "../ids.js";
import type { InstanceInput, SendShutdown } from "../machines/worker/context.js";
import type { LinkFact } from "../machines/worker/events.js";
import { toWireEvent, type WireEvent } from "../protocol/events.js";
import { acceptHandshake } from "../protocol/handshake.js";
import { preHandshakeMaxFrameBytes } from "../protocol/limits.js";
import { capability, protocolVersion } from "../protocol/messages.js";
import type {
  ExportMetadata,
  Handshake,
  InvokeError,
  InvokeResult,
  LogEvent,
  StreamAck,
  StreamChunk,
  StreamEnd,
  StreamError,
  StreamStart,
  U64,
  WireMessage,
} from "../protocol/messages.js";
import { errorTable, isErrorCode } from "../errors.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import type { Clock } from "../time.js";
import { createSocketStream, type CloseReason, type SocketStream } from "../transport/socket-stream.js";
import type { ProcessEntry, ProcessRegistry } from "./process-registry.js";

/** What this version can do on a worker link. */
const offeredCapabilities = capability.streaming | capability.cancellation | capability.inputStream;

/** What a worker says of the streams of a call; a StreamError is as much an end of the call as an InvokeError is. */
export type StreamMessage = StreamStart | StreamChunk | StreamEnd | StreamAck;

export interface WorkerLinkPorts {
  readonly clock: Clock;
  readonly registry: ProcessRegistry;
  readonly maxFrameBytes: number;
  readonly serverId: readonly number[];
  readonly onResult: (instance: InstanceId, requestId: U64, result: Uint8Array, durationUs: U64) => void;
  readonly onError: (instance: InstanceId, error: InvokeError) => void;
  readonly onStream: (instance: InstanceId, message: StreamMessage) => void;
  readonly onLog: (entry: ProcessEntry, event: LogEvent) => void;
  /** True while a call on this process is within its deadline: such a worker may be slow to end a frame. */
  readonly isBusy: (instance: InstanceId) => boolean;
  /** A fault of our own while a message was handled; never the worker's doing. */
  readonly onFault: (error: unknown) => void;
}

export function createWorkerLinkActor(
  ports: WorkerLinkPorts,
): CallbackActorLogic<SendShutdown, InstanceInput> {
  return fromCallback<SendShutdown, InstanceInput>(({ input, sendBack, receive }) => {
    const entry = ports.registry.get(input.instance);
    if (entry === undefined) return undefined;
    const link = new WorkerLink(ports, entry, sendBack);
    receive(() => {
      link.shutdown();
    });
    return () => {
      link.close();
    };
  });
}

type CallMessage = InvokeResult | InvokeError | StreamError | StreamMessage;

const callMessages: ReadonlySet<string> = new Set<CallMessage["type"]>([
  "InvokeResult",
  "InvokeError",
  "StreamStart",
  "StreamChunk",
  "StreamEnd",
  "StreamError",
  "StreamAck",
]);

function isOfCall(message: WireMessage): message is CallMessage {
  return callMessages.has(message.type);
}

class WorkerLink {
  readonly #ports: WorkerLinkPorts;
  readonly #entry: ProcessEntry;
  readonly #report: (fact: LinkFact) => void;
  #stream: SocketStream | null = null;
  #phase: "connecting" | "handshaking" | "listing" | "open" | "closed" = "connecting";

  constructor(ports: WorkerLinkPorts, entry: ProcessEntry, report: (fact: LinkFact) => void) {
    this.#ports = ports;
    this.#entry = entry;
    this.#report = report;
    entry.link.then(
      (duplex) => {
        if (this.#phase === "closed") {
          duplex.destroy();
          return;
        }
        this.#phase = "handshaking";
        const stream = createSocketStream(duplex, {
          clock: ports.clock,
          maxFrameBytes: preHandshakeMaxFrameBytes,
          partialFrameClockRuns: () => !ports.isBusy(entry.instance),
        });
        this.#stream = stream;
        entry.outbox = stream.outbox;
        report({ type: "link.opened" });
        stream.messages$.subscribe((batch) => {
          try {
            for (const message of batch) this.#receive(message);
          } catch (error) {
            ports.onFault(error);
          }
        });
        stream.closed$.subscribe((reason) => {
          try {
            this.#closed(reason);
          } catch (error) {
            ports.onFault(error);
          }
        });
      },
      () => {
        // The process ended before it connected; its end is reported by the process actor.
      },
    );
  }

  shutdown(): void {
    this.#stream?.outbox.send({ type: "Shutdown" });
    this.#stream?.outbox.flush();
  }

  close(): void {
    this.#phase = "closed";
    this.#entry.outbox = null;
    this.#stream?.destroy();
  }

  /** Parts what comes: answers of calls straight to dispatch, everything else as the event that it is. */
  #receive(message: WireMessage): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "handshaking" && message.type !== "Handshake") {
      this.#breach(`its first message was ${message.type}, not Handshake`);
    } else if (!isOfCall(message)) {
      this.#lifecycle(toWireEvent(message));
    } else if (this.#phase !== "open") {
      this.#breach("it answered a call before it was ready");
    } else {
      this.#ofCall(message);
    }
  }

  #ofCall(message: CallMessage): void {
    const { instance } = this.#entry;
    switch (message.type) {
      case "InvokeResult":
        return this.#ports.onResult(instance, message.requestId, message.result, message.durationUs);
      case "InvokeError":
        return this.#ports.onError(instance, message);
      case "StreamError": {
        const { requestId, code, message: text } = message;
        const kind = isErrorCode(code) ? errorTable[code].kind : "System";
        const error = { type: "InvokeError", requestId, code, kind, message: text, details: null } as const;
        return this.#ports.onError(instance, error);
      }
      default:
        return this.#ports.onStream(instance, message);
    }
  }

  #lifecycle(event: WireEvent): void {
    switch (event.type) {
      case "cancel.acknowledged":
      case "shutdown.acknowledged":
        return undefined;
      case "log.received":
        return this.#ports.onLog(this.#entry, event.message);
      case "health.answered":
        return this.#entry.onHealthStatus?.(event.message);
      case "handshake.received":
        if (this.#phase !== "handshaking") return this.#breach("it sent a second Handshake");
        return this.#shakeHands(event.message);
      case "exports.listed":
        if (this.#phase !== "listing") return this.#breach("it listed exports unasked");
        return this.#listed(event.message.exports);
      default:
        return this.#breach(`it sent ${event.message.type}, which is not a worker's to send here`);
    }
  }

  #listed(exports: readonly ExportMetadata[]): void {
    const reserved = exports.find(({ name }) => name === "splice" || name.startsWith("splice."));
    if (reserved !== undefined) {
      const reason = `it exports ${JSON.stringify(reserved.name)}, and names under "splice" are the supervisor's own`;
      return this.#report({ type: "handshake.refused", reason });
    }
    this.#phase = "open";
    return this.#report({ type: "exports.listed", exports });
  }

  #shakeHands(handshake: Handshake): void {
    const stream = this.#stream;
    if (stream === null) return;
    const verdict = acceptHandshake(handshake, {
      role: "Worker",
      capabilities: offeredCapabilities,
      maxFrameBytes: this.#ports.maxFrameBytes,
    });
    if (!verdict.accepted) {
      const reason = `its handshake was refused: ${verdict.reason.replace(/\.$/, "")}`;
      this.#report({ type: "handshake.refused", reason });
      this.#sendFatal(verdict.reason);
      return;
    }
    this.#phase = "listing";
    this.#entry.capabilities = verdict.capabilities;
    stream.outbox.send({
      type: "HandshakeAck",
      protocolVersion,
      capabilities: verdict.capabilities,
      serverId: this.#ports.serverId,
      exportCount: 0,
    });
    stream.outbox.send({ type: "ListExports" });
    stream.maxFrameBytes = this.#ports.maxFrameBytes;
    stream.outbox.maxFrameBytes = verdict.maxFrameBytes;
  }

  #breach(reason: string): void {
    // What else it says is heard by nobody: it cannot be trusted, and is being ended.
    this.#phase = "closed";
    this.#report({ type: "link.breached", reason });
    this.#sendFatal(reason);
  }

  /** A courtesy that must cost nothing: as much of it as the worker's own limit leaves room for, or none. */
  #sendFatal(reason: string): void {
    const outbox = this.#stream?.outbox;
    if (outbox === undefined) return;
    const message = `The supervisor closes this link because ${reason}.`;
    for (const text of [message, message.slice(0, 16)]) {
      try {
        outbox.send({
          type: "InvokeError",
          requestId: 0,
          code: 1000,
          kind: "System",
          message: text,
          details: null,
        });
        outbox.flush();
        return;
      } catch (error) {
        if (!isProtocolError(error)) throw error;
      }
    }
  }

  #closed(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    switch (reason.type) {
      case "protocol":
        this.#report({ type: "link.breached", reason: `it broke the protocol: ${reason.error.message}` });
        this.#sendFatal(reason.error.message);
        return;
      case "stalled":
        this.#report({ type: "link.breached", reason: "it did not finish a frame in time" });
        return;
      case "lost":
        this.#report({ type: "link.closed", reason: `its link was lost (${reason.error.message})` });
        return;
      case "ended":
      case "destroyed":
        this.#report({ type: "link.closed", reason: "it closed its link" });
    }
  }
}
