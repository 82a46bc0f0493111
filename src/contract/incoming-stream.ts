// The receiving end of one stream: chunks come in, items go out at the pace of whoever reads them, and what was read is
// acknowledged. Knows credit and values, but neither link nor call; the same in a caller and in a worker.

import { AckPolicy, maxWindowChunks, StreamCredit } from "../protocol/credit.js";

export interface IncomingPorts {
  /** An item from a chunk's bytes; what it throws ends the stream. */
  readonly decode: (data: Uint8Array) => unknown;
  readonly acknowledge: (sequence: number, window: number) => void;
  /** The reader wants no more, or `decode` threw. Called at most once, and never after the end. */
  readonly cancel: () => void;
  /** A reader begins to wait for an item. */
  readonly awaited?: () => void;
  /** It is over, and nothing of it is left to be read. May be called again. */
  readonly emptied?: () => void;
}

type Step = IteratorResult<unknown, undefined>;

interface Reading {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: unknown) => void;
}

const over: Step = { done: true, value: undefined };

export class IncomingStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #ports: IncomingPorts;
  #credit: StreamCredit | null = null;
  #policy: AckPolicy | null = null;
  /** Received and not read; those before `#head` are gone. */
  #chunks: Uint8Array[] = [];
  #head = 0;
  readonly #readers: Reading[] = [];
  #isEnded = false;
  /** Told to the first reader that comes after the last item. */
  #failure: { readonly error: unknown } | null = null;
  /** The one item of a call that was no stream after all. */
  #single: { readonly value: unknown } | null = null;

  constructor(ports: IncomingPorts) {
    this.#ports = ports;
  }

  /** True while a reader waits for an item that has not come. */
  get isAwaited(): boolean {
    return this.#readers.length > 0 && !this.#isEnded;
  }

  // — what the link says; the checks return null, or a breach: the rest of a sentence —

  start(window: number): string | null {
    if (this.#credit !== null) return "it started twice";
    if (window < 1 || window > maxWindowChunks)
      return `it started with a window of ${String(window)}, but 1 to ${String(maxWindowChunks)} are allowed`;
    this.#credit = new StreamCredit(window);
    this.#policy = new AckPolicy(window);
    return null;
  }

  chunk(sequence: number | bigint, data: Uint8Array): string | null {
    if (this.#credit === null) return "a chunk came before its start";
    const breach = this.#credit.receive(sequence, data.length);
    if (breach !== null || this.#isEnded) return breach;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#chunks.push(data);
    else this.#hand(data, reader);
    return null;
  }

  end(totalChunks: number | bigint): string | null {
    if (this.#credit === null) return "it ended before its start";
    const breach = this.#credit.end(totalChunks);
    if (breach === null) this.#close(null);
    return breach;
  }

  /** The call came to a result instead: that is the one item. */
  single(value: unknown): void {
    if (this.#isEnded) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#single = { value };
    else reader.resolve({ done: false, value });
    this.#close(null);
  }

  /** What has come is still read; the error follows it. */
  fail(error: unknown): void {
    if (!this.#isEnded) this.#close({ error });
  }

  /** As `fail`, but what was not read is dropped: the reader itself wanted it. */
  abort(error: unknown): void {
    if (this.#isEnded && this.#waiting === 0) return;
    this.#drop();
    this.#close({ error });
  }

  // — the reader's side —

  next(): Promise<Step> {
    const data = this.#chunks[this.#head];
    if (data !== undefined) {
      this.#shift();
      return new Promise((resolve, reject) => {
        this.#hand(data, { resolve, reject });
      });
    }
    if (this.#single !== null) {
      const step: Step = { done: false, value: this.#single.value };
      this.#drop();
      return Promise.resolve(step);
    }
    if (this.#isEnded) return this.#afterEnd();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (this.#readers.length === 1) this.#ports.awaited?.();
    });
  }

  /** The reader breaks out: nothing more comes, and the producer is told. */
  return(): Promise<Step> {
    const wasEnded = this.#isEnded;
    this.#drop();
    this.#close(null);
    this.#failure = null;
    if (!wasEnded) this.#ports.cancel();
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get #waiting(): number {
    return this.#chunks.length - this.#head + (this.#single === null ? 0 : 1);
  }

  #shift(): void {
    this.#head += 1;
    if (this.#head < this.#chunks.length) return;
    this.#chunks = [];
    this.#head = 0;
    this.#tellWhenEmpty();
  }

  #drop(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#single = null;
    this.#tellWhenEmpty();
  }

  #tellWhenEmpty(): void {
    if (this.#isEnded && this.#waiting === 0) this.#ports.emptied?.();
  }

  #hand(data: Uint8Array, reader: Reading): void {
    let value: unknown;
    try {
      value = this.#ports.decode(data);
    } catch (error) {
      const wasEnded = this.#isEnded;
      this.#drop();
      this.#close(null);
      reader.reject(error);
      if (!wasEnded) this.#ports.cancel();
      return;
    }
    reader.resolve({ done: false, value });
    if (this.#isEnded || this.#credit === null || this.#policy === null) return;
    const sequence = this.#policy.consume(data.length, this.#credit.chunks);
    if (sequence === null) return;
    this.#credit.acknowledge(sequence, this.#policy.window);
    this.#ports.acknowledge(sequence, this.#policy.window);
  }

  #close(failure: { readonly error: unknown } | null): void {
    if (this.#isEnded) {
      // Aborted while what had come before the end was still being read.
      if (failure !== null && this.#waiting === 0) this.#failure = failure;
      return;
    }
    this.#isEnded = true;
    this.#failure = failure;
    for (const { resolve, reject } of this.#readers.splice(0)) this.#afterEnd().then(resolve, reject);
    this.#tellWhenEmpty();
  }

  #afterEnd(): Promise<Step> {
    const failure = this.#failure;
    this.#failure = null;
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a caller gave as its reason
    return failure === null ? Promise.resolve(over) : Promise.reject(failure.error);
  }
}
