// Chunks into messages: frames, then payloads, then one error for good. Knows how a decoder fails; frame.ts and
// codec.ts know what the bytes mean.

import { decodeWire, toMessage } from "./codec.js";
import { FrameReader } from "./frame.js";
import { defaultMaxFrameBytes } from "./limits.js";
import type { Message, WireMessage } from "./messages.js";
import { ownBytes } from "./own-bytes.js";
import { isProtocolError, ProtocolError } from "./protocol-error.js";

export interface DecoderOptions {
  /** The largest payload accepted, in bytes. Default 104 857 600. */
  readonly maxFrameBytes?: number;
}

/** The runtime's own: an Invoke keeps its context as bytes, and all bytes may be views of the chunk. */
export class WireDecoder {
  readonly #frames: FrameReader;
  #failure: ProtocolError | undefined;
  #decoded: WireMessage[] = [];
  readonly #onFrame = (code: number, payload: Uint8Array): void => {
    this.#decoded.push(decodeWire(code, payload));
  };

  constructor(options: DecoderOptions = {}) {
    this.#frames = new FrameReader(options.maxFrameBytes ?? defaultMaxFrameBytes);
  }

  get maxFrameBytes(): number {
    return this.#frames.maxFrameBytes;
  }

  /** Holds from the next header on that `push` looks at. */
  set maxFrameBytes(bytes: number) {
    this.#frames.maxFrameBytes = bytes;
  }

  get hasPartialFrame(): boolean {
    return this.#frames.hasPartialFrame;
  }

  /** Bytes received of a frame that is not complete, its header included. */
  get partialBytes(): number {
    return this.#frames.partialBytes;
  }

  /** After `push` threw: the messages of that chunk that were whole and right before the bad frame. */
  get messagesBeforeError(): readonly WireMessage[] {
    return this.#decoded;
  }

  /** Throws ProtocolError, and the same one for every later chunk. */
  push(chunk: Uint8Array): readonly WireMessage[] {
    if (this.#failure !== undefined) throw this.#failure;
    this.#decoded = [];
    try {
      this.#frames.push(chunk, this.#onFrame);
    } catch (error) {
      if (isProtocolError(error)) this.#failure = error;
      throw error;
    }
    const decoded = this.#decoded;
    this.#decoded = [];
    return decoded;
  }
}

/**
 * Takes the bytes of one connection in chunks of any size and gives the messages that they complete. Bytes in
 * messages are copies, or views of memory that is never written again: a chunk may be reused after `push`.
 */
export class Decoder {
  readonly #wire: WireDecoder;
  #failure: ProtocolError | undefined;

  constructor(options: DecoderOptions = {}) {
    this.#wire = new WireDecoder(options);
  }

  /** Throws ProtocolError (its `messages` are those before the bad frame), and the same for every later chunk. */
  push(chunk: Uint8Array): Message[] {
    if (this.#failure !== undefined) throw this.#failure;
    const memory = chunk.buffer;
    try {
      return this.#wire.push(chunk).map((message) => detach(toMessage(message), memory));
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      const before = this.#wire.messagesBeforeError.map((message) => detach(toMessage(message), memory));
      this.#failure = new ProtocolError(error.reason, error.message, before);
      throw this.#failure;
    }
  }
}

/** The message with bytes that neither share the chunk's memory nor pin more than twice their size. */
function detach(message: Message, memory: ArrayBufferLike): Message {
  const own = (bytes: Uint8Array): Uint8Array => (bytes.buffer === memory ? bytes.slice() : ownBytes(bytes));
  switch (message.type) {
    case "Invoke":
      return { ...message, params: own(message.params) };
    case "InvokeResult":
      return { ...message, result: own(message.result) };
    case "InvokeError":
      return message.details === null ? message : { ...message, details: own(message.details) };
    case "StreamChunk":
      return { ...message, data: own(message.data) };
    default:
      return message;
  }
}
