// The sending half of a link: frames of one tick are encoded into one buffer and leave in one write. Counts what the
// other side has not taken yet and says when that is too much. Knows no socket and no reader.

import { appendInvoke, appendInvokeResult, appendMessage, appendStreamChunk } from "../protocol/codec.js";
import type { Message, U64, WireMessage } from "../protocol/messages.js";
import { OutboxBuffer } from "../protocol/outbox-buffer.js";
import type { ByteDuplex } from "./duplex.js";

/**
 * 1 MiB: some thousands of small frames, several milliseconds of work for any peer, so a peer above it is behind and
 * not just between two reads; and a thousand such peers still fit in memory.
 */
export const defaultHighWaterBytes = 1_048_576;

/** 256 KiB: a little more than the kernel's own socket buffer, so that the link does not run dry while its senders wake. */
const defaultLowWaterBytes = 262_144;

/**
 * So many frames are not kept for the end of the tick: the peer begins with them while the next are being made. With
 * one write a tick the two sides of a busy link take turns, and one of them always stands still.
 */
const framesPerWrite = 32;

/** Chunks are written in pieces of about so many bytes: what overtakes them waits for one at most. */
const bytesPerPiece = 65_536;

/** Runs a function once, soon, after what is under way. */
export type Schedule = (run: () => void) => void;

/** After the microtasks of this tick: answers that come out of promise chains share a write with those that did not. */
const afterMicrotasks: Schedule = (run) => {
  queueMicrotask(() => {
    process.nextTick(run);
  });
};

/**
 * What can be sent on a link. The senders return false, and do nothing, once the link has ended; they throw
 * ProtocolError frame-too-large when a payload is above `maxFrameBytes`, and nothing of it is queued then.
 */
export interface Outbox {
  send(message: Message | WireMessage): boolean;
  sendInvoke(
    requestId: U64,
    functionName: string,
    params: Uint8Array,
    deadlineMs: number,
    contextBytes: Uint8Array,
  ): boolean;
  sendResult(requestId: U64, result: Uint8Array, durationUs: U64): boolean;
  /** An item of a stream: while the peer does not take what was written, frames of other requests overtake it. */
  sendChunk(requestId: U64, sequence: number, data: Uint8Array): boolean;
  /** As `send`, behind every chunk that was sent before it. */
  sendAfterChunks(message: Message): boolean;
  /** The most the peer accepts, in bytes of payload. */
  maxFrameBytes: number;
  /** Bytes sent here that the kernel (or the memory twin's reader) has not taken. */
  readonly queuedBytes: number;
  /** Bytes that it has taken, over the link's life: with `queuedBytes`, where a message sent now would begin. */
  readonly takenBytes: number;
  /** True from the moment the high mark is passed until the low mark is reached. */
  readonly isAboveHighWater: boolean;
  /** Called each time the low mark is reached after the high one was passed. Holds for the link's life. */
  onWritable(callback: () => void): void;
  /** Writes now instead of at the end of the tick, unless the duplex asked to wait. */
  flush(): void;
}

export interface OutboxOptions {
  readonly maxFrameBytes: number;
  readonly highWaterBytes?: number | undefined;
  readonly lowWaterBytes?: number | undefined;
  readonly schedule?: Schedule | undefined;
}

/** The outbox as its stream sees it. */
export class DuplexOutbox implements Outbox {
  maxFrameBytes: number;
  readonly #duplex: ByteDuplex;
  readonly #highWaterBytes: number;
  readonly #lowWaterBytes: number;
  readonly #schedule: Schedule;
  readonly #buffer = new OutboxBuffer();
  /** Chunks that may be overtaken, until there is room for them. */
  readonly #chunks = new OutboxBuffer();
  /** The same, cut between two frames into pieces of about one write; oldest first. */
  #pieces: (readonly Uint8Array[])[] = [];
  #pieceBytes = 0;
  readonly #writableCallbacks: (() => void)[] = [];
  #framesWaiting = 0;
  #writtenBytes = 0;
  #takenBytes = 0;
  #isOpen = true;
  #isScheduled = false;
  #isBlocked = false;
  #isAboveHighWater = false;

  constructor(duplex: ByteDuplex, options: OutboxOptions) {
    this.#duplex = duplex;
    this.maxFrameBytes = options.maxFrameBytes;
    this.#highWaterBytes = options.highWaterBytes ?? defaultHighWaterBytes;
    this.#lowWaterBytes = Math.min(options.lowWaterBytes ?? defaultLowWaterBytes, this.#highWaterBytes);
    this.#schedule = options.schedule ?? afterMicrotasks;
  }

