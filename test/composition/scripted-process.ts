// A worker's process and its link as the walk sees them: what it has done so far, what it was told, and which calls it
// has. It says a fact when it is told to; it knows neither chart nor dispatch.

import type { InstanceInput } from "../../src/machines/worker/context.js";
import type { WorkerEvent } from "../../src/machines/worker/events.js";
import type { Message, WireMessage } from "../../src/protocol/messages.js";
import type { Outbox } from "../../src/transport/outbox.js";

/** The rungs by which a process is ended, in the order in which they come. */
type Told = "nothing" | "Shutdown" | "SIGTERM" | "SIGKILL";

export class ScriptedProcess implements Outbox {
  readonly instance: number;
  readonly place: string;
  isSpawned = false;
  link: "none" | "open" | "closed" = "none";
  hasListed = false;
  hasExited = false;
  told: Told = "nothing";
  /** Somebody wants to know whether it is stuck in an overdue call. */
  isExamined = false;
  /** Calls that it was sent and has not answered. */
  readonly open = new Set<number>();
  readonly maxFrameBytes = 1000;
  readonly queuedBytes = 0;
  readonly takenBytes = 0;
  readonly isAboveHighWater = false;

  constructor(
    readonly who: InstanceInput,
    readonly tell: (event: WorkerEvent) => void,
    readonly onInvoke: (process: ScriptedProcess, callId: number) => void,
  ) {
    this.instance = who.instance;
    this.place = who.workerId;
  }

  get name(): string {
    return `process ${String(this.instance)} of ${this.place}`;
  }

  sendInvoke(requestId: number | bigint): boolean {
    this.open.add(Number(requestId));
    this.onInvoke(this, Number(requestId));
    return true;
  }

  send(message: Message | WireMessage): boolean {
    if (message.type === "Shutdown" && this.told === "nothing") this.told = "Shutdown";
    return true;
  }

  sendResult(): boolean {
    return true;
  }

  sendChunk(): boolean {
    return true;
  }

  sendAfterChunks(): boolean {
    return true;
  }

  onWritable(): void {
    // It never has to wait.
  }

  flush(): void {
    // Nothing waits here.
  }
}
