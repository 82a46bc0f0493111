// What the tests of one host connection stand on: a dispatcher with a worker that a test plays, a clock that it moves,
// and hosts over the in-memory twin of a socket, which hands on no byte before the host reads it.

import { defaults } from "../../src/config/defaults.js";
import { Dispatcher } from "../../src/dispatch/dispatcher.js";
import { Journal } from "../../src/dispatch/journal.js";
import type { InputMessage, WorkerPort } from "../../src/dispatch/worker-state.js";
import { HostConnection } from "../../src/host/connection.js";
import { type InstanceId, workerId } from "../../src/ids.js";
import { encode, Decoder, type Invoke, type Message, type U64 } from "../../src/protocol/index.js";
import type { StreamChunk, StreamEnd, StreamStart } from "../../src/protocol/messages.js";
import { encodeValue } from "../../src/protocol/values.js";
import { createMemoryPair, type MemoryPairOptions } from "../../src/transport/memory-duplex.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

const instance = 1 as InstanceId;
export const noContext = { traceId: 0, spanId: 0, headers: [], auth: null } as const;

export function world(exportedName = "f", isStreaming = false, pairOptions: MemoryPairOptions = {}) {
  const clock = createVirtualClock();
  const sent: number[] = [];
  const cancelled: number[] = [];
  const inputs: InputMessage[] = [];
  const acks: (readonly [sequence: number, window: number])[] = [];
  const port: WorkerPort = {
    instance,
    workerId: workerId("app", 1),
    pid: 1,
    canCancel: true,
    canStream: true,
    maxFrameBytes: 1_000_000,
    queuedBytes: 0,
    maxQueuedBytes: 1_000_000,
    maxCalls: Infinity,
    locate: null,
    sendInvoke: (callId) => sent.push(callId),
    canTakeInput: true,
    sendInput: (message) => inputs.push(message),
    sendAck: (_, sequence, window) => acks.push([sequence, window]),
    sendCancel: (callId) => cancelled.push(callId),
  };
  const dispatcher = new Dispatcher({
    clock,
    journal: new Journal(256),
    limits: {
      maxInFlight: 100,
      maxInFlightPerFunction: 100,
      maxQueue: 0,
      maxQueueWaitMs: 1000,
      defaultTimeoutMs: 60_000,
      cancelGraceMs: 1000,
      idleTimeoutMs: 0,
    },
    breaker: { policy: defaults.breaker, onFact: () => undefined },
    onOverdue: () => undefined,
    onWorn: () => undefined,
    onBreach: () => undefined,
  });
  const metadata = {
    name: exportedName,
    isAsync: true,
    isStreaming,
    paramsSchema: "{}",
    returnSchema: "{}",
  };
  dispatcher.workers.attach(port);
  dispatcher.publish({
    admission: "open",
    pools: new Map([["app", { ready: [instance], outlook: null, exports: [metadata] }]]),
  });
  const refused: string[] = [];
  const faults: unknown[] = [];
  const asked: string[] = [];
  let connections = 0;

  return {
    clock,
    dispatcher,
    sent,
    cancelled,
    /** What the worker was sent of inputs. */
    inputs,
    acks,
    refused,
    faults,
    asked,
    /** The worker's answer to the n-th call it was sent, counted from 0. */
    answer: (place: number, result = new Uint8Array(0)) => {
      dispatcher.onResult(instance, sent[place] ?? 0, result, 1);
    },
    /** What the worker says of a stream; the id is the place of its call, counted from 0. */
    stream: (message: StreamStart | StreamChunk | StreamEnd) => {
      const { streams } = dispatcher;
      const requestId = sent[Number(message.requestId)] ?? 0;
      if (message.type === "StreamStart") streams.onStart(instance, { ...message, requestId });
      else if (message.type === "StreamChunk") streams.onChunk(instance, { ...message, requestId });
      else streams.onEnd(instance, { ...message, requestId });
    },
    fail: (place: number, details: Uint8Array | null = null) => {
      const rest = { code: 2000, kind: "User", message: "it threw", details } as const;
      dispatcher.onError(instance, { type: "InvokeError", requestId: sent[place] ?? 0, ...rest });
    },
    connect: () => {
      const [left, right] = createMemoryPair(pairOptions);
      const received: Message[] = [];
      const decoder = new Decoder();
      const state = { hasEnded: false, isForgotten: false };
      right.attach({
        data: (chunk) => received.push(...decoder.push(chunk)),
        drain: () => undefined,
        end: () => (state.hasEnded = true),
        close: () => undefined,
      });
      right.resume();
      const ports = {
        clock,
        dispatcher,
        maxFrameBytes: 1_000_000,
        serverId: Array<number>(16).fill(7),
        startedAtMs: 0,
        exports: () => dispatcher.exports(),
        runReserved: (name: string) => {
          asked.push(name);
          return { ok: true as const, result: encodeValue(name.repeat(40)) };
        },
        onRefused: (_: number, reason: string) => refused.push(reason),
        onFault: (error: unknown) => faults.push(error),
      };
      const connection = new HostConnection(++connections, left, ports, () => (state.isForgotten = true));
      const write = (bytes: Uint8Array): void => {
        right.write(bytes, () => undefined);
      };
      return {
        connection,
        state,
        received,
        write,
        peer: right,
        types: () => received.map(({ type }) => type),
        send: (message: Message) => {
          write(encode(message));
        },
        shakeHands: (maxFrameSize = 1_000_000, capabilities = 2) => {
          const rest = { role: "Host", capabilities, maxFrameSize } as const;
          write(encode({ type: "Handshake", protocolVersion: 0x1_0000, ...rest }));
        },
        invoke: (requestId: U64, functionName = "f", context: Invoke["context"] = noContext) => {
          const params = new Uint8Array(0);
          write(encode({ type: "Invoke", requestId, functionName, params, deadlineMs: 0, context }));
        },
      };
    },
  };
}

/** Lets everything that is written arrive, and its answers too. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 80; turn++) await new Promise(setImmediate);
}
