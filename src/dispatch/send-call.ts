// One call's way onto the link of the worker that was chosen for it.

import { isProtocolError } from "../protocol/protocol-error.js";
import { maxTimerMs } from "../time.js";
import { noBytes, type Call, type CallFailure } from "./call.js";
import * as failures from "./failures.js";
import type { Journal } from "./journal.js";
import type { WorkerState } from "./worker-state.js";

/** Null: the worker has it, or will once its link has been written. Otherwise nothing was sent. */
export function sendCall(
  call: Call,
  worker: WorkerState,
  nowMs: number,
  leftMs: number,
  journal: Journal,
): CallFailure | null {
  const { port } = worker;
  const { name } = call.target;
  if (call.target.isStreaming && !port.canStream) return failures.streamingUnsupported(name, "worker");
  if (call.input !== null && !port.canTakeInput) return failures.inputRefused(name, "worker");
  if (port.queuedBytes > port.maxQueuedBytes)
    return failures.linkFull(port.queuedBytes, port.maxQueuedBytes, worker.inFlight);
  const deadlineMs = leftMs === Infinity ? 0 : Math.min(Math.max(Math.ceil(leftMs), 1), maxTimerMs);
  // Entered before it is sent: the answer may come back before the send returns.
  call.waitIn(null);
  call.state = "dispatched";
  call.worker = worker;
  worker.take(call.callId);
  journal.record("dispatch", nowMs, call.callId, port.instance);
  try {
    port.sendInvoke(call.callId, name, call.params, deadlineMs, call.contextBytes);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return failures.paramsTooLarge(name, call.params.length, port.maxFrameBytes);
  }
  call.input?.sendTo(port);
  // The link has them now; a megabyte held here until the answer comes would be held twice.
  call.params = noBytes;
  return null;
}
