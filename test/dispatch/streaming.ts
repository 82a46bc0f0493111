// What the tests of streams in dispatch stand on: one worker that says what a test has it say, and one caller.

import { expect } from "@jest/globals";
import type { CallId } from "../../src/ids.js";
import { createBench, id, StreamingCaller, type Bench, type BenchLimits } from "./scripted.js";

const chunkOf = (bytes: number) => new Uint8Array(bytes);

/** One worker, one caller that takes streams. */
export function setUp(limits: BenchLimits = {}) {
  const bench = createBench(limits);
  const port = bench.attach(1);
  bench.ready(1);
  const caller = new StreamingCaller();
  const { streams } = bench.dispatcher;
  /** Opens a stream as the next request, 1 and up; returns the supervisor's id of it. */
  const open = (timeoutMs?: number): CallId => bench.callAs(caller, "s", timeoutMs) as CallId;
  const start = (requestId: number, window = 4) => {
    streams.onStart(id(1), { type: "StreamStart", requestId, window });
  };
  const chunk = (requestId: number, sequence: number | bigint, bytes = 1) => {
    streams.onChunk(id(1), { type: "StreamChunk", requestId, sequence, data: chunkOf(bytes) });
  };
  const end = (requestId: number, totalChunks: number | bigint) => {
    streams.onEnd(id(1), { type: "StreamEnd", requestId, totalChunks });
  };
  const ack = (callId: CallId, sequence: number, window: number) =>
    bench.dispatcher.acknowledge(callId, sequence, window);
  return { bench, port, caller, open, start, chunk, end, ack };
}

/** Nothing is held: slots and permits are back, and the worker has nothing to do. */
export function atRest({ dispatcher, journal }: Bench): void {
  expect([dispatcher.inFlight, dispatcher.queued]).toEqual([0, 0]);
  for (const { inFlight } of dispatcher.functions) expect(inFlight).toBe(0);
  for (const instance of dispatcher.workers.instances())
    expect(dispatcher.workers.get(instance)?.inFlight).toBe(0);
  const kinds = [...journal.entries()].map(({ kind }) => kind);
  const count = (kind: string) => kinds.filter((each) => each === kind).length;
  expect(count("credit")).toBe(count("stream"));
}

export type World = ReturnType<typeof setUp>;
