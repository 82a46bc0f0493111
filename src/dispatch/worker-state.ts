// One worker process as dispatch sees it: a port to write frames to, and how many calls it has.

import type { InstanceId, WorkerId } from "../ids.js";
import type { StreamChunk, StreamEnd, StreamError, StreamStart } from "../protocol/messages.js";

/** What is said of the input of a call. */
export type InputMessage = StreamStart | StreamChunk | StreamEnd | StreamError;

/** Where the main loop of a worker stands, in the user's source. */
export interface RunningPlace {
  /** Null when none runs, or it cannot be known. */
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly lagMs: number;
}

/** The way to one worker process. Sending never blocks and never throws but for a frame over the limit. */
export interface WorkerPort {
  readonly instance: InstanceId;
  readonly workerId: WorkerId;
  readonly pid: number;
  readonly canCancel: boolean;
  /** The largest frame this worker takes. */
  readonly maxFrameBytes: number;
  /** Bytes handed in that the kernel has not taken yet. */
  readonly queuedBytes: number;
  /** Above this many queued bytes the worker gets no further calls. */
  readonly maxQueuedBytes: number;
  /** @throws ProtocolError `frame-too-large`; nothing was sent then. */
  sendInvoke(
    callId: number,
    functionName: string,
    params: Uint8Array,
    deadlineMs: number,
    contextBytes: Uint8Array,
  ): void;
  sendCancel(callId: number): void;
  readonly canStream: boolean;
  /** The caller of a stream has read so far, and lets so many more chunks come. */
  sendAck(callId: number, sequence: number, window: number): void;
  readonly canTakeInput: boolean;
  /** Of a call's input; after the call's Invoke and in this order. @throws ProtocolError `frame-too-large`. */
  sendInput(message: InputMessage): void;
  /** Calls after which it should be replaced; Infinity for no limit. */
  readonly maxCalls: number;
  /** Asks what the worker is doing, where it can be asked; null: nothing is known. */
  readonly locate: ((heard: (place: RunningPlace | null) => void) => void) | null;
}

export interface WorkerDeath {
  /** The supervisor wanted it, so that it says nothing of the functions that ran there. */
  readonly wasAsked: boolean;
  /** Functions whose breakers have counted it: one death counts once for each. */
  readonly countedFor: Set<string>;
}

export class WorkerState {
  inFlight = 0;
  /** Calls among them whose callers still wait, which is to say within their deadlines. */
  live = 0;
  calls = 0;
  /** The range of ids this process was ever sent; an answer outside it is a breach. */
  firstCallId = Infinity;
  lastCallId = 0;
  /** It broke the protocol and is being replaced: nothing it says counts any more. */
  isBreached = false;
  /** A newer generation serves, and what happens here says nothing of that. */
  isSuperseded = false;
  /** Called once, when it has no call any more. */
  onIdle: (() => void) | null = null;
  /** Called once, when nobody waits for a call of it any more. */
  onQuiet: (() => void) | null = null;
  /** Set once its process has ended. */
  death: WorkerDeath | null = null;

  constructor(readonly port: WorkerPort) {}

  /** Enters a call that is about to be sent. */
  take(callId: number): void {
    this.inFlight += 1;
    this.live += 1;
    this.firstCallId = Math.min(this.firstCallId, callId);
    this.lastCallId = Math.max(this.lastCallId, callId);
  }

  /** Tells whoever waits for it that it has no call any more, or none that anybody waits for, if that is so. */
  tellIfIdle(): void {
    if (this.live > 0) return;
    const { onQuiet, onIdle } = this;
    this.onQuiet = null;
    onQuiet?.();
    if (this.inFlight > 0) return;
    this.onIdle = null;
    onIdle?.();
  }

  /** True when this process may have been sent the id; ids inside the range of another worker count as late. */
  mayHaveIssued(callId: number | bigint): boolean {
    return callId >= this.firstCallId && callId <= this.lastCallId;
  }
}