  get queuedBytes(): number {
    return this.#writtenBytes + this.#buffer.length + this.#chunks.length + this.#pieceBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get isAboveHighWater(): boolean {
    return this.#isAboveHighWater;
  }

  send(message: Message | WireMessage): boolean {
    if (!this.#isOpen) return false;
    appendMessage(this.#buffer, message, this.maxFrameBytes);
    this.#appended();
    return true;
  }

  sendInvoke(
    requestId: U64,
    functionName: string,
    params: Uint8Array,
    deadlineMs: number,
    contextBytes: Uint8Array,
  ): boolean {
    if (!this.#isOpen) return false;
    appendInvoke(this.#buffer, requestId, functionName, params, deadlineMs, contextBytes, this.maxFrameBytes);
    this.#appended();
    return true;
  }

  sendResult(requestId: U64, result: Uint8Array, durationUs: U64): boolean {
    if (!this.#isOpen) return false;
    appendInvokeResult(this.#buffer, requestId, result, durationUs, this.maxFrameBytes);
    this.#appended();
    return true;
  }

  sendChunk(requestId: U64, sequence: number, data: Uint8Array): boolean {
    if (!this.#isOpen) return false;
    appendStreamChunk(this.#chunks, requestId, sequence, data, this.maxFrameBytes);
    if (this.#chunks.length >= bytesPerPiece) this.#cutPiece();
    this.#appended();
    return true;
  }

  sendAfterChunks(message: Message): boolean {
    if (!this.#isOpen) return false;
    appendMessage(this.#chunks, message, this.maxFrameBytes);
    this.#appended();
    return true;
  }

  onWritable(callback: () => void): void {
    this.#writableCallbacks.push(callback);
  }

  flush(): void {
    if (!this.#isBlocked) this.#writeOut();
  }

  /** The duplex took what made it ask for a pause. */
  drained(): void {
    this.#isBlocked = false;
    this.#writeOut();
  }

  /** Writes everything queued, then FIN; later sends are dropped. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Also when the duplex asked to wait: the bytes are held either way, and FIN has to come after them.
    this.#writeOut();
    while (this.#pieces.length > 0) this.#writePiece();
    this.#duplex.end();
  }

  /** The duplex is gone: what is queued is lost and later sends are dropped. */
  close(): void {
    this.#isOpen = false;
    this.#buffer.truncate(0);
    this.#chunks.truncate(0);
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#writtenBytes = 0;
    this.#isAboveHighWater = false;
  }

  #appended(): void {
    if (++this.#framesWaiting >= framesPerWrite) this.flush();
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#schedule(this.#runScheduled);
    }
    if (this.queuedBytes > this.#highWaterBytes) this.#isAboveHighWater = true;
  }

  readonly #runScheduled = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  #writeOut(): void {
    this.#framesWaiting = 0;
    // One part a tick, and two more around each large payload, which is written from where it lies.
    if (this.#buffer.length > 0) for (const bytes of this.#buffer.takeParts()) this.#write(bytes);
    if (this.#chunks.length > 0) this.#cutPiece();
    while (this.#pieces.length > 0 && !this.#isBlocked) this.#writePiece();
  }

  #cutPiece(): void {
    this.#pieceBytes += this.#chunks.length;
    this.#pieces.push(this.#chunks.takeParts());
  }

  /** Whole, however little the duplex still takes: nothing may come between its frames' halves. */
  #writePiece(): void {
    for (const bytes of this.#pieces.shift() ?? []) {
      this.#pieceBytes -= bytes.length;
      this.#write(bytes);
    }
  }

  #write(bytes: Uint8Array): void {
    this.#writtenBytes += bytes.length;
    const mayGoOn = this.#duplex.write(bytes, () => {
      this.#taken(bytes.length);
    });
    this.#isBlocked = !mayGoOn;
  }

  #taken(count: number): void {
    this.#takenBytes += count;
    this.#writtenBytes = Math.max(0, this.#writtenBytes - count);
    if (!this.#isAboveHighWater || this.queuedBytes > this.#lowWaterBytes) return;
    this.#isAboveHighWater = false;
    for (const callback of this.#writableCallbacks) callback();
  }
}
