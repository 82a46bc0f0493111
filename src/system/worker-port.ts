// Dispatch's way to one worker process: its outbox, seen through dispatch's own interface.

import type { WorkerPort } from "../dispatch/worker-state.js";
import { noGuard } from "../actors/guard-link.js";
import type { ProcessEntry } from "../actors/process-registry.js";
import { capability } from "../protocol/messages.js";
import type { Outbox } from "../transport/outbox.js";

/** `maxCalls`: after so many calls the worker should be replaced. */
export function createWorkerPort(entry: ProcessEntry, outbox: Outbox, maxCalls: number): WorkerPort {
  const { guard } = entry;
  return {
    maxCalls,
    locate:
      guard === noGuard
        ? null
        : (heard) => {
            void guard.where().then(heard);
          },
    instance: entry.instance,
    workerId: entry.workerId,
    pid: entry.child.pid ?? 0,
    canStream: (entry.capabilities & capability.streaming) !== 0,
    canCancel: (entry.capabilities & capability.cancellation) !== 0,
    get maxFrameBytes() {
      return outbox.maxFrameBytes;
    },
    get queuedBytes() {
      return outbox.queuedBytes;
    },
    get maxQueuedBytes() {
      return 2 * outbox.maxFrameBytes;
    },
    sendInvoke(callId, functionName, params, deadlineMs, contextBytes) {
      outbox.sendInvoke(callId, functionName, params, deadlineMs, contextBytes);
    },
    sendAck(callId, sequence, window) {
      outbox.send({ type: "StreamAck", requestId: callId, ackSequence: sequence, window });
      // At once: the worker makes the next items while what has come is still being read.
      outbox.flush();
    },
    canTakeInput: (entry.capabilities & capability.inputStream) !== 0,
    sendInput(message) {
      // Everything behind the start may be overtaken by the frames of other calls, and nothing overtakes within it.
      if (message.type === "StreamStart") outbox.send(message);
      else if (message.type === "StreamChunk")
        outbox.sendChunk(message.requestId, Number(message.sequence), message.data);
      else outbox.sendAfterChunks(message);
    },
    sendCancel(callId) {
      outbox.send({ type: "Cancel", requestId: callId });
    },
  };
}
