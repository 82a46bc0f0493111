// What the tests of a worker's streams stand on: one that is served for each test, and what came of each request, in short.

import { afterEach } from "@jest/globals";
import type { Message } from "../../src/protocol/index.js";
import { decodeValue } from "../../src/protocol/values.js";
import { serve, type Functions, type Served } from "./served.js";

/** What came of a request, in short. */
export function shown(message: Message): string {
  switch (message.type) {
    case "StreamStart":
      return `start ${String(message.window)}`;
    case "StreamChunk":
      return `${String(message.sequence)}: ${JSON.stringify(decodeValue(message.data))}`;
    case "StreamEnd":
      return `end ${String(message.totalChunks)}`;
    case "InvokeError":
      return `error ${String(message.code)}`;
    default:
      return message.type;
  }
}

export const ackOf = (requestId: number, ackSequence: number, window: number): Message => ({
  type: "StreamAck",
  requestId,
  ackSequence,
  window,
});

/** To be called once in a file of tests. */
export function useServed() {
  let served: Served | null = null;
  const now = (): Served => {
    if (served === null) throw new Error("Nothing is served yet.");
    return served;
  };
  afterEach(async () => {
    await served?.close();
  });
  const activeRequests = async (): Promise<number> => {
    now().peer.send({ type: "HealthCheck" });
    return (await now().peer.next("HealthStatus")).activeRequests;
  };
  return {
    /** The worker of the test that runs. */
    on: {
      get peer() {
        return now().peer;
      },
      get socket() {
        return now().socket;
      },
      get happened() {
        return now().happened;
      },
    },
    async start(functions: Functions, windowChunks = 4, maxFrameBytes = 1_000_000): Promise<void> {
      served = await serve(functions, windowChunks, maxFrameBytes);
    },
    came: (requestId: number): string[] =>
      now()
        .peer.received.filter((message) => "requestId" in message && message.requestId === requestId)
        .map(shown),
    /** Round trips: whatever the worker had to say before is here. */
    async settled(): Promise<void> {
      for (let round = 0; round < 3; round++) await activeRequests();
    },
    activeRequests,
  };
}
