// Bytes into frames: a header of 5 bytes, then the payload, however the chunks are cut. Knows lengths and limits,
// not what a payload means.
//
// Whose bytes a payload is: a frame that lies whole in one chunk is handed out as a view of that chunk; a frame
// cut by chunks is gathered in a buffer of its own, which is never used again. So whoever pushes chunks that are
// reused, or keeps a small part for long, copies: `ownBytes` (own-bytes.ts) copies what is less than half of the memory
// that it pins.

import { defaultMaxFrameBytes, frameHeaderBytes } from "./limits.js";
import { plainBytes } from "./own-bytes.js";
import { ProtocolError } from "./protocol-error.js";

const smallestGatherBytes = 1024;
const noBytes = new Uint8Array(0);

export class FrameReader {
  /** The largest payload accepted. May be set from inside `onFrame`; holds for the next header. */
  maxFrameBytes: number;
  readonly #header = new Uint8Array(frameHeaderBytes);
  #headerFilled = 0;
  #body = noBytes;
  #bodyFilled = 0;
  #bodyLength = 0;

  constructor(maxFrameBytes: number = defaultMaxFrameBytes) {
    this.maxFrameBytes = maxFrameBytes;
  }

  get hasPartialFrame(): boolean {
    return this.#headerFilled > 0;
  }

  /** Bytes received of a frame that is not complete, its header included. */
  get partialBytes(): number {
    return this.#headerFilled + this.#bodyFilled;
  }

  /** Throws ProtocolError frame-too-large as soon as a header claims more than `maxFrameBytes`. */
  push(chunk: Uint8Array, onFrame: (code: number, payload: Uint8Array) => void): void {
    const bytes = plainBytes(chunk);
    const end = bytes.length;
    let at = 0;
    while (at < end) {
      if (this.#headerFilled === 0 && end - at >= frameHeaderBytes) {
        const length = this.#lengthOf(bytes, at);
        const next = at + frameHeaderBytes + length;
        if (next <= end) {
          onFrame(bytes[at + 4] ?? 0, bytes.subarray(at + frameHeaderBytes, next));
          at = next;
          continue;
        }
      }
      if (this.#headerFilled < frameHeaderBytes) {
        const taken = Math.min(frameHeaderBytes - this.#headerFilled, end - at);
        this.#header.set(bytes.subarray(at, at + taken), this.#headerFilled);
        this.#headerFilled += taken;
        at += taken;
        if (this.#headerFilled < frameHeaderBytes) return;
        this.#bodyLength = this.#lengthOf(this.#header, 0);
      }
      const taken = Math.min(this.#bodyLength - this.#bodyFilled, end - at);
      this.#gather(bytes.subarray(at, at + taken));
      at += taken;
      if (this.#bodyFilled === this.#bodyLength) this.#emit(onFrame);
    }
  }

  #lengthOf(bytes: Uint8Array, at: number): number {
    const length =
      (bytes[at] ?? 0) * 0x100_0000 +
      (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    if (length > this.maxFrameBytes) {
      throw new ProtocolError(
        "frame-too-large",
        `A frame claims ${String(length)} bytes of payload, but the limit of this link is ${String(this.maxFrameBytes)}.`,
      );
    }
    return length;
  }

  /** Grows fourfold with what was received, up to the frame's length, never ahead to the length claimed. */
  #gather(part: Uint8Array): void {
    const filled = this.#bodyFilled + part.length;
    if (filled > this.#body.length) {
      const wanted = Math.max(filled, this.#body.length * 4, smallestGatherBytes);
      const grown = new Uint8Array(Math.min(wanted, this.#bodyLength));
      grown.set(this.#body.subarray(0, this.#bodyFilled));
      this.#body = grown;
    }
    this.#body.set(part, this.#bodyFilled);
    this.#bodyFilled = filled;
  }

  #emit(onFrame: (code: number, payload: Uint8Array) => void): void {
    const payload = this.#body;
    this.#body = noBytes;
    this.#headerFilled = 0;
    this.#bodyFilled = 0;
    this.#bodyLength = 0;
    onFrame(this.#header[4] ?? 0, payload);
  }
}
