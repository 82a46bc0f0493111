// What a host may expect of each message that it sends, by the table: keeps in mind as much of the conversation as it
// takes to know the state a message meets, and which numbers are right in it.

import { capability, type Message } from "../../src/protocol/messages.js";
import { hostTable, type HostState, type Verdict } from "./host-table.js";

interface Call {
  state: "calling" | "streaming" | "announced" | "giving" | "given";
  window: number;
  sent: bigint;
}

export class HostModel {
  phase: "handshaking" | "open" | "leaving" | "closed" = "handshaking";
  readonly #isStreaming: boolean;
  readonly #calls = new Map<bigint, Call>();
  #capabilities = 0;
  #hasAnnounced = false;

  /** `isStreaming`: what is called streams, and its worker begins at once with one chunk. */
  constructor(isStreaming: boolean) {
    this.#isStreaming = isStreaming;
  }

  get maxFrameBytes(): number {
    return this.phase === "handshaking" ? 65_536 : 1_000_000;
  }

  /** What comes back; the model has moved on then. */
  expect(message: Message): Verdict {
    const verdict = this.#isWrong(message) ? (["fatal"] as const) : this.#byTable(message);
    if (verdict.includes("fatal") || verdict.includes("close")) this.phase = "closed";
    else if (this.phase !== "closed") this.#moveOn(message, verdict);
    return this.#isStarted(message, verdict) ? ["StreamStart", "StreamChunk"] : verdict;
  }

  /** Which row of the table a message meets. */
  stateFor(message: Message): HostState {
    if (this.phase === "handshaking" || this.phase === "closed") return this.phase;
    const call = "requestId" in message ? this.#calls.get(BigInt(message.requestId)) : undefined;
    // A call with an input may stream as well, which matters to acknowledgements alone.
    if (call !== undefined)
      return this.#isStreaming && message.type === "StreamAck" ? "streaming" : call.state;
    if (message.type === "Shutdown" && this.#calls.size > 0) return "calling";
    // What is left of an input may come at any time.
    if (this.#hasAnnounced && /^Stream(?!Ack)/.test(message.type)) return "afterInput";
    if (this.phase === "leaving") return "leaving";
    return this.#hasAnnounced ? "afterInput" : "idle";
  }

  #byTable(message: Message): Verdict {
    const verdict: Verdict = hostTable[this.stateFor(message)][message.type];
    if (message.type !== "Invoke" || this.phase !== "open" || verdict.length > 0) return verdict;
    const isUnable =
      (this.#isStreaming && (this.#capabilities & capability.streaming) === 0) ||
      (announces(message) && (this.#capabilities & capability.inputStream) === 0);
    return isUnable || message.functionName !== "f" ? ["InvokeError"] : verdict;
  }

  /** A number that is wrong where the message as such is not. */
  #isWrong(message: Message): boolean {
    if (this.phase === "closed") return false;
    const call = "requestId" in message ? this.#calls.get(BigInt(message.requestId)) : undefined;
    switch (message.type) {
      case "Handshake":
        return message.protocolVersion !== 0x1_0000 || message.role !== "Host" || message.maxFrameSize < 128;
      case "Invoke":
        return message.requestId === 0;
      case "Cancel":
        return this.phase !== "handshaking" && (this.#capabilities & capability.cancellation) === 0;
      case "StreamAck":
        return (
          call !== undefined &&
          this.#isStreaming &&
          (message.window > 1024 || BigInt(message.ackSequence) > 0n)
        );
      case "StreamStart":
        return call?.state === "announced" && (message.window < 1 || message.window > 1024);
      case "StreamChunk":
        return (
          call?.state === "giving" &&
          (BigInt(message.sequence) !== call.sent || call.sent >= BigInt(call.window))
        );
      case "StreamEnd":
        return call?.state === "giving" && BigInt(message.totalChunks) !== call.sent;
      default:
        return false;
    }
  }

  #isStarted(message: Message, verdict: Verdict): boolean {
    return this.#isStreaming && message.type === "Invoke" && this.phase === "open" && verdict.length === 0;
  }

  #moveOn(message: Message, verdict: Verdict): void {
    if (message.type === "Handshake") {
      this.phase = "open";
      this.#capabilities = message.capabilities & 11;
    }
    if (message.type === "Shutdown") this.phase = "leaving";
    if (message.type === "Invoke") {
      if (announces(message)) this.#hasAnnounced = true;
      if (verdict.length > 0) return;
      const plain = this.#isStreaming ? "streaming" : "calling";
      const state = announces(message) ? "announced" : plain;
      this.#calls.set(BigInt(message.requestId), { state, window: 0, sent: 0n });
    }
    const call = "requestId" in message ? this.#calls.get(BigInt(message.requestId)) : undefined;
    if (call === undefined) return;
    if (message.type === "StreamStart") {
      call.state = "giving";
      call.window = message.window;
    } else if (message.type === "StreamChunk") call.sent += 1n;
    else if (message.type === "StreamEnd" || message.type === "StreamError") call.state = "given";
  }
}

function announces(message: Extract<Message, { type: "Invoke" }>): boolean {
  return message.context.headers.some(([name, value]) => name === "splice-input" && value === "1");
}
