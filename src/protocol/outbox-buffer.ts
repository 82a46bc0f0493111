// One growing buffer that frames are written straight into, and the lowest writers of MessagePack. A slab is
// written once from front to back: bytes that `take` handed over are never written again, so they need no copy.
// Large payloads are not copied into it but stand between its own parts as they are, so whoever hands them in
// leaves them unchanged. Knows no message; checks no value.

import type { U64 } from "./messages.js";
import { plainBytes } from "./own-bytes.js";

const slabBytes = 65_536;

/** From here on a payload is passed on as it is: a write of its own costs less than its copy. */
export const sharedPayloadBytes = 65_536;

export class OutboxBuffer {
  #slab: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #view = new DataView(this.#slab.buffer);
  #start = 0;
  #end = 0;
  /** What was written before the part of the slab that is being written now, while there are large payloads. */
  #before: Uint8Array[] = [];
  #beforeBytes = 0;

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#beforeBytes + this.#end - this.#start;
  }

  /** Makes room for `count` more bytes. The writers below do not check: reserve what they need before. */
  reserve(count: number): void {
    if (this.#end + count > this.#slab.length) this.#grow(count);
  }

  /** Hands over everything written so far, in parts to be written in this order; the caller owns them. */
  takeParts(): readonly Uint8Array[] {
    this.#closePart();
    const parts = this.#before;
    this.#before = [];
    this.#beforeBytes = 0;
    return parts;
  }

  /** Everything written so far in one piece. */
  take(): Uint8Array {
    const [first = noBytes, ...more] = this.takeParts();
    return more.length === 0 ? first : plainBytes(Buffer.concat([first, ...more]));
  }

  /** Forgets what was written after the first `length` bytes. */
  truncate(length: number): void {
    while (this.#beforeBytes > length) {
      this.#start = this.#end;
      const last = this.#before.pop() ?? noBytes;
      this.#beforeBytes -= last.length;
      const kept = length - this.#beforeBytes;
      if (kept > 0) this.#pushBefore(last.subarray(0, kept));
    }
    this.#end = this.#start + length - this.#beforeBytes;
  }

  /** Writes a u32 over four bytes at `offset` from the first byte not yet taken; they stand in one part. */
  patchU32(offset: number, value: number): void {
    let at = offset;
    for (const part of this.#before) {
      if (at < part.length) {
        new DataView(part.buffer, part.byteOffset).setUint32(at, value);
        return;
      }
      at -= part.length;
    }
    this.#view.setUint32(this.#start + at, value);
  }

  putU8(value: number): void {
    this.#slab[this.#end++] = value;
  }

  putU32(value: number): void {
    this.#view.setUint32(this.#end, value);
    this.#end += 4;
  }

  /** Bytes as they are, without a header. */
  putBytes(bytes: Uint8Array): void {
    this.#slab.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** An unsigned integer in its smallest form: up to 9 bytes. */
  putUint(value: U64): void {
    if (typeof value === "bigint") {
      if (value > 0xffff_ffffn) {
        this.putU8(0xcf);
        this.#view.setBigUint64(this.#end, value);
        this.#end += 8;
        return;
      }
      value = Number(value);
    }
    if (value < 0x80) {
      this.putU8(value);
    } else if (value < 0x100) {
      this.putU8(0xcc);
      this.putU8(value);
    } else if (value < 0x1_0000) {
      this.putU8(0xcd);
      this.#view.setUint16(this.#end, value);
      this.#end += 2;
    } else if (value < 0x1_0000_0000) {
      this.putU8(0xce);
      this.putU32(value);
    } else {
      this.putU8(0xcf);
      this.putU32(Math.floor(value / 0x1_0000_0000));
      this.putU32(value >>> 0);
    }
  }

  /** Header and bytes of a bin: up to 5 bytes more than the bytes, of which large ones need no room reserved. */
  putBin(bytes: Uint8Array): void {
    const length = bytes.length;
    if (length < 0x100) {
      this.putU8(0xc4);
      this.putU8(length);
    } else if (length < 0x1_0000) {
      this.putU8(0xc5);
      this.#view.setUint16(this.#end, length);
      this.#end += 2;
    } else {
      this.putU8(0xc6);
      this.putU32(length);
    }
    if (length < sharedPayloadBytes) {
      this.putBytes(bytes);
      return;
    }
    this.#closePart();
    this.#pushBefore(bytes);
  }

  /** Header of an array: up to 5 bytes. */
  putArrayHeader(length: number): void {
    if (length < 16) {
      this.putU8(0x90 | length);
    } else if (length < 0x1_0000) {
      this.putU8(0xdc);
      this.#view.setUint16(this.#end, length);
      this.#end += 2;
    } else {
      this.putU8(0xdd);
      this.putU32(length);
    }
  }

  #closePart(): void {
    if (this.#end === this.#start) return;
    this.#pushBefore(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #pushBefore(bytes: Uint8Array): void {
    this.#before.push(bytes);
    this.#beforeBytes += bytes.length;
  }

  #grow(count: number): void {
    const used = this.#end - this.#start;
    const size = used + count <= slabBytes ? slabBytes : Math.max(used + count, used * 2);
    const slab = new Uint8Array(size);
    slab.set(this.#slab.subarray(this.#start, this.#end));
    this.#slab = slab;
    this.#view = new DataView(slab.buffer);
    this.#start = 0;
    this.#end = used;
  }
}

const noBytes = new Uint8Array(0);
