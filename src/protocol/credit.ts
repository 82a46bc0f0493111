// The flow control of a stream, seen from both ends: which chunks may be sent, which may be received, and what an
// acknowledgement has to say. Absolute credit, as docs/reference/protocol.md has it. Pure: counts, and knows no link.

/** The most chunks that one acknowledgement, or the start of a stream, may grant beyond what was consumed. */
export const maxWindowChunks = 1024;

/** Chunk data that may be unacknowledged at any time, in bytes; one larger chunk may travel alone. */
export const maxUnackedBytes = 1_048_576;

/** Consumed data after which the consumer acknowledges, whatever its window. */
const ackAfterBytes = maxUnackedBytes / 2;

/** The sizes of the chunks that are not acknowledged, oldest first. A ring, so that a chunk costs no allocation. */
class UnackedSizes {
  #sizes = new Float64Array(64);
  #first = 0;
  count = 0;
  bytes = 0;

  push(bytes: number): void {
    if (this.count === this.#sizes.length) this.#grow();
    this.#sizes[(this.#first + this.count) & (this.#sizes.length - 1)] = bytes;
    this.count += 1;
    this.bytes += bytes;
  }

  /** The bytes of the `chunks` oldest, which are forgotten. */
  drop(chunks: number): number {
    let dropped = 0;
    for (let n = 0; n < chunks; n++) {
      dropped += this.#sizes[this.#first] ?? 0;
      this.#first = (this.#first + 1) & (this.#sizes.length - 1);
    }
    this.count -= chunks;
    this.bytes -= dropped;
    return dropped;
  }

  #grow(): void {
    const larger = new Float64Array(this.#sizes.length * 2);
    for (let n = 0; n < this.count; n++)
      larger[n] = this.#sizes[(this.#first + n) & (this.#sizes.length - 1)] ?? 0;
    this.#sizes = larger;
    this.#first = 0;
  }
}

/**
 * What one direction of a stream has sent and acknowledged. The producer keeps one to know what it may send, the consumer and
 * everybody between them to know what the others may. The two checks return null, or a breach: the rest of a sentence.
 */
export class StreamCredit {
  readonly #unacked = new UnackedSizes();
  #nextSequence = 0;
  #ackedThrough = -1;
  /** The highest sequence that the newest acknowledgement allows. */
  #allowedThrough: number;
  /** The highest that any allowed: what was sent before a smaller grant arrived is no breach. */
  #everAllowedThrough: number;

  /** `window` is what StreamStart granted: sequences 0 to window - 1. */
  constructor(window: number) {
    this.#allowedThrough = window - 1;
    this.#everAllowedThrough = window - 1;
  }

  /** Chunks that were sent. */
  get chunks(): number {
    return this.#nextSequence;
  }

  /** Chunks sent and not acknowledged. */
  get unackedChunks(): number {
    return this.#unacked.count;
  }

  get unackedBytes(): number {
    return this.#unacked.bytes;
  }

  /** True when the next chunk may be sent, were it small. */
  get hasWindow(): boolean {
    return this.#nextSequence <= this.#allowedThrough;
  }

  /** True when a chunk of so many bytes may be sent now. */
  maySend(bytes: number): boolean {
    return this.hasWindow && this.#fits(bytes);
  }

  /** Notes a chunk that is sent; returns its sequence. */
  send(bytes: number): number {
    this.#unacked.push(bytes);
    return this.#nextSequence++;
  }

  /** A chunk came. Counts it, unless it is a breach. */
  receive(sequence: number | bigint, bytes: number): string | null {
    if (sequence !== this.#nextSequence)
      return `its chunk ${String(sequence)} came where ${String(this.#nextSequence)} was due`;
    if (sequence > this.#everAllowedThrough)
      return `its chunk ${String(sequence)} was beyond the ${String(this.#everAllowedThrough)} that was granted`;
    if (!this.#fits(bytes))
      return `its chunk of ${String(bytes)} bytes made more than ${String(maxUnackedBytes)} unacknowledged`;
    this.send(bytes);
    return null;
  }

  /** The stream came to its end. */
  end(totalChunks: number | bigint): string | null {
    if (totalChunks === this.#nextSequence) return null;
    return `it ended with a total of ${String(totalChunks)} chunks after ${String(this.#nextSequence)}`;
  }

  /** An acknowledgement: everything up to `sequence` was consumed, `window` more may come. */
  acknowledge(sequence: number | bigint, window: number): string | null {
    if (window > maxWindowChunks)
      return `a StreamAck granted ${String(window)} chunks, more than ${String(maxWindowChunks)}`;
    if (sequence >= this.#nextSequence)
      return `a StreamAck was of chunk ${String(sequence)}, but ${String(this.#nextSequence)} were sent`;
    if (sequence < this.#ackedThrough)
      return `a StreamAck of chunk ${String(sequence)} came after one of ${String(this.#ackedThrough)}`;
    const through = Number(sequence);
    this.#unacked.drop(through - this.#ackedThrough);
    this.#ackedThrough = through;
    this.#allowedThrough = through + window;
    this.#everAllowedThrough = Math.max(this.#everAllowedThrough, this.#allowedThrough);
    return null;
  }

  #fits(bytes: number): boolean {
    return this.#unacked.count === 0 || this.#unacked.bytes + bytes <= maxUnackedBytes;
  }
}

/**
 * When a consumer has to acknowledge: after half a window, half the bytes, or all that it has received. Returns what
 * to say, or null while nothing is due.
 */
export class AckPolicy {
  readonly #every: number;
  #consumed = 0;
  #sinceChunks = 0;
  #sinceBytes = 0;

  constructor(readonly window: number) {
    this.#every = Math.max(1, window >> 1);
  }

  /** One more chunk was consumed, of `received` that have come. Returns the sequence to acknowledge, or null. */
  consume(bytes: number, received: number): number | null {
    this.#consumed += 1;
    this.#sinceChunks += 1;
    this.#sinceBytes += bytes;
    const isDue =
      this.#sinceChunks >= this.#every || this.#sinceBytes >= ackAfterBytes || this.#consumed === received;
    if (!isDue) return null;
    this.#sinceChunks = 0;
    this.#sinceBytes = 0;
    return this.#consumed - 1;
  }
}
