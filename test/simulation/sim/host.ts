// A host that a run plays: calls with ids of its own over frames, reads streams, gives inputs, cancels, and writes down what
// it did and got. It keeps the protocol, unless a fault has it break it.

import { Decoder, encode, type Message } from "../../../src/protocol/index.js";
import { inputHeaderPair } from "../../../src/protocol/context.js";
import { decodeValue, encodeValue } from "../../../src/protocol/values.js";
import type { Random } from "../../../src/time.js";
import type { HostEvent } from "../../../src/testing/history/events.js";
import type { LinkEnd } from "./byte-link.js";
import type { Faults } from "./faults.js";
import type { Task } from "./functions.js";
import type { Owner } from "./sim.js";
import { type Sim } from "./sim.js";

export interface HostCall {
  readonly functionName: string;
  readonly task: Task;
  /** 0 for the default. */
  readonly deadlineMs: number;
  /** When it is cancelled; null: never. */
  readonly cancelAfterMs: number | null;
  /** Items of its input; null: it has none. */
  readonly inputItems: number | null;
}

interface Input {
  sent: number;
  allowedThrough: number;
  readonly items: number;
}

interface Open {
  readonly call: HostCall;
  input: Input | null;
  window: number;
  received: number;
  consumed: number;
}

const capabilities = 1 | 2 | 8;

export class SimHost {
  readonly owner: Owner;
  /** It has left, or was sent away for what it did. */
  isGone = false;
  isOpen = false;
  readonly outcomes = new Map<string, number>();
  readonly #open = new Map<number, Open>();
  readonly #decoder = new Decoder();
  #lastId = 0;
  #waiting: HostCall[] = [];

