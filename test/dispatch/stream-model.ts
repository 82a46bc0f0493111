// Streams in a random run: what workers send and callers acknowledge, held against the credit that the model of the wire
// knows. Everything a caller gets and says goes into the history.

import type { CallId } from "../../src/ids.js";
import type { HostEvent } from "../../src/testing/history/events.js";
import { CreditModel } from "../protocol/credit-model.js";
import type { ModelCall } from "./random-model.js";
import { id, StreamingCaller, type Bench, type ScriptedCaller } from "./scripted.js";

export class StreamModel {
  readonly #bench: Bench;
  readonly #host: HostEvent[];
  readonly #streams = new Map<number, CreditModel>();
  /** What the runs got to see. */
  readonly seen = new Set<string>();

  constructor(bench: Bench, host: HostEvent[], callers: readonly ScriptedCaller[]) {
    this.#bench = bench;
    this.#host = host;
    for (const caller of callers) {
      if (!(caller instanceof StreamingCaller)) continue;
      caller.onStream = (requestId, what) => {
        const at = { callerId: caller.callerId, requestId, atMs: bench.clock.now() };
        if ("window" in what) host.push({ kind: "stream", ...at, window: what.window });
        else host.push({ kind: "chunk", ...at, ...what });
      };
    }
  }

  hasStarted(callId: number): boolean {
    return this.#streams.has(callId);
  }

  /** Sends what the credit allows, starting the stream first. */
  send(instance: number, callId: number, count: number, bytes: number): void {
    const { streams } = this.#bench.dispatcher;
    let credit = this.#streams.get(callId);
    if (credit === undefined) {
      const window = 1 + (callId % 3);
      credit = new CreditModel(window);
      this.#streams.set(callId, credit);
      streams.onStart(id(instance), { type: "StreamStart", requestId: callId, window });
    }
    for (let n = 0; n < count && credit.maySend(bytes); n++) {
      const data = new Uint8Array(bytes);
      const sequence = credit.sent;
      credit.chunk(bytes);
      streams.onChunk(id(instance), { type: "StreamChunk", requestId: callId, sequence, data });
    }
  }

  end(instance: number, callId: number): void {
    this.seen.add("stream ended");
    const totalChunks = this.#streams.get(callId)?.sent ?? 0;
    this.#bench.dispatcher.streams.onEnd(id(instance), { type: "StreamEnd", requestId: callId, totalChunks });
  }

  /** Sends an item that is not due, of a stream or of a call that has none. */
  exceed(instance: number, callId: number): void {
    const sequence = (this.#streams.get(callId)?.sent ?? 0) + 1;
    this.seen.add("stream broke");
    const data = new Uint8Array(0);
    this.#bench.dispatcher.streams.onChunk(id(instance), {
      type: "StreamChunk",
      requestId: callId,
      sequence,
      data,
    });
  }

  /** The caller of one of these calls has consumed a part of what lies there. */
  acknowledge(calls: readonly ModelCall[], pick: number, part: number, window: number): void {
    const reading = calls.filter(({ callId, isAnswered }) => !isAnswered && this.#sent(callId) > 0);
    const call = reading[pick % Math.max(reading.length, 1)];
    const credit = call && this.#streams.get(call.callId);
    if (call === undefined || credit === undefined) return;
    const { callId, callerId, requestId } = call;
    const sequence = Math.max(0, credit.acked + Math.ceil(part * (credit.sent - 1 - credit.acked)));
    credit.acknowledge(sequence, window);
    this.seen.add("stream acknowledged");
    this.#host.push({ kind: "ack", callerId, requestId, sequence, window, atMs: this.#bench.clock.now() });
    const breach = this.#bench.dispatcher.acknowledge(callId as CallId, sequence, window);
    if (breach !== null) throw new Error(`An ack that the model allows is a breach: ${breach}`);
  }

  #sent(callId: number): number {
    return this.#streams.get(callId)?.sent ?? 0;
  }
}
