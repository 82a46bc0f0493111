// The input of one call on its way from the caller to the worker, and the rules that both are held to. What comes before
// the call has a worker is held: no more than the credit lets a caller send, 1 MiB or one larger chunk. Passes bytes on
// unread.

import type { CallId } from "../ids.js";
import { maxWindowChunks, StreamCredit } from "../protocol/credit.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import type { InputMessage, WorkerPort } from "./worker-state.js";

export class CallInput {
  readonly #callId: CallId;
  /** Null until it has started. */
  #credit: StreamCredit | null = null;
  #isEnded = false;
  /** Null while the call has no worker. */
  #port: WorkerPort | null = null;
  #held: InputMessage[] = [];
  /** The worker was told that no more comes, although the caller goes on. */
  #isCutOff = false;

  constructor(callId: CallId) {
    this.#callId = callId;
  }

  /** True while it is the caller's turn: the worker has read all that came, and there may be more. */
  get isAwaited(): boolean {
    return !this.#isEnded && (this.#credit === null || this.#credit.unackedChunks === 0);
  }

  /** Something came from the caller. Returns null, or its breach: the rest of a sentence. */
  receive(message: InputMessage): string | null {
    const breach = this.#check(message);
    if (breach !== null) return breach;
    const own = { ...message, requestId: this.#callId };
    if (this.#port === null) this.#held.push(own);
    else this.#pass(own, this.#port);
    return null;
  }

  /** The worker has come so far. Returns null, or the worker's breach. */
  acknowledge(sequence: number | bigint, window: number): string | null {
    return this.#credit === null
      ? "a StreamAck came before its input had started"
      : this.#credit.acknowledge(sequence, window);
  }

  /** The call was sent to this worker: what was held follows. */
  sendTo(port: WorkerPort): void {
    this.#port = port;
    const held = this.#held;
    this.#held = [];
    for (const message of held) this.#pass(message, port);
  }

  #check(message: InputMessage): string | null {
    if (this.#isEnded) return `a ${message.type} came after its end`;
    if (message.type === "StreamStart") return this.#start(message.window);
    if (this.#credit === null) return `a ${message.type} came before its StreamStart`;
    if (message.type === "StreamChunk") return this.#credit.receive(message.sequence, message.data.length);
    if (message.type === "StreamEnd") {
      const breach = this.#credit.end(message.totalChunks);
      if (breach !== null) return breach;
    }
    this.#isEnded = true;
    return null;
  }

  #start(window: number): string | null {
    if (this.#credit !== null) return "it started twice";
    if (window < 1 || window > maxWindowChunks)
      return `its window was ${String(window)}, but 1 to ${String(maxWindowChunks)} are allowed`;
    this.#credit = new StreamCredit(window);
    return null;
  }

  /** What does not fit into the worker's frames ends the input, as the caller's own failure does. */
  #pass(message: InputMessage, port: WorkerPort): void {
    if (this.#isCutOff) return;
    try {
      port.sendInput(message);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      this.#isCutOff = true;
      port.sendInput(this.#insteadOf(message, port.maxFrameBytes));
    }
  }

  /** As much of it as the smallest frame has room for. */
  #insteadOf(message: InputMessage, limitBytes: number): InputMessage {
    const bytes = message.type === "StreamChunk" ? message.data.length : 0;
    const tooLarge = `An item of the input has ${String(bytes)} bytes, but a frame of this worker's link holds ${String(limitBytes)} at most.`;
    const [code, text] = message.type === "StreamError" ? [message.code, message.message] : [1004, tooLarge];
    const isRoomFor = text.length * 3 + 64 <= limitBytes;
    const said = isRoomFor ? text : text.slice(0, 16);
    return { type: "StreamError", requestId: this.#callId, code, message: said };
  }
}
