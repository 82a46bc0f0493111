// One connection to a running supervisor, as a host: handshake, calls, exports. When the link breaks, what was under
// way ends as "link lost". Knows nothing of how the supervisor works.

import { connect } from "node:net";
import { toSpliceError } from "../contract/failure-error.js";
import { prepareCall } from "../contract/call-options.js";
import type { CallOptions } from "../contract/splice.js";
import { messageOf, SpliceError } from "../errors.js";
import { defaultMaxFrameBytes } from "../protocol/limits.js";
import { capability, protocolVersion } from "../protocol/messages.js";
import type { ExportMetadata, HandshakeAck, U64, WireMessage } from "../protocol/messages.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import { decodeValue } from "../protocol/values.js";
import { maxTimerMs, type Clock } from "../time.js";
import { fromSocket, type ByteDuplex } from "../transport/duplex.js";
import { createSocketStream, type CloseReason, type SocketStream } from "../transport/socket-stream.js";

/** On the wire this is "no deadline"; 0 would be the supervisor's default. */
const noDeadlineMs = 4_294_967_295;

/** A supervisor answers the handshake between two turns of its loop; one that needs longer than this hangs. */
const handshakeAnswerTimeoutMs = 5_000;

interface Pending {
  readonly functionName: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly settled: () => void;
}

/**
 * Resolves when the supervisor has answered the handshake; an abort of `signal` before that gives up.
 *
 * @throws SpliceError 3001 with details.reason `no-supervisor` when nobody listens there, and `unresponsive` when
 * somebody does who does not answer within 5 s.
 */
export async function connectToSupervisor(
  path: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<ClientConnection> {
  const connection = new ClientConnection(await openSocket(path), clock);
  const giveUp = (): void => {
    connection.close();
  };
  const timer = clock.setTimeout(() => {
    const message = `Whoever listens on ${path} did not answer the handshake within ${String(handshakeAnswerTimeoutMs)} ms; if it is a supervisor, it hangs.`;
    connection.abandon(new SpliceError({ code: 3001, message, details: { reason: "unresponsive" } }));
  }, handshakeAnswerTimeoutMs);
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await connection.ready;
    return connection;
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function openSocket(path: string): Promise<ByteDuplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", (cause: NodeJS.ErrnoException) => {
      const isPlain = cause.code === "ENOENT" || cause.code === "ECONNREFUSED";
      const why = isPlain ? "" : ` (${cause.message})`;
      const message = `No supervisor answers on ${path}${why}; start one with \`splice serve\`.`;
      reject(new SpliceError({ code: 3001, message, details: { reason: "no-supervisor" }, cause }));
    });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(fromSocket(socket));
    });
  });
}

export class ClientConnection {
  /** Resolves with the supervisor's answer to the handshake. */
  readonly ready: Promise<HandshakeAck>;
  readonly #stream: SocketStream;
  readonly #pending = new Map<U64, Pending>();
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
    this.#stream = createSocketStream(duplex, { clock, maxFrameBytes: defaultMaxFrameBytes });
    this.#stream.closed$.subscribe((reason) => {
      this.#lost(reason);
    });
    this.#stream.messages$.subscribe((batch) => {
      for (const message of batch) this.#receive(message);
    });
    this.#stream.outbox.send({
      type: "Handshake",
      protocolVersion,
      role: "Host",
      capabilities: capability.cancellation,
      maxFrameSize: defaultMaxFrameBytes,
    });
  }

  call(name: string, params: unknown, options: CallOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (typeof name !== "string") {
        throw new SpliceError({
          code: 1000,
          message: `The name of a function must be text, but is ${typeof name}.`,
        });
      }
      const { params: bytes, contextBytes, timeoutMs } = prepareCall(name, params, options);
      if (this.#loss !== null) throw this.#loss;
      const { signal } = options;
      if (signal?.aborted === true) {
        const message = `The call of ${JSON.stringify(name)} was cancelled before it was made.`;
        throw new SpliceError({ code: 2002, message, functionName: name, cause: signal.reason });
      }
      if (timeoutMs !== undefined && timeoutMs <= 0) {
        const message = `The call of ${JSON.stringify(name)} had ${String(timeoutMs)} ms, so it was not made at all.`;
        throw new SpliceError({ code: 2001, message, functionName: name });
      }
      const requestId = ++this.#lastRequestId;
      const abort = (): void => {
        this.#stream.outbox.send({ type: "Cancel", requestId });
        const message = `The call of ${JSON.stringify(name)} was cancelled; it may have run.`;
        const cause: unknown = signal?.reason;
        this.#take(requestId)?.reject(
          new SpliceError({ code: 2002, message, functionName: name, requestId, cause }),
        );
      };
      const settled = (): void => signal?.removeEventListener("abort", abort);
      try {
        this.#stream.outbox.sendInvoke(requestId, name, bytes, wireDeadline(timeoutMs), contextBytes);
      } catch (cause) {
        if (!isProtocolError(cause)) throw cause;
        throw new SpliceError({ code: 1004, message: cause.message, functionName: name, cause });
      }
      signal?.addEventListener("abort", abort, { once: true });
      this.#pending.set(requestId, { functionName: name, resolve, reject, settled });
    });
  }

  exports(): Promise<readonly ExportMetadata[]> {
    return new Promise((resolve, reject) => {
      if (this.#loss !== null) throw this.#loss;
      this.#listing.push({ resolve, reject });
      this.#stream.outbox.send({ type: "ListExports" });
    });
  }

  /** Says goodbye; calls still under way end as link lost. */
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
        return this.#resolveReady(message);
      case "ListExportsResult":
        return this.#listing.shift()?.resolve(message.exports);
      case "InvokeResult": {
        const pending = this.#take(message.requestId);
        return pending === undefined ? undefined : resolveWith(pending, message.requestId, message.result);
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

  #take(requestId: U64): Pending | undefined {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    pending?.settled();
    return pending;
  }

  #lost(reason: CloseReason): void {
    const why =
      reason.type === "lost" || reason.type === "protocol" ? reason.error.message : `It ${reason.type}.`;
    this.#loss ??= new SpliceError({ code: 3003, message: `The link to the supervisor is lost: ${why}` });
    this.#rejectReady(this.#loss);
    for (const { reject } of this.#listing.splice(0)) reject(this.#loss);
    for (const [requestId, pending] of [...this.#pending]) {
      this.#take(requestId);
      const { functionName } = pending;
      const message = `The link to the supervisor was lost while ${JSON.stringify(functionName)} was running; it may have run once.`;
      pending.reject(new SpliceError({ code: 3003, message, functionName, requestId, cause: this.#loss }));
    }
  }
}

function resolveWith({ functionName, resolve, reject }: Pending, requestId: U64, result: Uint8Array): void {
  let value: unknown;
  try {
    value = decodeValue(result, "result");
  } catch (cause) {
    const message = `The result of ${JSON.stringify(functionName)} cannot be read: ${messageOf(cause)}`;
    reject(new SpliceError({ code: 3000, message, functionName, requestId, cause }));
    return;
  }
  resolve(value);
}

function wireDeadline(timeoutMs: number | undefined): number {
  if (timeoutMs === undefined) return 0;
  if (timeoutMs === Infinity) return noDeadlineMs;
  return Math.min(Math.max(Math.ceil(timeoutMs), 1), maxTimerMs);
}
