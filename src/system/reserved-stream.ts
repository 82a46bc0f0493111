// One reader of a feed, as a call that streams: items go out as its credit allows, what it was too slow for is
// counted and told, and it has one end. The supervisor's side; the reader is any caller that dispatch knows as well.

import type { Caller, CallFailure, StreamCaller } from "../dispatch/call.js";
import * as failures from "../dispatch/failures.js";
import type { CallId } from "../ids.js";
import { StreamCredit } from "../protocol/credit.js";
import type { U64 } from "../protocol/messages.js";
import type { Clock, TimerHandle } from "../time.js";
import type { Feed } from "./feed.js";

/** What a reserved stream reads: which places of a feed, and the item that stands for those which were lost. */
export class StreamSource {
  constructor(
    readonly functionName: string,
    readonly feed: Feed,
    readonly from: number,
    /** The place before which the stream ends; Infinity: it goes on for as long as the feed does. */
    readonly until: number,
    readonly lost: (count: number) => Uint8Array,
    /** How many items go out before the first is acknowledged: by default as many as workers send ahead. */
    readonly windowChunks = 64,
  ) {}

  /** Why nobody more may read it; null: one may. */
  refusal(): CallFailure | null {
    return null;
  }

  /** What a reader gets before the feed's items, and again after it lost some: then the feed goes on at its end. */
  opening(): readonly Uint8Array[] {
    return [];
  }
}

export type StreamingCaller = Caller & { readonly streams: StreamCaller };

export class ReservedStream {
  readonly #source: StreamSource;
  readonly #caller: StreamingCaller;
  readonly #requestId: U64;
  readonly #clock: Clock;
  readonly #onOver: () => void;
  readonly #credit: StreamCredit;
  #place: number;
  /** Last item first. */
  #opening: Uint8Array[] = [];
  #unfollow: () => void = () => undefined;
  #timer: TimerHandle;
  #isPumping = false;
  #isOver = false;

  /** `onOver` is called before the caller hears of the end, and when there is nobody to hear of it. */
  constructor(
    source: StreamSource,
    caller: StreamingCaller,
    requestId: U64,
    clock: Clock,
    onOver: () => void,
  ) {
    this.#source = source;
    this.#caller = caller;
    this.#requestId = requestId;
    this.#clock = clock;
    this.#onOver = onOver;
    this.#place = source.from;
    this.#credit = new StreamCredit(source.windowChunks);
  }

  start(timeoutMs: number | undefined): void {
    const { feed, functionName } = this.#source;
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#fail(failures.timedOut(functionName, timeoutMs, "answer"));
      }, timeoutMs);
    }
    this.#unfollow = feed.follow({
      moved: () => {
        this.#pump();
      },
      closed: (hasFailed) => {
        if (hasFailed) this.#fail(failures.ended("failed", functionName, true));
        else this.end();
      },
    });
    this.#opening = [...this.#source.opening()].reverse();
    this.#caller.streams.started(this.#requestId, this.#source.windowChunks);
    this.#pump();
  }

  /** Returns null, or the reader's breach: the rest of a sentence. */
  acknowledge(sequence: U64, window: number): string | null {
    const breach = this.#credit.acknowledge(sequence, window);
    if (breach === null) this.#pump();
    return breach;
  }

  cancel(): void {
    this.#fail(failures.cancelled(this.#source.functionName, true));
  }

  /** Ends it as complete, whatever its reader has not taken. */
  end(): void {
    if (this.#isOver) return;
    this.stop();
    this.#caller.streams.ended(this.#requestId, this.#credit.chunks);
  }

  /** Ends it without a word. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unfollow();
    this.#clock.clearTimeout(this.#timer);
    this.#onOver();
  }

  #fail(failure: CallFailure): void {
    if (this.#isOver) return;
    this.stop();
    this.#caller.fail(this.#requestId, failure, 0 as CallId);
  }

  /** A reader in this process acknowledges while it is handed an item, and must not start another round. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isOver && this.#sendNext());
    this.#isPumping = false;
    if (this.#place >= this.#source.until) this.end();
  }

  /** False when there is nothing to send, or no credit for it. */
  #sendNext(): boolean {
    const { feed, until, lost } = this.#source;
    const first = this.#opening.at(-1);
    if (first !== undefined) {
      if (!this.#credit.maySend(first.length)) return false;
      this.#opening.pop();
      this.#send(first);
      return true;
    }
    const item = this.#place < until ? feed.at(this.#place) : undefined;
    if (item !== undefined) {
      if (!this.#credit.maySend(item.length)) return false;
      this.#place += 1;
      this.#send(item);
      return true;
    }
    const next = Math.min(feed.first, until);
    if (next <= this.#place || !this.#credit.maySend(lost(feed.end - this.#place).length)) return false;
    this.#opening = [...this.#source.opening()].reverse();
    // What it begins with is the present, so that all before is what it has missed.
    const heardTo = this.#opening.length > 0 ? feed.end : next;
    const data = lost(heardTo - this.#place);
    this.#place = heardTo;
    this.#send(data);
    return true;
  }

  #send(data: Uint8Array): void {
    const sequence = this.#credit.send(data.length);
    const refusal = this.#caller.streams.chunk(this.#requestId, sequence, data);
    if (refusal !== null) this.#fail(refusal);
  }
}
