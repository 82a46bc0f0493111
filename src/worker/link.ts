// The worker's end of the link: a socket as messages in and frames out, one write per tick. Knows no call and no
// conversation; what a message means is the session's business.

import { appendInvokeResult, appendMessage, appendStreamChunk } from "../protocol/codec.js";
import { WireDecoder } from "../protocol/decoder.js";
import { preHandshakeMaxFrameBytes } from "../protocol/limits.js";
import type { U64, WireMessage } from "../protocol/messages.js";
import { OutboxBuffer } from "../protocol/outbox-buffer.js";

export interface Link {
  /** The largest payload sent, in bytes. */
  readonly maxFrameBytes: number;
  /** More is waiting to be sent than the peer takes; what may be dropped should be. */
  readonly isFull: boolean;
  /** Throws ProtocolError frame-too-large; nothing is queued then. */
  send(message: WireMessage): void;
  /** As `send`, for the answer of most calls. */
  sendResult(requestId: U64, result: Uint8Array, durationUs: number): void;
  /** As `send`, for the items of streams. */
  sendChunk(requestId: U64, sequence: number, data: Uint8Array): void;
  /** So much waits to be sent that no more items should: answers of other calls would come late behind them. */
  readonly isBehind: boolean;
  /** Resolves when the peer has taken enough of what waits. */
  caughtUp(): Promise<void>;
  /** Hands everything queued to the socket now instead of at the end of the tick. */
  flush(): void;
  /** From the handshake on frames up to `maxFrameBytes` are accepted. */
  acceptLargeFrames(): void;
  /** Flushes, closes, and calls `done` when the last byte has left. */
  end(done: () => void): void;
}

/** As much of a socket as the link uses. */
export interface LinkSocket {
  readonly writableLength: number;
  cork(): void;
  uncork(): void;
  write(bytes: Uint8Array, done: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  end(done: () => void): unknown;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "error" | "close", listener: () => void): unknown;
}

export interface LinkHandlers {
  message(message: WireMessage): void;
  /** The peer sent what no message is, or `message` threw. */
  fault(error: unknown): void;
  /** The peer is gone. Not called after `end`. */
  gone(): void;
}

/** Above the high mark reading pauses: a peer that does not take its answers gets no more work done. */
const highWaterBytes = 8 * 1024 * 1024;
const lowWaterBytes = 1024 * 1024;

/** Items of streams are made while no more than this waits to be sent: one write, behind which nobody waits long. */
const itemsHighWaterBytes = 256 * 1024;
const itemsLowWaterBytes = 64 * 1024;

/**
 * The answers to a chunk leave in four pieces, of at least so many messages: the supervisor takes the first in while the
 * rest is being worked on. Otherwise the two would take turns, each idle while the other is busy.
 */
const leastMessagesPerWrite = 8;

export function createLink(socket: LinkSocket, maxFrameBytes: number, handlers: LinkHandlers): Link {
  const out = new OutboxBuffer();
  const decoder = new WireDecoder({ maxFrameBytes: preHandshakeMaxFrameBytes });
  let flushIsDue = false;
  let isPaused = false;
  let isOver = false;
  /** Received before reading paused; served when the peer has taken its answers. */
  let waiting: readonly WireMessage[] = [];
  /** Streams that wait until the peer has taken more. */
  let held: (() => void)[] = [];

  const queuedBytes = (): number => out.length + socket.writableLength;

  function flush(): void {
    flushIsDue = false;
    if (out.length === 0 || isOver) return;
    socket.cork();
    for (const part of out.takeParts()) socket.write(part, onWritten);
    socket.uncork();
    if (!isPaused && queuedBytes() > highWaterBytes) {
      isPaused = true;
      socket.pause();
    }
  }

  function onWritten(): void {
    if (held.length > 0 && queuedBytes() <= itemsLowWaterBytes) {
      const due = held;
      held = [];
      for (const resume of due) resume();
    }
    if (!isPaused || isOver || queuedBytes() > lowWaterBytes) return;
    isPaused = false;
    const due = waiting;
    waiting = [];
    if (receive(() => due)) socket.resume();
  }

  /**
   * Takes a function, since bytes that cannot be decoded are a fault of the peer too. False when reading paused
   * or the link is over.
   */
  function receive(messages: () => readonly WireMessage[]): boolean {
    try {
      const received = messages();
      const perWrite = Math.max(leastMessagesPerWrite, received.length >> 2);
      for (let at = 0; at < received.length; at++) {
        const message = received[at];
        if (isOver || message === undefined) return false;
        handlers.message(message);
        if (out.length > highWaterBytes || (at + 1) % perWrite === 0) flush();
        if (isPaused) {
          waiting = received.slice(at + 1);
          return false;
        }
      }
      return true;
    } catch (error) {
      if (isOver) return false;
      isOver = true;
      handlers.fault(error);
      return false;
    }
  }

  function flushThisTick(): void {
    if (flushIsDue) return;
    flushIsDue = true;
    process.nextTick(flush);
  }

  function gone(): void {
    if (isOver) return;
    isOver = true;
    handlers.gone();
  }

  socket.on("data", (chunk: Uint8Array) => {
    receive(() => decoder.push(chunk));
  });
  socket.on("end", gone);
  socket.on("error", gone);
  socket.on("close", gone);

  return {
    maxFrameBytes,
    get isFull() {
      return queuedBytes() > highWaterBytes;
    },
    send(message) {
      appendMessage(out, message, maxFrameBytes);
      flushThisTick();
    },
    sendResult(requestId, result, durationUs) {
      appendInvokeResult(out, requestId, result, durationUs, maxFrameBytes);
      flushThisTick();
    },
    sendChunk(requestId, sequence, data) {
      appendStreamChunk(out, requestId, sequence, data, maxFrameBytes);
      flushThisTick();
    },
    get isBehind() {
      return queuedBytes() > itemsHighWaterBytes;
    },
    caughtUp() {
      flush();
      return new Promise((resolve) => {
        held.push(resolve);
      });
    },
    flush,
    acceptLargeFrames() {
      decoder.maxFrameBytes = maxFrameBytes;
    },
    end(done) {
      flush();
      isOver = true;
      socket.end(done);
    },
  };
}