  constructor(
    readonly sim: Sim,
    readonly faults: Faults,
    readonly callerId: number,
    readonly history: HostEvent[],
    readonly random: Random,
    owner: Owner,
    readonly end: LinkEnd,
  ) {
    this.owner = owner;
    end.attach({
      data: (chunk) => {
        for (const message of this.#decoder.push(chunk)) this.#receive(message);
      },
      drain: () => undefined,
      end: () => {
        end.end();
        this.#lost();
      },
      close: () => {
        this.#lost();
      },
    });
    end.resume();
    this.#send({
      type: "Handshake",
      protocolVersion: 0x1_0000,
      role: "Host",
      capabilities,
      maxFrameSize: 100_000,
    });
  }

  /** Calls without an outcome. */
  get openCalls(): number {
    return this.#open.size;
  }

  /** What a call that has no outcome yet is to return. */
  bytesDue(requestId: number): number {
    return this.#open.get(requestId)?.call.task.bytes ?? 0;
  }

  invoke(call: HostCall): void {
    if (this.isGone) return;
    if (!this.isOpen) {
      this.#waiting.push(call);
      return;
    }
    const { functionName, task, deadlineMs, inputItems } = call;
    const requestId = ++this.#lastId;
    const streams = functionName.endsWith(".items");
    this.#note({ kind: "invoke", requestId, functionName, key: task.key, streams });
    const input = inputItems === null ? null : { sent: 0, allowedThrough: 3, items: inputItems };
    this.#open.set(requestId, { call, input, window: 0, received: 0, consumed: 0 });
    this.#send({
      type: "Invoke",
      requestId,
      functionName,
      params: encodeValue(task),
      deadlineMs,
      context: { traceId: 0, spanId: 0, headers: input === null ? [] : [[...inputHeaderPair]], auth: null },
    });
    if (input !== null) {
      this.#send({ type: "StreamStart", requestId, window: 4 });
      this.#giveInput(requestId);
    }
    if (call.cancelAfterMs !== null) {
      this.sim.after(call.cancelAfterMs, `cancels ${String(requestId)}`, this.owner, () => {
        this.#cancel(requestId);
      });
    }
  }

  /** It is no more; whatever it had asked for is nobody's. */
  leave(how: "reset" | "ends" | "breaks the protocol"): void {
    if (this.isGone) return;
    this.#gone();
    if (how === "reset") this.end.reset();
    else if (how === "ends") this.end.destroy();
    else
      this.#write(
        encode({
          type: "HandshakeAck",
          protocolVersion: 1,
          capabilities: 0,
          serverId: Array<number>(16).fill(0),
          exportCount: 0,
        }),
      );
  }

  /** It wants none of its answers any more. */
  cancelAll(): void {
    for (const requestId of this.#open.keys()) this.#cancel(requestId);
  }

  /** It says goodbye, as a client does that is closed. */
  close(): void {
    if (this.isOpen) this.#send({ type: "Shutdown" });
  }

  /** The link has ended, which calls under way hear of as they do from the client of this runtime. */
  #lost(): void {
    this.isOpen = false;
    if (this.isGone) return;
    for (const requestId of [...this.#open.keys()]) this.#outcome(requestId, 3003, {});
  }

  #gone(): void {
    this.isGone = true;
    this.isOpen = false;
    this.history.push({ kind: "gone", callerId: this.callerId, atMs: this.sim.nowMs });
  }

  #note(event: Record<string, unknown>): void {
    this.history.push({ callerId: this.callerId, atMs: this.sim.nowMs, ...event } as unknown as HostEvent);
  }

  #send(message: Message): void {
    this.#write(encode(message));
  }

  #write(bytes: Uint8Array): void {
    this.end.write(bytes, () => undefined);
  }

  #cancel(requestId: number): void {
    if (this.isGone || !this.#open.has(requestId)) return;
    this.faults.happened("cancel");
    this.#note({ kind: "cancel", requestId });
    this.#send({ type: "Cancel", requestId });
  }

  #receive(message: Message): void {
    if (this.isGone) return;
    this.sim.note(
      `host ${String(this.callerId)} gets ${message.type} ${"requestId" in message ? String(message.requestId) : ""}`,
    );
    switch (message.type) {
      case "HandshakeAck": {
        this.isOpen = true;
        for (const call of this.#waiting.splice(0)) this.invoke(call);
        return;
      }
      case "InvokeResult":
        return this.#outcome(Number(message.requestId), 0, { key: keyOf(message.result) });
      case "InvokeError":
        if (message.requestId !== 0) return this.#outcome(Number(message.requestId), message.code, {});
        throw new Error(`Host ${String(this.callerId)} was sent away: ${message.message}`);
      case "StreamError":
        return this.#outcome(Number(message.requestId), message.code, {});
      case "StreamEnd":
        return this.#outcome(Number(message.requestId), 0, { total: Number(message.totalChunks) });
      case "StreamStart": {
        const requestId = Number(message.requestId);
        this.#note({ kind: "stream", requestId, window: message.window });
        const open = this.#open.get(requestId);
        if (open !== undefined) open.window = message.window;
        return;
      }
      case "StreamChunk":
        return this.#chunk(Number(message.requestId), message.data);
      case "StreamAck": {
        const requestId = Number(message.requestId);
        const input = this.#open.get(requestId)?.input;
        if (input == null) return;
        input.allowedThrough = Number(message.ackSequence) + message.window;
        return this.#giveInput(requestId);
      }
      default:
    }
  }

  #outcome(requestId: number, code: number, more: object): void {
    const open = this.#open.get(requestId);
    this.#open.delete(requestId);
    this.#note({ kind: "outcome", requestId, code, ...more });
    if (open !== undefined) this.outcomes.set(open.call.task.key, code);
  }

  #chunk(requestId: number, data: Uint8Array): void {
    const { key, at } = decodeValue(data) as { key: string; at: number };
    this.#note({ kind: "chunk", requestId, sequence: at, bytes: data.length });
    const open = this.#open.get(requestId);
    if (open === undefined) return;
    if (open.call.task.key !== key) throw new Error(`An item of ${key} came to ${open.call.task.key}.`);
    open.received += 1;
    this.sim.after(this.random() * 10, `has read an item of ${String(requestId)}`, this.owner, () => {
      open.consumed += 1;
      const isDue = open.consumed === open.received || open.consumed % Math.max(1, open.window >> 1) === 0;
      if (!isDue || this.isGone || !this.#open.has(requestId)) return;
      const sequence = open.consumed - 1;
      this.#note({ kind: "ack", requestId, sequence, window: open.window });
      this.#send({ type: "StreamAck", requestId, ackSequence: sequence, window: open.window });
    });
  }

  #giveInput(requestId: number): void {
    const input = this.#open.get(requestId)?.input;
    if (input == null || this.isGone) return;
    while (input.sent <= input.allowedThrough && input.sent < input.items) {
      if (this.faults.fires("inputBreaks")) {
        this.#send({ type: "StreamError", requestId, code: 2000, message: "the input broke" });
        this.#endInput(requestId);
        return;
      }
      this.#send({ type: "StreamChunk", requestId, sequence: input.sent, data: encodeValue(input.sent) });
      input.sent += 1;
    }
    if (input.sent < input.items) return;
    this.#send({ type: "StreamEnd", requestId, totalChunks: input.sent });
    this.#endInput(requestId);
  }

  #endInput(requestId: number): void {
    const open = this.#open.get(requestId);
    if (open !== undefined) open.input = null;
  }
}

function keyOf(result: Uint8Array): string {
  return (decodeValue(result) as { key: string }).key;
}
